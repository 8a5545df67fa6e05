"""Claim one operation that is due, and say what is to be done with it (R8)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from enum import Enum, auto

from sqlalchemy import update

from providers.kinds import ResolutionClass
from webapp.domain.operations import (
    BLOCKED_FOR_GOOD,
    BLOCKED_RECHECK,
    LEASE,
    NOT_TERMINAL,
    STEP_RECHECK,
    OperationState,
    next_look_up,
)
from webapp.domain.wishes import Aim
from webapp.models import Operation, Payment
from webapp.services import accounts, runtime
from webapp.services.accounts import Account
from webapp.services.operations.due import Due, next_due
from webapp.services.operations.leases import Lease, held_by
from webapp.services.operations.outcomes import EARLIER_STEP, OTHER_OPERATION, expire, withdraw_by_desk
from webapp.services.steadiness import Steadiness
from webapp.services.unit_of_work import Tx


class NoWork(Enum):
    """Why a look for work brought no claim."""

    NOTHING_DUE = auto()
    SETTLED = auto()  # it was due, and the database alone could settle it


class Task(Enum):
    """What a claimed operation needs."""

    SEND = auto()
    LOOK_UP = auto()


@dataclass(frozen=True, slots=True)
class Claim:
    """A lease on an operation, with copies of the rows that the work needs."""

    lease: Lease
    task: Task
    operation: Operation
    payment: Payment
    account: Account
    sends_blocked: bool  # recovery, kill switch or breaker: only look-ups go on
    reason: str  # the shop's code for the reason; the comment for colleagues never leaves the desk
    aim: Aim | None = None  # what a step that was planned again is to do; None: what the operation says
    more: Sequence[Aim] = ()  # steps of the wish that are filed with the first attempt
    is_fresh: bool = False  # the payment was read for this send

    @property
    def goal(self) -> Aim:
        """What this send is to do."""
        return self.aim or aim_of(self.operation)


def aim_of(operation: Operation) -> Aim:
    """What an operation is to do, as its row says."""
    return Aim(**{field.name: getattr(operation, field.name) for field in fields(Aim)})


def claim(tx: Tx, operation_id: uuid.UUID | None, steadiness: Steadiness) -> Claim | NoWork:
    """Claim this operation, or the one that is due longest.

    The caller's transaction must commit before the provider is called.
    """
    here = runtime.current()
    now = here.clock.now(tx)
    due = next_due(tx, operation_id, now)
    if due is None or not steadiness.is_steady():
        return NoWork.NOTHING_DUE
    operation = due.operation
    if operation.state is OperationState.AWAITING_APPROVAL:
        expire(tx, operation, "approval_lapsed", now)
        return NoWork.SETTLED
    if operation.state is OperationState.SENDING:
        _give_up_on_sender(tx, operation, now)
        return NoWork.SETTLED
    if operation.state is not OperationState.QUEUED:
        blocked = bool(due.recovery_since or due.kill_switch or due.account.breaker_opened_at)
        return _take(tx, Task.LOOK_UP, due, now, sends_blocked=blocked)
    if _may_be_sent(tx, due, now):
        return _take(tx, Task.SEND, due, now, sends_blocked=False)
    return NoWork.SETTLED


def _may_be_sent(tx: Tx, due: Due, now: datetime) -> bool:
    blocked = _blocked_by(tx, due, now)
    if blocked is not None:
        _wait(tx, due.operation, blocked, now)
        return False
    if not due.right_is_kept:
        withdraw_by_desk(tx, due.operation, "right_revoked", now)
        return False
    return True


def _blocked_by(tx: Tx, due: Due, now: datetime) -> str | None:
    account = due.account
    if due.recovery_since is not None:
        return "recovery"
    if due.kill_switch is not None:
        return "kill_switch"
    if due.earlier_step_id is not None:
        return EARLIER_STEP
    if due.sibling_id is not None or _is_held_by_pending(due):
        return OTHER_OPERATION
    if account.breaker_opened_at is not None and not accounts.take_trial(tx, account.id, now):
        return "breaker"
    return None


def _is_held_by_pending(due: Due) -> bool:
    """Where only reads tell movements apart, an accepted operation holds the payment too: a sum may show both at once.

    Svea page, section 6: one operation at a time.
    """
    if due.pending_id is None:
        return False
    return accounts.account_of(due.account).capabilities.resolution is ResolutionClass.LOOK_UP_ONLY


def _wait(tx: Tx, operation: Operation, blocked_by: str, now: datetime) -> None:
    since = operation.blocked_since or now
    if blocked_by in {"kill_switch", "breaker", EARLIER_STEP} and now - since >= BLOCKED_FOR_GOOD:
        expire(tx, operation, f"blocked_{blocked_by}", now)
        return
    recheck = STEP_RECHECK if blocked_by == EARLIER_STEP else BLOCKED_RECHECK  # the end of a step wakes the next
    tx.execute(
        update(Operation)
        .where(Operation.id == operation.id)
        .values(due_at=now + recheck, blocked_since=since, blocked_by=blocked_by)
    )


def _give_up_on_sender(tx: Tx, operation: Operation, now: datetime) -> None:
    """The lease of a sender ended without a word: the call may have been made."""
    since = operation.doubt_since or now
    tx.execute(
        update(Operation)
        .where(Operation.id == operation.id, Operation.fence == operation.fence)
        .values(
            state=OperationState.UNKNOWN,
            fence=operation.fence + 1,
            lease_owner=None,
            lease_until=None,
            state_since=now,
            in_doubt=True,
            doubt_since=since,
            due_at=next_look_up(since, now) or now,
            absent_read_at=None,
        )
    )


def _take(tx: Tx, task: Task, due: Due, now: datetime, *, sends_blocked: bool) -> Claim | NoWork:
    operation = due.operation
    until = now + LEASE
    fence = operation.fence + 1
    taken = {
        "fence": fence,
        "lease_owner": runtime.current().owner,
        "lease_until": until,
        "due_at": until + timedelta(seconds=1),
        "blocked_since": None,
        "blocked_by": None,
    }
    if not held_by(tx, Lease(operation.id, operation.fence, now), NOT_TERMINAL, taken):
        return NoWork.SETTLED
    lease = Lease(operation.id, fence, until)
    return Claim(lease, task, operation, due.payment, accounts.account_of(due.account), sends_blocked, due.reason or "")
