"""R29, K20: after a restore nothing is sent until the books were compared and a person opens again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from tests import factories
from tests.desk import Desk
from webapp.domain.operations import OperationState
from webapp.models import Attempt, Installation, LedgerMovement, Operation, Payment
from webapp.services import recovery
from webapp.services.errors import RuleBroken
from webapp.services.unit_of_work import Tx, in_transaction

S = OperationState


def test_everything_under_way_is_in_doubt_and_nothing_is_sent_R29(desk: Desk) -> None:
    payment = desk.payment(3300)
    queued, waiting = desk.ask(payment, 100), desk.ask(payment, 100)
    desk.change(Operation, waiting, state=S.AWAITING_APPROVAL)
    reviewed, ended = desk.ask(payment, 100), desk.ask(payment, 100)
    desk.change(Operation, reviewed, state=S.REVIEW)
    desk.run(ended)
    assert recovery.enter(factories.LONG_AGO, desk.actor) == 2
    assert {desk.operation(one).state for one in (queued, waiting)} == {S.UNKNOWN}
    assert (desk.operation(reviewed).state, desk.operation(ended).state) == (S.REVIEW, S.SUCCEEDED)
    row = desk.operation(queued)
    assert (row.restored, row.in_doubt, row.lease_until) == (True, True, None)
    for operation in (queued, waiting):
        desk.run_now(operation)
    assert [effect["operation"] for effect in desk.effects(payment)] == [str(ended)]
    fresh = desk.ask(payment, 100)
    assert not desk.run(fresh)
    desk.assert_books_are_whole()


def test_what_was_sent_after_the_backup_is_found_and_not_sent_again_R29_K20(desk: Desk) -> None:
    """The books of before the send come back; the provider's do not."""
    payment = desk.payment(3300)
    operation = desk.ask(payment, 1100)
    desk.run(operation)
    desk.drop_guards()
    in_transaction(lambda tx: restore(tx, desk, payment, operation))
    recovery.enter(factories.LONG_AGO, desk.actor)
    standing = recovery.standing()
    assert standing.since is not None
    assert (standing.payments_to_compare, standing.in_doubt) == (1, 1)
    with pytest.raises(RuleBroken, match="not_compared"):
        recovery.leave(desk.actor)
    desk.later(seconds=1)
    assert list(recovery.compare()) == []
    assert desk.operation(operation).state is S.SUCCEEDED
    recovery.leave(desk.actor)
    assert recovery.standing().since is None
    assert len(desk.effects(payment)) == 1
    desk.assert_books_are_whole()


def restore(tx: Tx, desk: Desk, payment: object, operation: object) -> None:
    """Put back what a backup of before the send would hold."""
    tx.query(Attempt).delete()
    tx.query(LedgerMovement).filter(LedgerMovement.operation_id == operation).delete()
    tx.get_one(Payment, payment).refunded_minor = 0
    tx.get_one(Payment, payment).refund_reserved_minor = 1100
    row = tx.get_one(Operation, operation)
    row.state, row.ended_at, row.tries, row.first_sent_at, row.last_sent_at = S.QUEUED, None, 0, None, None


def test_several_restored_operations_of_a_payment_may_be_in_doubt_at_once_I7_R29(desk: Desk) -> None:
    payment = desk.payment(3300)
    operations = [desk.ask(payment, 100) for _ in range(3)]
    assert recovery.enter(factories.LONG_AGO, desk.actor) == 3
    desk.later(seconds=1)
    list(recovery.compare())
    recovery.leave(desk.actor)
    desk.later(minutes=16)
    for _ in range(6):
        desk.later(seconds=62)
        for operation in operations:
            desk.run_now(operation)
    assert {desk.operation(operation).state for operation in operations} == {S.SUCCEEDED}
    assert len(desk.effects(payment)) == 3
    desk.assert_books_are_whole()


def test_a_payment_that_cannot_be_read_is_named_and_keeps_sends_closed_R29(desk: Desk) -> None:
    payment = desk.payment(3300)
    recovery.enter(factories.LONG_AGO, desk.actor)
    desk.later(seconds=1)
    desk.emulator.fault("error_before", times=1, status=503)
    said = list(recovery.compare())
    assert len(said) == 1
    assert str(payment) in said[0]
    with pytest.raises(RuleBroken, match="not_compared"):
        recovery.leave(desk.actor)
    assert list(recovery.compare()) == []
    recovery.leave(desk.actor)


def test_only_what_was_touched_since_a_day_before_the_backup_is_compared_R29(desk: Desk) -> None:
    old = desk.payment(3300)
    desk.drop_guards()
    desk.change(Payment, old, created_at=factories.LONG_AGO)
    desk.raw("update movements set booked_at = '2026-01-01'")
    now = in_transaction(recovery.runtime.current().clock.now)
    recovery.enter(now - timedelta(hours=1), desk.actor)
    assert recovery.standing().payments_to_compare == 0
    recovery.leave(desk.actor)


def test_what_money_can_still_move_on_is_compared_though_the_backup_shows_nothing_new_R29(desk: Desk) -> None:
    """What was asked for after the backup is not in it, so any payment with money left may have moved."""
    recent, spent, ancient = desk.payment(3300), desk.payment(3300), desk.payment(3300)
    desk.run(desk.ask(spent))
    desk.drop_guards()
    now = in_transaction(recovery.runtime.current().clock.now)
    desk.raw("update movements set booked_at = '2026-01-01'")
    for payment, days in ((recent, 80), (spent, 80), (ancient, 200)):
        desk.change(Payment, payment, created_at=now - timedelta(days=days))
    in_transaction(lambda tx: tx.execute(update(Operation).values(state_since=now - timedelta(days=3))))
    desk.emulator.portal(desk.row(recent).provider_ref, "refund", amount_minor=700)
    desk.emulator.portal(desk.row(ancient).provider_ref, "refund", amount_minor=900)
    recovery.enter(now - timedelta(hours=1), desk.actor)
    desk.later(seconds=1)
    standing = recovery.standing()
    assert (standing.payments_to_compare, standing.touched_to_compare) == (1, 0)
    seen: list[tuple[int, int]] = []
    assert list(recovery.compare(after_each=lambda done, of: seen.append((done, of)))) == []
    assert (desk.row(recent).refunded_minor, desk.row(ancient).refunded_minor) == (700, 0)
    assert list(recovery.compare(everything=True)) == []
    assert (desk.row(ancient).refunded_minor, seen) == (900, [(1, 1)])
    recovery.leave(desk.actor)
    desk.assert_books_are_whole()


def test_outside_of_a_recovery_there_is_nothing_to_compare_or_leave(desk: Desk) -> None:
    assert recovery.standing().since is None
    for call in (lambda: recovery.leave(desk.actor), lambda: list(recovery.compare())):
        with pytest.raises(RuleBroken, match="not_in_recovery"):
            call()


def test_an_installation_without_its_row_gets_it(desk: Desk) -> None:
    desk.raw("delete from installation")
    recovery.enter(factories.LONG_AGO, desk.actor)
    assert in_transaction(lambda tx: tx.scalars(select(Installation)).one()).recovery_since is not None
