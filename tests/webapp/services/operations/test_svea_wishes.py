"""Svea through the engine: tasks, deliveries by rows or amount, credits for each delivery (section 10 of its page)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from providers.kinds import NotOffered, OperationKind
from providers.line_parts import part_of
from providers.lines import OrderLine
from providers.planning import WishKind
from tests.desk import Desk
from tests.svea_desk import basket, use_svea
from tests.webapp.services.operations.test_planning import steps, wish
from webapp.domain.operations import TERMINAL, OperationState
from webapp.models import Operation, Payment
from webapp.services.errors import NotAvailable
from webapp.services.operations import kept_lines
from webapp.services.payments.reading import read_payment
from webapp.services.unit_of_work import in_transaction

S, K, W = OperationState, OperationKind, WishKind
MOST_LOOKS = 8


@pytest.fixture
def svea(desk: Desk) -> Desk:
    return use_svea(desk)


def finish(desk: Desk, operation_id: uuid.UUID) -> Operation:
    """Send, and look until it is over; a minute goes by between looks (R26)."""
    row = desk.operation(operation_id)
    for _ in range(MOST_LOOKS):
        if row.state in TERMINAL:
            break
        row = desk.run_now(operation_id)
        desk.later(seconds=61)
    return row


def carry_out(desk: Desk, payment: uuid.UUID, kind: WishKind, amount_minor: int | None = None, **more: Any) -> Any:
    """File a wish and carry out all its steps; answers them."""
    filed = wish(desk, payment, kind, amount_minor, **more)
    ends = [finish(desk, one).state for one in filed.operation_ids]
    made = steps(desk, filed.wish_id)
    assert ends == [S.SUCCEEDED] * len(made), [(one.state, one.provider_code) for one in made]
    return made


def open_lines(desk: Desk, payment: uuid.UUID) -> Sequence[OrderLine]:
    query = select(Payment.open_lines).where(Payment.id == payment)
    return kept_lines.load(in_transaction(lambda tx: tx.execute(query).scalar_one()))


def sums(desk: Desk, payment: uuid.UUID) -> tuple[int, int, int, int]:
    row = desk.row(payment)
    assert (row.cancel_reserved_minor, row.refund_reserved_minor, row.capture_reserved_minor) == (0, 0, 0)
    assert row.frozen_at is None
    return row.authorised_minor, row.captured_minor, row.cancelled_minor, row.refunded_minor


def test_everything_is_delivered_by_one_task(svea: Desk) -> None:
    payment = basket(svea)
    (filed,) = wish(svea, payment, W.CAPTURE, 80000).operation_ids
    first = svea.run_now(filed)
    assert (first.state, bool(first.provider_operation_id)) == (S.PENDING, True)
    assert finish(svea, filed).state is S.SUCCEEDED
    assert sums(svea, payment) == (80000, 80000, 0, 0)
    assert open_lines(svea, payment) == ()
    svea.assert_books_are_whole()


def test_pieces_of_rows_are_delivered_and_the_rest_later(svea: Desk) -> None:
    payment = basket(svea)
    kettle, mugs = open_lines(svea, payment)
    assert (kettle.name, mugs.quantity) == ("Kettle", Decimal(3))
    chosen = [kettle, part_of(mugs, Decimal(1))]
    carry_out(svea, payment, W.CAPTURE, 60000, lines=chosen)
    assert [(line.name, line.quantity) for line in open_lines(svea, payment)] == [("Mug", Decimal(2))]
    carry_out(svea, payment, W.CAPTURE, 20000)
    assert sums(svea, payment) == (80000, 80000, 0, 0)
    svea.assert_books_are_whole()


def test_a_part_by_amount_needs_lines_where_svea_delivers_by_rows(svea: Desk) -> None:
    payment = basket(svea)
    with pytest.raises(NotAvailable) as refusal:
        wish(svea, payment, W.CAPTURE, 60000)
    assert refusal.value.why is NotOffered.LINES_NEEDED


def test_a_part_of_a_card_gives_the_rest_back(svea: Desk) -> None:
    payment = basket(svea, "Card")
    carry_out(svea, payment, W.CAPTURE, 60000)
    assert sums(svea, payment) == (80000, 60000, 20000, 0)
    svea.assert_books_are_whole()


def test_cancel_or_refund_releases_the_open_rows_and_credits_the_delivery_R6(svea: Desk) -> None:
    payment = basket(svea)
    kettle, _mugs = open_lines(svea, payment)
    carry_out(svea, payment, W.CAPTURE, 50000, lines=[kettle])
    made = carry_out(svea, payment, W.CANCEL_OR_REFUND)
    assert [(one.kind, one.amount_minor, one.against is None) for one in made] == [
        (K.CANCEL, 30000, True),
        (K.REFUND, 50000, False),
    ]
    assert sums(svea, payment) == (80000, 50000, 30000, 50000)
    svea.assert_books_are_whole()


def test_cancel_or_refund_cancels_what_was_never_delivered_R6(svea: Desk) -> None:
    payment = basket(svea)
    (made,) = carry_out(svea, payment, W.CANCEL_OR_REFUND)
    assert made.kind is K.CANCEL
    assert sums(svea, payment) == (80000, 0, 80000, 0)
    svea.assert_books_are_whole()


def test_two_deliveries_are_credited_by_two_steps_each_against_its_own(svea: Desk) -> None:
    payment = basket(svea)
    kettle, _mugs = open_lines(svea, payment)
    carry_out(svea, payment, W.CAPTURE, 50000, lines=[kettle])
    carry_out(svea, payment, W.CAPTURE, 30000)
    made = carry_out(svea, payment, W.REFUND, 80000)
    assert sorted(one.amount_minor for one in made) == [30000, 50000]
    assert len({one.against for one in made}) == 2
    assert sums(svea, payment) == (80000, 80000, 0, 80000)
    svea.assert_books_are_whole()


@pytest.mark.parametrize(("method", "settled"), [("Invoice", False), ("Card", False), ("Card", True)])
def test_a_part_of_a_delivery_is_credited_however_svea_wants_it(svea: Desk, method: str, settled: bool) -> None:
    payment = basket(svea, method, state="captured", settled=settled)
    carry_out(svea, payment, W.REFUND, 12345)
    carry_out(svea, payment, W.REFUND, 80000 - 12345)
    assert sums(svea, payment) == (80000, 80000, 0, 80000)
    svea.assert_books_are_whole()


def test_what_svea_still_checks_may_be_neither_delivered_nor_cancelled(svea: Desk) -> None:
    payment = basket(svea, system_status="Pending")
    for kind in (W.CAPTURE, W.CANCEL_OR_REFUND):
        with pytest.raises(NotAvailable) as refusal:
            wish(svea, payment, kind)
        assert refusal.value.why is NotOffered.PROVIDER_CHECKS


def test_a_delivery_made_in_the_portal_meanwhile_is_credited_and_not_cancelled_R6(svea: Desk) -> None:
    payment = basket(svea)
    (operation,) = wish(svea, payment, W.CANCEL_OR_REFUND).operation_ids
    svea.emulator.portal(svea.row(payment).provider_ref, "capture", provider="svea")
    row = finish(svea, operation)
    assert (row.kind, row.state) == (K.REFUND, S.SUCCEEDED)
    assert sums(svea, payment) == (80000, 80000, 0, 80000)
    svea.assert_books_are_whole()


def test_a_lost_answer_of_a_delivery_is_found_by_reading_and_never_sent_twice_I5(svea: Desk) -> None:
    payment = basket(svea)
    svea.emulator.fault("timeout_after", call="deliver", times=1, seconds=0.05)
    (operation,) = wish(svea, payment, W.CAPTURE, 80000).operation_ids
    assert svea.run_now(operation).state is S.UNKNOWN
    assert finish(svea, operation).state is S.SUCCEEDED
    assert len(svea.attempts(operation)) == 1
    read_payment(payment)
    assert sums(svea, payment) == (80000, 80000, 0, 0)
    svea.assert_books_are_whole()
