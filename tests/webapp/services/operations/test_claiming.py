"""Claiming: who may work on what, and what holds a send back (R8, I7, R46, K18)."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from sqlalchemy import delete, select

from providers.kinds import OperationKind
from tests import factories
from tests.desk import Desk
from webapp.domain.operations import OperationState
from webapp.domain.permissions import Role
from webapp.models import AuditEntry, Grant, Installation, KillSwitch, Operation, ProviderAccount, User, Via
from webapp.services import accounts, runtime
from webapp.services.audit import Actor
from webapp.services.operations import claiming, running
from webapp.services.operations.claiming import NoWork, Task
from webapp.services.unit_of_work import in_transaction

S = OperationState


def claim(operation: uuid.UUID | None = None) -> claiming.Claim | NoWork:
    steadiness = running.steadiness_here()
    return in_transaction(lambda tx: claiming.claim(tx, operation, steadiness))


def throw_switch(**fields: object) -> KillSwitch:
    thrown: KillSwitch = factories.add(KillSwitch(reason="drill", thrown_at=factories.LONG_AGO, **fields))
    return thrown


def test_a_claim_takes_lease_owner_and_the_next_fence_R8(desk: Desk) -> None:
    operation = desk.ask(desk.payment(3300), 1100)
    claimed = claim(operation)
    assert isinstance(claimed, claiming.Claim)
    row = desk.operation(operation)
    assert (claimed.task, claimed.lease.fence, row.fence, row.lease_owner) == (Task.SEND, 1, 1, "test")
    assert row.lease_until is not None
    assert row.due_at == row.lease_until + timedelta(seconds=1)
    assert claim(operation) is NoWork.NOTHING_DUE
    assert claim() is NoWork.NOTHING_DUE


def test_a_claim_that_another_won_meanwhile_is_no_claim_R8(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fence decides where a database locks no rows."""
    operation = desk.ask(desk.payment(3300), 1100)

    def overtaken(tx: claiming.Tx, *arguments: object) -> bool:
        tx.execute(claiming.update(Operation).values(fence=7).execution_options(synchronize_session=False))
        return True

    monkeypatch.setattr(claiming, "_may_be_sent", overtaken)
    assert claim(operation) is NoWork.SETTLED
    assert desk.operation(operation).lease_until is None


def test_what_is_due_longest_is_taken_first(desk: Desk) -> None:
    first, second = (desk.ask(desk.payment(3300), 1100) for _ in range(2))
    desk.make_due(second)
    claimed = claim()
    assert isinstance(claimed, claiming.Claim)
    assert claimed.operation.id == second
    assert running.run_due() == 1
    assert desk.operation(first).state is S.SUCCEEDED


def test_a_lapsed_lease_before_sending_lets_another_worker_send_once_K4(desk: Desk) -> None:
    payment = desk.payment(3300)
    operation = desk.ask(payment, 1100)
    claim(operation)
    desk.later(seconds=122)
    assert desk.run(operation)
    assert desk.operation(operation).state is S.SUCCEEDED
    assert len(desk.effects(payment)) == 1
    desk.assert_books_are_whole()


def test_a_lapsed_lease_in_sending_is_doubt_never_a_second_send_K5_I5(desk: Desk) -> None:
    payment = desk.payment(3300)
    operation = desk.ask(payment, 1100)
    desk.change(Operation, operation, state=S.SENDING, fence=1, lease_owner="dead", lease_until=factories.LONG_AGO)
    desk.make_due(operation)
    assert claim(operation) is NoWork.SETTLED
    row = desk.operation(operation)
    assert (row.state, row.fence, row.in_doubt, row.lease_until) == (S.UNKNOWN, 2, True, None)
    assert row.doubt_since is not None
    assert row.due_at == row.doubt_since + timedelta(seconds=30)
    assert desk.row(payment).refund_reserved_minor == 1100


