"""Wishes of several steps (R6): planned, filed at once, run in order, planned again from what was just fetched."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from providers.kinds import NotOffered, OperationKind
from providers.lines import OrderLine
from providers.planning import WishKind
from tests import factories
from tests.desk import Desk
from tests.klarna_desk import order, use_klarna
from webapp.domain.operations import OperationState
from webapp.domain.wishes import state_of_wish
from webapp.models import AuditEntry, Operation
from webapp.services.errors import AvailableChanged, NotAvailable, NotEnough, RuleBroken
from webapp.services.operations.planning import Filed, PlannedWish, file_wish
from webapp.services.operations.stopping import stop
from webapp.services.payments.reading import read_payment
from webapp.services.unit_of_work import in_transaction

S, K, W = OperationState, OperationKind, WishKind


@pytest.fixture
def klarna(desk: Desk) -> Desk:
    return use_klarna(desk)


def wish(desk: Desk, payment: uuid.UUID, kind: WishKind, amount_minor: int | None = None, **more: Any) -> Filed:
    values: dict[str, Any] = {
        "actor": desk.actor,
        "shop_id": desk.shop_id,
        "payment_id": payment,
        "kind": kind,
        "request_id": uuid.uuid4(),
        "amount_minor": amount_minor,
        "reason_id": factories.reason(desk.shop_id),
    }
    return file_wish(PlannedWish(**(values | more)))


def portal(desk: Desk, payment: uuid.UUID, action: str, **fields: Any) -> None:
    """What staff do in Klarna's own pages."""
    desk.emulator.portal(desk.row(payment).provider_ref, action, provider="klarna", **fields)


