"""What the provider accepted and carries out later: read until it says how it ended, or people decide."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest

from providers.port import BankDetails
from tests.desk import Desk
from webapp.domain.operations import OperationState
from webapp.models import Operation

S = OperationState
BANK = BankDetails("ﾔﾏﾀﾞ", "Mizuho", "0001", "Shibuya", "123", "normal", "0012345", include_payment_method_fee=False)


def konbini(desk: Desk) -> tuple[uuid.UUID, uuid.UUID]:
    """A refund request that the provider has accepted: payment and operation."""
    payment = desk.payment(3300, method="konbini", state="captured")
    operation = desk.ask(payment, 1100, bank_details=BANK)
    row = desk.run_now(operation)
    assert row.state is S.PENDING
    assert row.provider_operation_id is not None
    assert row.bank_details is not None
    return payment, operation


def test_a_refund_request_stays_pending_until_people_at_the_provider_finish_it(desk: Desk) -> None:
    payment, operation = konbini(desk)
    assert desk.run_now(operation).state is S.PENDING
    assert desk.row(payment).refund_reserved_minor == 1100
    desk.emulator.portal(desk.row(payment).provider_ref, "finish")
    row = desk.run_now(operation)
    assert (row.state, row.bank_details) == (S.SUCCEEDED, None)
    assert (desk.row(payment).refunded_minor, desk.row(payment).refund_reserved_minor) == (1100, 0)
    desk.assert_books_are_whole()


def test_a_refund_request_that_is_refused_later_gives_the_money_back(desk: Desk) -> None:
    payment, operation = konbini(desk)
    desk.emulator.portal(desk.row(payment).provider_ref, "fail")
    row = desk.run_now(operation)
    assert (row.state, row.provider_code) == (S.REJECTED, "provider_rejected")
    assert desk.row(payment).refund_reserved_minor == 0
    desk.assert_books_are_whole()


def test_a_request_whose_answer_was_lost_is_found_as_pending_and_lets_the_next_one_go_I7(desk: Desk) -> None:
    payment = desk.payment(3300, method="konbini", state="captured")
    desk.emulator.fault("timeout_after", call="refund_request", times=1, seconds=0.05)
    first = desk.ask(payment, 1100, bank_details=BANK)
    assert desk.run_now(first).state is S.UNKNOWN
    second = desk.ask(payment, 1100, bank_details=BANK)
    assert desk.run_now(second).blocked_by == "other_operation"
    row = desk.run_now(first)
    assert (row.state, row.provider_operation_id is not None, row.in_doubt) == (S.PENDING, True, False)
    desk.run(second)
    assert desk.operation(second).state is S.PENDING
    desk.assert_books_are_whole()


def test_a_pending_one_learns_its_provider_id_later_I7(desk: Desk) -> None:
    payment, operation = konbini(desk)
    desk.change(Operation, operation, provider_operation_id=None)
    assert desk.run_now(operation).provider_operation_id is not None
    assert desk.row(payment).refund_reserved_minor == 1100


@pytest.mark.parametrize("readable", [True, False])
def test_fourteen_days_pending_go_to_people_I12(desk: Desk, readable: bool) -> None:
    _payment, operation = konbini(desk)
    if not readable:
        desk.emulator.fault("error_before", status=503)
    desk.later(days=13)
    assert desk.run_now(operation).state is S.PENDING
    desk.later(days=1, seconds=1)
    assert desk.run_now(operation).state is S.REVIEW


def test_a_pending_one_that_a_read_does_not_show_waits_on(desk: Desk) -> None:
    operation = desk.ask(desk.payment(3300), 1100)
    now = desk.operation(operation).created_at
    desk.change(Operation, operation, state=S.PENDING, provider_operation_id="q1", state_since=now)
    row = desk.run_now(operation)
    assert (row.state, row.due_at) == (S.PENDING, now + timedelta(hours=1))
