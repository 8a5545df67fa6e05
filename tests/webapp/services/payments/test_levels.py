"""What is authorised, told as a level, becomes releases and authorisations in the books (ADR 17, R26)."""

from __future__ import annotations

import uuid
from dataclasses import replace

import pytest
from sqlalchemy import select

from providers.kinds import MovementKind
from providers.money import Money
from providers.snapshots import PaymentSnapshot, RunningTotal
from tests.desk import Desk
from tests.klarna_desk import order, use_klarna
from webapp.models import LedgerMovement
from webapp.services import accounts, runtime
from webapp.services.accounts import account_of
from webapp.services.operations.outcomes import locked_payment
from webapp.services.payments.applying import apply_snapshot
from webapp.services.payments.reading import read_payment
from webapp.services.unit_of_work import Tx, in_transaction


@pytest.fixture
def klarna(desk: Desk) -> Desk:
    return use_klarna(desk)


def sums(desk: Desk, payment: uuid.UUID) -> tuple[int, int, int, int]:
    row = desk.row(payment)
    return row.authorised_minor, row.captured_minor, row.cancelled_minor, row.refunded_minor


def ids(payment: uuid.UUID, kind: MovementKind) -> list[str]:
    query = select(LedgerMovement.provider_movement_id).where(
        LedgerMovement.payment_id == payment, LedgerMovement.kind == kind
    )
    return sorted(in_transaction(lambda tx: tx.scalars(query).all()))


def fetched(desk: Desk, payment: uuid.UUID) -> PaymentSnapshot:
    return accounts.adapter(account_of(desk.account())).fetch_payment(desk.row(payment).provider_ref)


def apply(desk: Desk, payment: uuid.UUID, snapshot: PaymentSnapshot) -> bool:
    """Take a read over; whether it was known as an old one."""
    able = account_of(desk.account()).capabilities

    def work(tx: Tx) -> bool:
        now = runtime.current().clock.now(tx)
        return apply_snapshot(tx, locked_payment(tx, payment), snapshot, able, now, read_at=now).is_old

    return in_transaction(work)


def test_an_order_taken_in_after_a_part_was_captured_and_the_rest_released_has_all_its_sums(klarna: Desk) -> None:
    payment = order(klarna, settled=False)
    ref = klarna.row(payment).provider_ref
    klarna.emulator.portal(ref, "capture", provider="klarna", amount_minor=400)
    read_payment(payment)
    assert sums(klarna, payment) == (1000, 400, 0, 0)
    klarna.emulator.portal(ref, "release", provider="klarna")
    klarna.later(seconds=61)
    read_payment(payment)
    read_payment(payment)
    assert sums(klarna, payment) == (1000, 400, 600, 0)
    assert ids(payment, MovementKind.CANCEL) == [f"{ref}:cancel:600"]
    klarna.assert_books_are_whole()


def test_a_level_that_an_old_read_shows_again_is_not_believed_and_what_it_remembers_neither_R26(klarna: Desk) -> None:
    payment = order(klarna)
    old = fetched(klarna, payment)
    klarna.emulator.portal(klarna.row(payment).provider_ref, "cancel", provider="klarna")
    read_payment(payment)
    assert sums(klarna, payment) == (1000, 0, 1000, 0)
    kept = klarna.row(payment).kept
    assert apply(klarna, payment, old)
    assert (sums(klarna, payment), klarna.row(payment).kept) == ((1000, 0, 1000, 0), kept)
    klarna.assert_books_are_whole()


def test_a_rise_beyond_the_first_amount_makes_room_and_ends_a_freeze_for_excess_I1(klarna: Desk) -> None:
    """A capture above what our books know as authorised, read within a minute of the change before."""
    payment = order(klarna, settled=False)
    seen = fetched(klarna, payment)
    more = replace(seen, open_authorised=Money(1500, "SEK"), captured=Money(0, "SEK"))
    too_soon = replace(more, totals=[RunningTotal(MovementKind.CAPTURE, "taken:1", Money(1200, "SEK"))])
    too_soon = replace(too_soon, captured=Money(1200, "SEK"))
    apply(klarna, payment, too_soon)
    row = klarna.row(payment)
    assert (row.captured_minor, row.excess_minor, row.frozen_reason) == (1200, 200, "excess")
    klarna.later(seconds=61)
    apply(klarna, payment, too_soon)
    row = klarna.row(payment)
    assert (row.authorised_minor, row.excess_minor, row.frozen_at, row.frozen_reason) == (1500, 0, None, None)
    klarna.assert_books_are_whole()


def test_a_running_total_is_booked_by_its_growth_whoever_reads_it_I9(klarna: Desk) -> None:
    payment = order(klarna)
    seen = replace(fetched(klarna, payment), captured=Money(1000, "SEK"))
    captured = RunningTotal(MovementKind.CAPTURE, "taken:1", Money(1000, "SEK"))

    def credited(minor: int) -> PaymentSnapshot:
        total = RunningTotal(MovementKind.REFUND, "credited:1", Money(minor, "SEK"))
        return replace(seen, totals=[captured, total])

    for minor, is_old in ((300, False), (300, False), (450, False), (300, True)):
        assert apply(klarna, payment, credited(minor)) is is_old
    assert sums(klarna, payment) == (1000, 1000, 0, 450)
    assert ids(payment, MovementKind.REFUND) == ["credited:1:300", "credited:1:450"]
    klarna.assert_books_are_whole()
