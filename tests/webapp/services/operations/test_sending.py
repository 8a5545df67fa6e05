"""Sending: what a refund, a cancel and a capture do at the provider and in our books."""

from __future__ import annotations

import uuid

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from providers.kinds import OperationKind, Outcome
from providers.port import BankDetails, MoneyRequest
from tests.desk import Desk
from webapp.domain.operations import CALL_DEADLINE, OperationState
from webapp.models import Attempt, Operation, Payment
from webapp.services.operations import claiming, sending
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


def test_a_wish_that_the_adapter_cannot_express_is_taken_back_R6(desk: Desk) -> None:
    payment = desk.payment(3300)
    operation = desk.ask(payment, 1100)
    desk.change(Payment, payment, refunded_minor=2500, excess_minor=1000)  # by a read between filing and claim
    desk.run(operation)
    row = desk.operation(operation)
    assert (row.state, row.provider_code) == (OperationState.WITHDRAWN, "nothing_left")
    assert desk.attempts(operation) == []
    assert desk.row(payment).refund_reserved_minor == 0


def lose_the_lease(desk: Desk, monkeypatch: pytest.MonkeyPatch, operation: uuid.UUID) -> None:
    """Another worker takes the operation over while this one prepares its call."""
    real = sending._request

    def overtaken(claim: claiming.Claim) -> MoneyRequest:
        desk.change(Operation, operation, fence=50)
        return real(claim)

    monkeypatch.setattr(sending, "_request", overtaken)


def test_a_lease_lost_before_the_attempt_sends_nothing_I11_K4(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    payment = desk.payment(3300)
    operation = desk.ask(payment, 1100)
    lose_the_lease(desk, monkeypatch, operation)
    desk.run(operation)
    assert (desk.effects(payment), desk.attempts(operation)) == ([], [])
    assert desk.operation(operation).fence == 50


def test_a_lease_lost_before_taking_a_wish_back_changes_nothing_I11(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = desk.payment(3300)
    operation = desk.ask(payment, 1100)
    desk.change(Payment, payment, refunded_minor=2500, excess_minor=1000)
    lose_the_lease(desk, monkeypatch, operation)
    desk.run(operation)
    assert desk.operation(operation).state is OperationState.QUEUED
    assert desk.row(payment).refund_reserved_minor == 1100


def test_a_lease_too_short_for_the_call_begins_none_R9(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    payment = desk.payment(3300)
    operation = desk.ask(payment, 1100)
    monkeypatch.setattr(claiming, "LEASE", CALL_DEADLINE)
    desk.run(operation)
    assert (desk.operation(operation).state, desk.attempts(operation)) == (OperationState.QUEUED, [])
    assert desk.effects(payment) == []


def test_another_failure_of_the_attempt_row_is_not_taken_for_waiting_I12(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    operation = desk.ask(desk.payment(3300), 1100)

    def broken(*_arguments: object) -> None:
        raise IntegrityError("insert", {}, Exception("NOT NULL constraint failed"))

    monkeypatch.setattr(sending, "_start", broken)
    with pytest.raises(IntegrityError):
        desk.run(operation)


def test_bank_details_go_out_and_are_dropped_at_the_end_R12(desk: Desk) -> None:
    bank = BankDetails("ﾔﾏﾀﾞ", "Mizuho", "0001", "Shibuya", "123", "normal", "0012345", include_payment_method_fee=False)
    payment = desk.payment(3300, method="konbini", state="captured")
    operation = desk.ask(payment, 1100, bank_details=bank)
    desk.run(operation)
    assert desk.operation(operation).state is OperationState.PENDING
    assert "0012345" not in desk.attempts(operation)[0].call_redacted