def test_one_operation_of_a_payment_at_a_time_I7(desk: Desk) -> None:
    """The second waits for the first, which is in doubt, and is woken when that has ended."""
    payment = desk.payment(3300)
    desk.emulator.fault("timeout_after", call="refund", times=1, seconds=0.05)
    first = desk.ask(payment, 1100)
    desk.run(first)
    second = desk.ask(payment, 1100)
    assert not desk.run(second)
    waiting = desk.operation(second)
    assert (waiting.state, waiting.blocked_by, waiting.tries) == (S.QUEUED, "other_operation", 0)
    assert desk.run_now(first).state is S.SUCCEEDED
    assert desk.run(second)
    assert desk.operation(second).state is S.SUCCEEDED
    assert len(desk.effects(payment)) == 2
    desk.assert_books_are_whole()


def test_a_pending_one_with_its_provider_id_does_not_hold_up_the_payment_I7(desk: Desk) -> None:
    payment = desk.payment(3300)
    first, second = desk.ask(payment, 1100), desk.ask(payment, 1100)
    desk.change(Operation, first, state=S.PENDING, due_at=None)
    assert not desk.run(second)
    desk.change(Operation, first, state=S.PENDING, provider_operation_id="q1")
    assert desk.run_now(second).state is S.SUCCEEDED


