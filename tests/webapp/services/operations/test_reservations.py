"""Reservations: one statement each, and the database refuses what would break I1."""

from __future__ import annotations

import uuid

import pytest
from sqlalchemy.exc import IntegrityError

from providers.kinds import OperationKind
from tests import factories
from tests.desk import Desk
from webapp.models import Payment
from webapp.services.operations.reservations import EXCESS, release, reserve
from webapp.services.unit_of_work import in_transaction

REFUND, CANCEL, CAPTURE = OperationKind.REFUND, OperationKind.CANCEL, OperationKind.CAPTURE


def take(payment: uuid.UUID, kind: OperationKind, amount: int) -> bool:
    return in_transaction(lambda tx: reserve(tx, payment, kind, amount))


def give_back(payment: uuid.UUID, kind: OperationKind, amount: int) -> None:
    in_transaction(lambda tx: release(tx, payment, kind, amount))


def test_a_reservation_is_made_only_where_it_fits_R31_I1(desk: Desk) -> None:
    payment = desk.payment(3300)
    assert take(payment, REFUND, 3300)
    assert not take(payment, REFUND, 1)
    give_back(payment, REFUND, 3300)
    assert desk.row(payment).refund_reserved_minor == 0
    assert take(payment, REFUND, 1)


def test_captures_and_cancels_share_what_is_authorised_I1(desk: Desk) -> None:
    payment = desk.payment(5000, capture="manual")
    assert take(payment, CAPTURE, 3000)
    assert not take(payment, CANCEL, 2001)
    assert take(payment, CANCEL, 2000)


def test_a_frozen_payment_reserves_nothing_R28(desk: Desk) -> None:
    payment = desk.payment(3300)
    desk.change(Payment, payment, frozen_at=factories.LONG_AGO, frozen_reason="chargeback")
    assert not take(payment, REFUND, 1)


def test_what_the_provider_gave_back_too_much_stays_excess_when_another_reservation_goes_I1(desk: Desk) -> None:
    """A release lets go of its own side only; the refunds are still over."""
    payment = desk.payment(5000, capture="manual")
    desk.change(Payment, payment, captured_minor=3000)
    assert take(payment, CANCEL, 2000)
    desk.change(Payment, payment, refunded_minor=3400, excess_minor=400, frozen_at=factories.LONG_AGO)
    desk.change(Payment, payment, frozen_reason=EXCESS)
    give_back(payment, CANCEL, 2000)
    row = desk.row(payment)
    assert (row.cancel_reserved_minor, row.excess_minor, row.frozen_reason) == (0, 400, EXCESS)


def test_the_excess_falls_with_the_reservation_that_caused_it_I1(desk: Desk) -> None:
    payment = desk.payment(3300)
    assert take(payment, REFUND, 1000)
    desk.change(Payment, payment, refunded_minor=3300, excess_minor=1000, frozen_at=factories.LONG_AGO)
    desk.change(Payment, payment, frozen_reason=EXCESS)
    give_back(payment, REFUND, 400)
    assert (desk.row(payment).excess_minor, desk.row(payment).frozen_reason) == (600, EXCESS)
    give_back(payment, REFUND, 600)
    assert (desk.row(payment).excess_minor, desk.row(payment).frozen_at) == (0, None)


def test_a_release_never_thaws_what_a_chargeback_froze_I1(desk: Desk) -> None:
    payment = desk.payment(3300)
    assert take(payment, REFUND, 1000)
    desk.change(Payment, payment, frozen_at=factories.LONG_AGO, frozen_reason="chargeback")
    give_back(payment, REFUND, 1000)
    assert desk.row(payment).frozen_reason == "chargeback"


@pytest.mark.parametrize(
    "sums",
    [
        {"refunded_minor": 3301},
        {"refund_reserved_minor": 3301},
        {"cancelled_minor": 1},
        {"capture_reserved_minor": 1},
        {"refund_reserved_minor": -1},
        {"excess_minor": -1},
    ],
)
def test_the_database_itself_refuses_sums_that_break_I1(desk: Desk, sums: dict[str, int]) -> None:
    payment = desk.payment(3300)
    with pytest.raises(IntegrityError):
        desk.change(Payment, payment, **sums)
