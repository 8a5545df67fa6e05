"""Stopping before the send, and asking the provider."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests import factories
from tests.desk import Desk
from webapp.domain.operations import OperationState
from webapp.models import AuditEntry, Operation, Via
from webapp.services.audit import Actor
from webapp.services.errors import NotFound, RuleBroken
from webapp.services.operations.stopping import ask_provider, stop
from webapp.services.unit_of_work import in_transaction

S = OperationState
HOUR = timedelta(hours=1)


def test_within_the_stop_window_an_operation_is_taken_back_and_frees_its_money(desk: Desk) -> None:
    payment = desk.payment(3300)
    operation = desk.ask(payment, 1100, stop_window=HOUR)
    stop(operation, [desk.shop_id], desk.actor, may_stop_any=False)
    row = desk.operation(operation)
    assert (row.state, row.provider_code, row.due_at) == (S.WITHDRAWN, "stopped", None)
    assert desk.row(payment).refund_reserved_minor == 0
    desk.later(hours=2)
    assert not desk.run(operation)
    assert desk.effects(payment) == []
    newest = select(AuditEntry).order_by(AuditEntry.number.desc()).limit(1)
    entry = in_transaction(lambda tx: tx.scalars(newest).one())
    assert (entry.action, entry.actor_id) == ("operation.withdrawn", desk.user_id)
    desk.assert_books_are_whole()


def test_a_wish_that_waits_for_approval_can_be_taken_back(desk: Desk) -> None:
    operation = desk.ask(desk.payment(3300), 1100)
    desk.change(Operation, operation, state=S.AWAITING_APPROVAL)
    stop(operation, [desk.shop_id], desk.actor, may_stop_any=False)
    assert desk.operation(operation).state is S.WITHDRAWN


def refused(desk: Desk, operation: uuid.UUID, actor: Actor | None = None, *, any_one: bool = False) -> str:
    with pytest.raises(RuleBroken) as broken:
        stop(operation, [desk.shop_id], actor or desk.actor, may_stop_any=any_one)
    return broken.value.code


@pytest.mark.parametrize("state", [S.SENDING, S.UNKNOWN, S.PENDING, S.REVIEW, S.SUCCEEDED, S.EXPIRED])
def test_what_may_have_been_sent_cannot_be_taken_back_I3(desk: Desk, state: OperationState) -> None:
    payment = desk.payment(3300)
    operation = desk.ask(payment, 1100)
    desk.change(Operation, operation, state=state)
    assert refused(desk, operation) == "too_late"
    assert desk.row(payment).refund_reserved_minor == 1100


def test_what_a_worker_holds_or_what_is_in_doubt_cannot_be_taken_back_I11(desk: Desk) -> None:
    operation = desk.ask(desk.payment(3300), 1100)
    desk.change(Operation, operation, in_doubt=True)
    assert refused(desk, operation) == "too_late"
    held_until = desk.operation(operation).created_at + HOUR
    desk.change(Operation, operation, in_doubt=False, lease_until=held_until)
    assert refused(desk, operation) == "too_late"
    desk.change(Operation, operation, lease_until=factories.LONG_AGO)
    stop(operation, [desk.shop_id], desk.actor, may_stop_any=False)


def test_another_persons_wish_needs_the_right_to_stop_any(desk: Desk) -> None:
    operation = desk.ask(desk.payment(3300), 1100, stop_window=HOUR)
    other = Actor(factories.user(desk.shop_id).id, Via.WEB)
    assert refused(desk, operation, other) == "not_yours"
    stop(operation, [desk.shop_id], other, may_stop_any=True)
    assert desk.operation(operation).state is S.WITHDRAWN


def test_another_shops_operation_does_not_exist_I18(desk: Desk) -> None:
    operation = desk.ask(desk.payment(3300), 1100)
    other = factories.shop("coffee").id
    with pytest.raises(NotFound):
        stop(operation, [other], desk.actor, may_stop_any=True)
    with pytest.raises(NotFound):
        ask_provider(operation, [], desk.actor)


def test_asking_the_provider_makes_the_look_up_due_once(desk: Desk) -> None:
    payment = desk.payment(3300)
    desk.emulator.fault("timeout_after", call="refund", times=1, seconds=0.05)
    operation = desk.ask(payment, 1100)
    desk.run(operation)
    assert not desk.run(operation)
    assert ask_provider(operation, [desk.shop_id], desk.actor)
    assert not ask_provider(operation, [desk.shop_id], desk.actor)
    assert desk.run(operation)
    assert desk.operation(operation).state is S.SUCCEEDED
    assert len(desk.effects(payment)) == 1


def test_while_a_worker_reads_nobody_needs_to_ask(desk: Desk) -> None:
    operation = desk.ask(desk.payment(3300), 1100)
    soon = desk.operation(operation).created_at + HOUR
    desk.change(Operation, operation, state=S.UNKNOWN, due_at=soon, lease_until=soon)
    assert not ask_provider(operation, [desk.shop_id], desk.actor)


def test_only_doubt_and_waiting_are_asked_about(desk: Desk) -> None:
    operation = desk.ask(desk.payment(3300), 1100)
    with pytest.raises(RuleBroken, match="nothing_to_ask"):
        ask_provider(operation, [desk.shop_id], desk.actor)
