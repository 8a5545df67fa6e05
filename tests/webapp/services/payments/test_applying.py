"""Applying a fetched state: it ends what it proves, and moves nothing that is for people (R33, I13)."""

from __future__ import annotations

import uuid

from tests.desk import Desk
from webapp.domain.operations import OperationState
from webapp.models import Operation
from webapp.services.payments.reading import read_payment

S = OperationState


def doubtful(desk: Desk) -> tuple[uuid.UUID, uuid.UUID]:
    desk.emulator.fault("timeout_after", call="refund", times=1, seconds=0.05)
    payment = desk.payment(3300)
    operation = desk.ask(payment, 1100)
    desk.run(operation)
    return payment, operation


def test_any_read_ends_an_operation_that_it_shows_done_R33(desk: Desk) -> None:
    """The read after a webhook is such a one (I13)."""
    payment, operation = doubtful(desk)
    fence = desk.operation(operation).fence
    read_payment(payment)
    row = desk.operation(operation)
    assert (row.state, row.fence > fence) == (S.SUCCEEDED, True)
    desk.assert_books_are_whole()


def test_what_waits_for_people_is_not_moved_by_a_read(desk: Desk) -> None:
    payment, operation = doubtful(desk)
    desk.change(Operation, operation, state=S.REVIEW, due_at=None)
    read_payment(payment)
    assert desk.operation(operation).state is S.REVIEW
    row = desk.row(payment)
    assert (row.refunded_minor, row.refund_reserved_minor) == (1100, 1100)
    desk.assert_books_are_whole()


def test_two_operations_in_one_read_each_find_their_own_movement_R25(desk: Desk) -> None:
    payment, first = doubtful(desk)
    second = desk.ask(payment, 1100)
    desk.change(Operation, first, state=S.QUEUED)
    desk.emulator.fault("timeout_after", call="refund", times=1, seconds=0.05)
    desk.run(second)
    read_payment(payment)
    assert {desk.operation(one).state for one in (first, second)} == {S.SUCCEEDED}
    assert desk.row(payment).refunded_minor == 2200
    desk.assert_books_are_whole()


def test_an_answer_after_a_read_that_settled_it_writes_nothing_I11_R33(desk: Desk) -> None:
    """Webhook before answer: the sender's own result comes second and is dropped."""
    payment = desk.payment(3300)
    operation = desk.ask(payment, 1100)
    desk.run(operation)
    ended = desk.operation(operation)
    read_payment(payment)
    assert desk.operation(operation).fence == ended.fence
    assert len(desk.effects(payment)) == 1
