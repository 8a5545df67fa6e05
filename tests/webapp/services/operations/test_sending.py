"""Sending: what a refund, a cancel and a capture do at the provider and in our books."""

from __future__ import annotations

from sqlalchemy import select

from providers.kinds import OperationKind, Outcome
from tests.desk import Desk
from webapp.domain.operations import OperationState
from webapp.models import Attempt
from webapp.services.unit_of_work import in_transaction


def test_a_refund_is_sent_once_and_booked(desk: Desk) -> None:
    payment = desk.payment(3300)
    operation = desk.ask(payment, 1100)
    assert desk.row(payment).refund_reserved_minor == 1100
    assert desk.run(operation)
    assert not desk.run(operation)
    assert desk.operation(operation).state is OperationState.SUCCEEDED
    row = desk.row(payment)
    assert (row.refunded_minor, row.refund_reserved_minor) == (1100, 0)
    effects = desk.effects(payment)
    assert [effect["amount_minor"] for effect in effects] == [1100]
    assert effects[0]["operation"] == str(operation)
    desk.assert_books_are_whole()


def test_a_cancel_releases_the_whole_hold(desk: Desk) -> None:
    payment = desk.payment(5000, capture="manual")
    operation = desk.ask(payment, kind=OperationKind.CANCEL)
    desk.run(operation)
    assert desk.operation(operation).state is OperationState.SUCCEEDED
    assert desk.row(payment).cancelled_minor == 5000
    desk.assert_books_are_whole()


def test_a_lost_answer_is_unknown_and_found_again_I5(desk: Desk) -> None:
    desk.emulator.fault("timeout_after", call="refund", times=1, seconds=0.05)
    payment = desk.payment(3300)
    operation = desk.ask(payment, 1100)
    desk.run(operation)
    doubtful = desk.operation(operation)
    assert doubtful.state is OperationState.UNKNOWN
    assert desk.row(payment).refund_reserved_minor == 1100
    desk.make_due(operation)
    desk.run(operation)
    assert desk.operation(operation).state is OperationState.SUCCEEDED
    assert len(desk.effects(payment)) == 1
    desk.assert_books_are_whole()


def test_a_call_that_was_never_applied_is_replayed_under_the_same_key_and_bytes_R12(desk: Desk) -> None:
    desk.emulator.fault("timeout_before", call="refund", times=1, seconds=0.05)
    payment = desk.payment(3300)
    operation = desk.ask(payment, 1100)
    desk.run(operation)
    desk.make_due(operation)
    desk.run(operation)
    assert desk.operation(operation).state is OperationState.SUCCEEDED
    attempts = in_transaction(
        lambda tx: tx.scalars(select(Attempt).where(Attempt.operation_id == operation).order_by(Attempt.fence)).all()
    )
    assert [attempt.outcome for attempt in attempts] == [Outcome.IN_DOUBT, Outcome.DONE]
    assert len({attempt.call_digest for attempt in attempts}) == 1
    assert len({attempt.key for attempt in attempts}) == 1
    assert {attempt.call for attempt in attempts} == {None}
    assert len(desk.effects(payment)) == 1
    desk.assert_books_are_whole()
