"""A success that carries neither amount nor payment counts when a read has shown it, and is never doubled (R5)."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest

from providers.kinds import OperationKind, Outcome
from providers.port import Reply
from tests.desk import Desk
from tests.klarna_desk import order, use_klarna
from tests.webapp.services.operations.test_recording import answer
from webapp.domain.operations import OperationState
from webapp.services.payments.reading import read_payment

S = OperationState


@pytest.fixture
def klarna(desk: Desk) -> Desk:
    return use_klarna(desk)


def captured(desk: Desk) -> uuid.UUID:
    payment = order(desk)
    desk.emulator.portal(desk.row(payment).provider_ref, "capture", provider="klarna")
    read_payment(payment)
    return payment


def test_a_plain_yes_is_read_at_once_and_then_booked_under_the_id_that_it_named_R5(klarna: Desk) -> None:
    payment = captured(klarna)
    operation = klarna.ask(payment, 400)
    row = klarna.run_now(operation)
    (attempt,) = klarna.attempts(operation)
    assert (row.state, row.due_at) == (S.UNKNOWN, row.state_since)
    assert (attempt.outcome, attempt.movement_id is not None) == (Outcome.DONE, True)
    assert klarna.account().breaker_opened_at is None
    assert klarna.run_now(operation).state is S.SUCCEEDED
    assert (klarna.row(payment).refunded_minor, klarna.row(payment).refund_reserved_minor) == (400, 0)
    assert len(klarna.effects(payment)) == 1
    klarna.assert_books_are_whole()


def test_many_plain_yeses_open_no_breaker_R46(klarna: Desk) -> None:
    payment = captured(klarna)
    for _ in range(6):
        operation = klarna.ask(payment, 100)
        klarna.run_now(operation)
        klarna.run_now(operation)
    assert (klarna.account().breaker_opened_at, klarna.row(payment).refunded_minor) == (None, 600)


@pytest.mark.parametrize("named", ["refund-1", None])
def test_a_yes_that_no_read_shows_goes_to_people_and_is_never_sent_again_I2_I3(desk: Desk, named: str | None) -> None:
    payment = desk.payment(3300)
    operation = desk.ask(payment, 1100)
    row = answer(desk, operation, Reply(Outcome.DONE, 201, movement_id=named))
    assert row.state is S.UNKNOWN
    row = desk.run_now(operation)
    assert row.due_at is not None
    assert row.due_at <= (row.last_sent_at or row.due_at) + timedelta(seconds=15)
    for wait in (61, 900, 61):
        desk.later(seconds=wait)
        row = desk.run_now(operation)
    assert (row.state, len(desk.attempts(operation)), desk.effects(payment)) == (S.REVIEW, 1, [])
    assert desk.row(payment).refund_reserved_minor == 1100
    desk.assert_books_are_whole()


def test_a_yes_is_not_refuted_by_a_state_that_excludes_it_R5(desk: Desk) -> None:
    """The provider shows the payment as cancelled after it said yes to our cancel: nothing is rejected."""
    payment = desk.payment(5000, capture="manual")
    operation = desk.ask(payment, kind=OperationKind.CAPTURE)
    answer(desk, operation, Reply(Outcome.DONE, 200))
    desk.emulator.portal(desk.row(payment).provider_ref, "cancel")
    desk.later(seconds=61)
    row = desk.run_now(operation)
    assert (row.state, row.ended_at) == (S.UNKNOWN, None)


def test_the_named_movement_with_another_amount_is_for_people_R5(klarna: Desk) -> None:
    payment = captured(klarna)
    operation = klarna.ask(payment, 400)
    klarna.emulator.fault("wrong_amount", call="refund", times=1, amount_minor=-1)
    klarna.run_now(operation)
    row = klarna.run_now(operation)
    assert (row.state, klarna.row(payment).refund_reserved_minor) == (S.REVIEW, 400)


def test_the_next_try_goes_out_under_a_fresh_key_a_few_times_and_then_a_person_is_told_R14(desk: Desk) -> None:
    payment = desk.payment(3300)
    operation = desk.ask(payment, 1100)
    reply = Reply(Outcome.NOT_APPLIED, 403, "PAYMENT_METHOD_FAILED", fresh_key=True, retry_after_s=4 * 3600)
    keys = []
    for state in (S.QUEUED, S.QUEUED, S.EXPIRED):
        keys.append(desk.operation(operation).key)
        desk.make_due(operation)
        row = answer(desk, operation, reply)
        assert row.state is state
    assert len(set(keys)) == 3
    assert [attempt.key for attempt in desk.attempts(operation)] == keys
    assert {attempt.call for attempt in desk.attempts(operation)} == {None}
    assert desk.row(payment).refund_reserved_minor == 0


def test_a_fresh_key_waits_as_long_as_the_provider_wants_R14(desk: Desk) -> None:
    operation = desk.ask(desk.payment(3300), 1100)
    row = answer(desk, operation, Reply(Outcome.NOT_APPLIED, fresh_key=True, retry_after_s=4 * 3600))
    assert row.due_at == row.state_since + timedelta(hours=4)
    assert (row.first_sent_at, desk.operation(operation).in_doubt) == (None, False)
    assert desk.run_now(operation).state is S.SUCCEEDED


def test_an_operation_whose_payment_is_read_by_others_first_is_found_all_the_same_R33(klarna: Desk) -> None:
    payment = captured(klarna)
    operation = klarna.ask(payment, 400)
    klarna.run_now(operation)
    read_payment(payment)
    assert klarna.operation(operation).state is S.SUCCEEDED
    assert klarna.row(payment).refunded_minor == 400