def tea(minor: int) -> list[OrderLine]:
    """The one line of an order of that total."""
    return [OrderLine("Tea", Decimal(1), minor, minor, 2500, minor // 5)]


def steps(desk: Desk, wish_id: uuid.UUID | None) -> list[Operation]:
    query = select(Operation).where(Operation.wish_id == wish_id).order_by(Operation.step)
    return list(in_transaction(lambda tx: tx.scalars(query).all()))


def finish(desk: Desk, operation: uuid.UUID) -> Operation:
    """Send, and let the next read confirm it; a minute goes by, so that its level is believed (R26)."""
    desk.run_now(operation)
    desk.later(seconds=61)
    if desk.operation(operation).due_at is not None:
        desk.run_now(operation)
    return desk.operation(operation)


def sums(desk: Desk, payment: uuid.UUID) -> tuple[int, int, int, int]:
    row = desk.row(payment)
    assert (row.cancel_reserved_minor, row.refund_reserved_minor, row.capture_reserved_minor) == (0, 0, 0)
    return row.authorised_minor, row.captured_minor, row.cancelled_minor, row.refunded_minor


def test_what_is_only_authorised_is_released_by_one_step_R6(klarna: Desk) -> None:
    payment = order(klarna)
    filed = wish(klarna, payment, W.CANCEL_OR_REFUND)
    (operation,) = filed.operation_ids
    assert klarna.row(payment).cancel_reserved_minor == 1000
    row = klarna.run_now(operation)
    assert (row.state, row.kind) == (S.UNKNOWN, K.CANCEL)
    assert klarna.run_now(operation).state is S.SUCCEEDED
    assert sums(klarna, payment) == (1000, 0, 1000, 0)
    klarna.assert_books_are_whole()


def test_a_part_captured_order_takes_two_steps_in_order_each_with_its_own_end_R6(klarna: Desk) -> None:
    payment = order(klarna)
    portal(klarna, payment, "capture", amount_minor=400)
    read_payment(payment)
    filed = wish(klarna, payment, W.CANCEL_OR_REFUND)
    first, second = filed.operation_ids
    assert [(one.kind, one.amount_minor, one.step) for one in steps(klarna, filed.wish_id)] == [
        (K.CANCEL, 600, 0),
        (K.REFUND, 400, 1),
    ]
    assert klarna.run_now(second).blocked_by == "earlier_step"
    assert finish(klarna, first).state is S.SUCCEEDED
    assert [one.state for one in steps(klarna, filed.wish_id)] == [S.SUCCEEDED, S.QUEUED]
    assert finish(klarna, second).state is S.SUCCEEDED
    assert sums(klarna, payment) == (1000, 400, 600, 400)
    klarna.assert_books_are_whole()


def test_the_kind_is_that_of_the_fetched_state_and_the_reservation_moves_with_it_R6(klarna: Desk) -> None:
    payment = order(klarna)
    (operation,) = wish(klarna, payment, W.CANCEL_OR_REFUND).operation_ids
    portal(klarna, payment, "capture")
    row = klarna.run_now(operation)
    assert (row.kind, row.amount_minor, row.state) == (K.REFUND, 1000, S.UNKNOWN)
    held = klarna.row(payment)
    assert (held.cancel_reserved_minor, held.refund_reserved_minor, held.frozen_at) == (0, 1000, None)
    assert klarna.run_now(operation).state is S.SUCCEEDED
    assert sums(klarna, payment) == (1000, 1000, 0, 1000)
    entries = in_transaction(lambda tx: tx.scalars(select(AuditEntry.action)).all())
    assert "operation.replanned" in entries
    klarna.assert_books_are_whole()


def test_a_plan_that_has_become_longer_adds_its_steps_to_the_wish_R6(klarna: Desk) -> None:
    payment = order(klarna)
    filed = wish(klarna, payment, W.CANCEL_OR_REFUND)
    portal(klarna, payment, "capture", amount_minor=400)
    assert finish(klarna, filed.operation_ids[0]).state is S.SUCCEEDED
    first, added = steps(klarna, filed.wish_id)
    assert [(one.kind, one.amount_minor) for one in (first, added)] == [(K.CANCEL, 600), (K.REFUND, 400)]
    assert (added.requested_by, added.reason_id) == (first.requested_by, first.reason_id)
    assert finish(klarna, added.id).state is S.SUCCEEDED
    assert sums(klarna, payment) == (1000, 400, 600, 400)
    klarna.assert_books_are_whole()


def test_what_somebody_else_has_done_meanwhile_ends_as_a_success_without_a_call_R6(klarna: Desk) -> None:
    payment = order(klarna)
    (operation,) = wish(klarna, payment, W.CANCEL_OR_REFUND).operation_ids
    portal(klarna, payment, "cancel")
    row = klarna.run_now(operation)
    assert (row.state, row.provider_code) == (S.SUCCEEDED, NotOffered.NOTHING_LEFT.value)
    assert klarna.attempts(operation) == []
    assert sums(klarna, payment) == (1000, 0, 1000, 0)
    klarna.assert_books_are_whole()


def test_a_wish_that_is_fulfilled_already_makes_no_operation_and_says_why_R6(klarna: Desk) -> None:
    payment = order(klarna)
    portal(klarna, payment, "cancel")
    read_payment(payment)
    filed = wish(klarna, payment, W.CANCEL_OR_REFUND)
    assert (filed.wish_id, filed.operation_ids, filed.why_not) == (None, (), NotOffered.NOTHING_LEFT)
    with pytest.raises(NotAvailable):
        wish(klarna, payment, W.REFUND)


def test_a_wish_that_the_fetched_state_forbids_is_taken_back_and_never_sent_R6(klarna: Desk) -> None:
    payment = order(klarna)
    (operation,) = wish(klarna, payment, W.CANCEL).operation_ids
    portal(klarna, payment, "capture")
    row = klarna.run_now(operation)
    assert (row.state, row.provider_code) == (S.WITHDRAWN, NotOffered.ALREADY_CAPTURED.value)
    assert klarna.attempts(operation) == []
    assert sums(klarna, payment) == (1000, 1000, 0, 0)
    klarna.assert_books_are_whole()


def test_a_step_that_failed_is_not_repeated_by_the_next_one_R6(klarna: Desk) -> None:
    payment = order(klarna)
    portal(klarna, payment, "capture", amount_minor=400)
    read_payment(payment)
    first, second = wish(klarna, payment, W.CANCEL_OR_REFUND).operation_ids
    stop(first, [klarna.shop_id], klarna.actor, may_stop_any=True)
    row = finish(klarna, second)
    assert (row.kind, row.amount_minor, row.state) == (K.REFUND, 400, S.SUCCEEDED)
    assert sums(klarna, payment) == (1000, 400, 0, 400)


def test_the_first_attempt_freezes_what_a_step_does_R6(klarna: Desk) -> None:
    payment = order(klarna)
    (operation,) = wish(klarna, payment, W.CANCEL_OR_REFUND).operation_ids
    klarna.emulator.fault("rate_limited", times=1, seconds=5, call="cancel")
    assert klarna.run_now(operation).state is S.QUEUED
    portal(klarna, payment, "capture")
    row = klarna.run_now(operation)
    assert (row.kind, row.amount_minor, row.state) == (K.CANCEL, 1000, S.UNKNOWN)  # Klarna refuses: a question (I6)
    klarna.later(seconds=61)
    assert klarna.run_now(operation).state is S.REJECTED
    assert sums(klarna, payment) == (1000, 1000, 0, 0)
    klarna.assert_books_are_whole()


def test_the_same_form_finds_its_steps_again_R16(klarna: Desk) -> None:
    payment, request_id = order(klarna), uuid.uuid4()
    portal(klarna, payment, "capture", amount_minor=400)
    read_payment(payment)
    filed = wish(klarna, payment, W.CANCEL_OR_REFUND, request_id=request_id)
    assert wish(klarna, payment, W.CANCEL_OR_REFUND, request_id=request_id) == filed
    with pytest.raises(RuleBroken, match="request_id_taken"):
        wish(klarna, payment, W.CANCEL, request_id=request_id)


def test_a_form_that_showed_another_sum_is_told_and_too_much_is_refused_R16(klarna: Desk) -> None:
    payment = order(klarna)
    with pytest.raises(AvailableChanged):
        wish(klarna, payment, W.CAPTURE, 400, expected_available_minor=900)
    with pytest.raises(NotEnough):
        wish(klarna, payment, W.CAPTURE, 1001)
    with pytest.raises(ValueError, match="cancel_or_refund"):
        wish(klarna, payment, W.CANCEL_OR_REFUND, 400)


def test_an_amount_goes_down_reserved_like_a_release_and_is_judged_by_the_level_reached(klarna: Desk) -> None:
    payment = order(klarna)
    lines = tea(800)
    (operation,) = wish(klarna, payment, W.UPDATE, 800, lines=lines).operation_ids
    row = klarna.operation(operation)
    assert (row.kind, row.amount_minor, row.new_total_minor, row.raises) == (K.UPDATE, 200, 800, False)
    assert klarna.row(payment).cancel_reserved_minor == 200
    klarna.assert_books_are_whole()
    assert klarna.run_now(operation).state is S.UNKNOWN
    assert klarna.run_now(operation).state is S.SUCCEEDED
    assert sums(klarna, payment) == (1000, 0, 200, 0)
    klarna.assert_books_are_whole()


def test_an_amount_goes_up_and_reserves_nothing(klarna: Desk) -> None:
    payment = order(klarna)
    lines = tea(1200)
    (operation,) = wish(klarna, payment, W.UPDATE, 1200, lines=lines).operation_ids
    assert (klarna.operation(operation).raises, klarna.row(payment).cancel_reserved_minor) == (True, 0)
    assert finish(klarna, operation).state is S.SUCCEEDED
    assert sums(klarna, payment) == (1200, 0, 0, 0)
    klarna.assert_books_are_whole()


def test_lines_are_needed_for_another_amount_and_must_sum_to_it_R4(klarna: Desk) -> None:
    payment = order(klarna)
    with pytest.raises(NotAvailable) as missing:
        wish(klarna, payment, W.UPDATE, 800)
    assert missing.value.why is NotOffered.LINES_NEEDED
    with pytest.raises(NotAvailable) as wrong:
        wish(klarna, payment, W.UPDATE, 800, lines=tea(900))
    assert wrong.value.why is NotOffered.LINES_DO_NOT_SUM


def test_a_portal_change_to_another_total_while_ours_is_in_doubt_is_for_people_R5(klarna: Desk) -> None:
    payment = order(klarna)
    lines = tea(800)
    (operation,) = wish(klarna, payment, W.UPDATE, 800, lines=lines).operation_ids
    klarna.run_now(operation)
    portal(klarna, payment, "update", amount_minor=700)
    assert klarna.run_now(operation).state is S.REVIEW
    assert klarna.row(payment).cancel_reserved_minor == 200


def test_several_captures_of_parts_are_wishes_of_their_own(klarna: Desk) -> None:
    payment = order(klarna)
    for amount in (300, 200):
        (operation,) = wish(klarna, payment, W.CAPTURE, amount).operation_ids
        assert finish(klarna, operation).state is S.SUCCEEDED
    assert sums(klarna, payment) == (1000, 500, 0, 0)
    klarna.assert_books_are_whole()


def test_a_wish_shows_its_least_finished_part_R6() -> None:
    assert state_of_wish([S.SUCCEEDED, S.QUEUED]) is S.QUEUED
    assert state_of_wish([S.UNKNOWN, S.QUEUED]) is S.UNKNOWN
    assert state_of_wish([S.SUCCEEDED, S.REJECTED]) is S.REJECTED
    assert state_of_wish([S.SUCCEEDED, S.SUCCEEDED]) is S.SUCCEEDED