def test_the_unique_index_stops_a_second_one_that_slipped_through_I7(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = desk.payment(3300)
    first, second = desk.ask(payment, 1100), desk.ask(payment, 1100)
    desk.change(Operation, first, state=S.UNKNOWN, in_doubt=True)
    monkeypatch.setattr(claiming, "_blocked_by", lambda *_arguments: None)
    assert desk.run(second)
    assert (desk.operation(second).state, desk.effects(payment)) == (S.QUEUED, [])
    assert desk.attempts(second) == []


@pytest.mark.parametrize("scope", [{}, {"provider": "komoju"}, {"kind": "refund"}, {"shop_id": "own"}])
def test_a_kill_switch_holds_back_what_it_names_R46(desk: Desk, scope: dict[str, object]) -> None:
    payment = desk.payment(3300)
    operation = desk.ask(payment, 1100)
    thrown = throw_switch(**{name: desk.shop_id if value == "own" else value for name, value in scope.items()})
    assert not desk.run(operation)
    row = desk.operation(operation)
    assert (row.state, row.blocked_by, row.tries) == (S.QUEUED, "kill_switch", 0)
    in_transaction(lambda tx: tx.execute(delete(KillSwitch).where(KillSwitch.id == thrown.id)))
    assert desk.run_now(operation).state is S.SUCCEEDED


@pytest.mark.parametrize("scope", [{"provider": "klarna"}, {"kind": "cancel"}, {"shop_id": "other"}])
def test_a_kill_switch_lets_go_what_it_does_not_name_R46(desk: Desk, scope: dict[str, object]) -> None:
    operation = desk.ask(desk.payment(3300), 1100)
    other = factories.shop("coffee").id
    throw_switch(**{name: other if value == "other" else value for name, value in scope.items()})
    assert desk.run(operation)


def test_a_kill_switch_stops_replays_but_not_look_ups_R46(desk: Desk) -> None:
    payment = desk.payment(3300)
    desk.emulator.fault("timeout_before", call="refund", times=1, seconds=0.05)
    operation = desk.ask(payment, 1100)
    desk.run(operation)
    throw_switch()
    row = desk.run_now(operation)
    assert (row.state, row.replays, len(desk.attempts(operation))) == (S.UNKNOWN, 0, 1)


def test_waiting_seven_days_for_a_switch_is_the_end_and_gives_the_money_back_R7(desk: Desk) -> None:
    payment = desk.payment(3300)
    operation = desk.ask(payment, 1100)
    throw_switch()
    desk.run(operation)
    desk.later(days=6, hours=23)
    desk.run(operation)
    assert desk.operation(operation).state is S.QUEUED
    desk.later(hours=1)
    desk.run(operation)
    row = desk.operation(operation)
    assert (row.state, row.provider_code) == (S.EXPIRED, "blocked_kill_switch")
    assert desk.row(payment).refund_reserved_minor == 0
    desk.assert_books_are_whole()


def test_nothing_is_sent_while_the_installation_recovers_R29(desk: Desk) -> None:
    operation = desk.ask(desk.payment(3300), 1100)
    desk.change(Installation, 1, recovery_since=factories.LONG_AGO)
    assert not desk.run(operation)
    assert desk.operation(operation).blocked_by == "recovery"
    desk.later(days=8)
    assert not desk.run(operation)
    assert desk.operation(operation).state is S.QUEUED  # recovery takes as long as it takes


def test_an_open_breaker_holds_back_and_gives_one_trial_a_minute_R46(desk: Desk) -> None:
    operations = [desk.ask(desk.payment(3300), 1100) for _ in range(2)]
    here = runtime.current().clock
    in_transaction(lambda tx: accounts.open_breaker(tx, desk.account_id, accounts.AMBIGUOUS, here.now(tx)))
    assert not desk.run(operations[0])
    assert desk.operation(operations[0]).blocked_by == "breaker"
    desk.later(seconds=61)
    desk.emulator.fault("error_before", call="refund", times=1, status=503)
    assert desk.run(operations[0])  # the trial, and it fails
    assert not desk.run(operations[1])
    desk.later(seconds=61)
    assert desk.run(operations[1])
    assert desk.operation(operations[1]).state is S.SUCCEEDED
    assert desk.account().breaker_opened_at is None


def test_wrong_credentials_give_no_trial_R46(desk: Desk) -> None:
    operation = desk.ask(desk.payment(3300), 1100)
    desk.change(
        ProviderAccount, desk.account_id, breaker_opened_at=factories.LONG_AGO, breaker_reason=accounts.CREDENTIALS
    )
    assert not desk.run(operation)
    assert desk.operation(operation).blocked_by == "breaker"


@pytest.mark.parametrize("how", ["grant", "user"])
def test_a_right_revoked_before_the_send_takes_the_wish_back_K18(desk: Desk, how: str) -> None:
    """ASVS 8.3.2: not sent; re-checked at claim."""
    payment = desk.payment(3300)
    operation = desk.ask(payment, 1100)
    if how == "grant":
        in_transaction(lambda tx: tx.execute(delete(Grant).where(Grant.user_id == desk.user_id)))
    else:
        desk.change(User, desk.user_id, disabled_at=factories.LONG_AGO)
    assert not desk.run(operation)
    row = desk.operation(operation)
    assert (row.state, row.provider_code) == (S.WITHDRAWN, "right_revoked")
    assert desk.row(payment).refund_reserved_minor == 0
    assert desk.effects(payment) == []
    desk.assert_books_are_whole()


def test_a_role_that_keeps_the_right_is_enough_K18(desk: Desk) -> None:
    support = factories.user(desk.shop_id, Role.SUPPORT)
    asked = Actor(support.id, Via.WEB)
    refund = desk.ask(desk.payment(3300), 1100, actor=asked)
    cancel = desk.ask(desk.payment(3300, capture="manual"), kind=OperationKind.CANCEL, actor=asked)
    assert desk.run(refund)
    assert not desk.run(cancel)
    assert desk.operation(cancel).state is S.WITHDRAWN


def test_what_the_desk_itself_asked_for_has_no_person_to_check(desk: Desk) -> None:
    operation = desk.ask(desk.payment(3300), 1100, actor=Actor(None, Via.JOB))
    assert desk.run(operation)
    assert desk.operation(operation).state is S.SUCCEEDED


def test_an_approval_that_nobody_gave_lapses_and_frees_the_money(desk: Desk) -> None:
    payment = desk.payment(3300)
    operation = desk.ask(payment, 1100)
    desk.change(Operation, operation, state=S.AWAITING_APPROVAL)
    assert claim(operation) is NoWork.SETTLED
    row = desk.operation(operation)
    assert (row.state, row.provider_code) == (S.EXPIRED, "approval_lapsed")
    assert desk.row(payment).refund_reserved_minor == 0
    entry = in_transaction(lambda tx: tx.scalars(select(AuditEntry).order_by(AuditEntry.number.desc()).limit(1)).one())
    assert entry.action == "operation.expired"
    desk.assert_books_are_whole()
