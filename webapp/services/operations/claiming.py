"""Claim one operation that is due, and say what is to be done with it (R8)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from functools import cache
from typing import Any

from sqlalchemy import and_, bindparam, func, or_, select, update
from sqlalchemy.orm import aliased

from webapp.domain.operations import (
    BLOCKED_FOR_GOOD,
    BLOCKED_RECHECK,
    LEASE,
    NOT_TERMINAL,
    OperationState,
    next_look_up,
)
from webapp.domain.permissions import PERMISSIONS, Permission
from webapp.models import Grant, Installation, KillSwitch, Operation, Payment, ProviderAccount, RefundReason, User, Via
from webapp.models.base import table_of
from webapp.models.operation import ONE_AT_A_TIME
from webapp.services import accounts, runtime
from webapp.services.accounts import Account
from webapp.services.operations.leases import Lease, held_by
from webapp.services.operations.outcomes import OTHER_OPERATION, expire, withdraw_by_desk
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


_OPEN_STATES = (
    OperationState.AWAITING_APPROVAL,
    OperationState.QUEUED,
    OperationState.SENDING,
    OperationState.UNKNOWN,
    OperationState.PENDING,
)

DueRow = tuple[
    Operation, Payment, ProviderAccount, datetime | None, str | None, uuid.UUID | None, str | None
]  # with: in recovery since, kill switch, other operation of the payment, code of the reason

_sibling = aliased(Operation)
_GRANTS, _USERS = table_of(Grant), table_of(User)
_ROLES = (
    select(_GRANTS.c.role)
    .join(_USERS, _USERS.c.id == _GRANTS.c.user_id)
    .where(_GRANTS.c.user_id == bindparam("of_user"), _GRANTS.c.shop_id == bindparam("of_shop"))
    .where(_USERS.c.disabled_at.is_(None))
)
_RIGHT_FOR = {"refund": Permission.REFUND, "cancel": Permission.CANCEL, "capture": Permission.CAPTURE}


def claim(tx: Tx, operation_id: uuid.UUID | None, steadiness: Steadiness) -> Claim | NoWork:
    """Claim this operation, or the one that is due longest.

    The caller's transaction must commit before the provider is called.
    """
    here = runtime.current()
    now = here.clock.now(tx)
    row = _due_row(tx, operation_id, now)
    if row is None or not steadiness.is_steady():
        return NoWork.NOTHING_DUE
    operation, payment, account, recovering, switch, sibling, reason = row
    rows = (operation, payment, account, reason)
    if operation.state is OperationState.AWAITING_APPROVAL:
        expire(tx, operation, "approval_lapsed", now)
        return NoWork.SETTLED
    if operation.state is OperationState.SENDING:
        _give_up_on_sender(tx, operation, now)
        return NoWork.SETTLED
    if operation.state is not OperationState.QUEUED:
        blocked = bool(recovering or switch or account.breaker_opened_at)
        return _take(tx, Task.LOOK_UP, rows, now, sends_blocked=blocked)
    if _may_be_sent(tx, operation, account, (recovering, switch, sibling), now):
        return _take(tx, Task.SEND, rows, now, sends_blocked=False)
    return NoWork.SETTLED


def _may_be_sent(
    tx: Tx,
    operation: Operation,
    account: ProviderAccount,
    obstacles: tuple[datetime | None, str | None, uuid.UUID | None],
    now: datetime,
) -> bool:
    blocked = _blocked_by(tx, account, obstacles, now)
    if blocked is not None:
        _wait(tx, operation, blocked, now)
        return False
    if _right_is_gone(tx, operation):
        withdraw_by_desk(tx, operation, "right_revoked", now)
        return False
    return True


def _due_row(tx: Tx, operation_id: uuid.UUID | None, now: datetime) -> DueRow | None:
    values = {"at": now} if operation_id is None else {"at": now, "operation_id": operation_id}
    row = tx.execute(_due_query(named=operation_id is not None), values).one_or_none()
    return None if row is None else (row[0], row[1], row[2], row[3], row[4], row[5], row[6])


@cache
def _due_query(*, named: bool) -> Any:
    """The operation due longest, or the `named` one, with all that decides on it; built once, asked all the time."""
    query = (
        select(Operation, Payment, ProviderAccount, *_obstacles())
        .join(Payment, Payment.id == Operation.payment_id)
        .join(ProviderAccount, ProviderAccount.id == Operation.account_id)
        .where(Operation.due_at <= bindparam("at"), Operation.state.in_(_OPEN_STATES))
        .where(or_(Operation.lease_until.is_(None), Operation.lease_until < bindparam("at")))
        .order_by(Operation.due_at)
        .limit(1)
        .with_for_update(of=Operation, skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return query.where(Operation.id == bindparam("operation_id")) if named else query


def _obstacles() -> tuple[Any, Any, Any, Any]:
    """Recovery, kill switch, another operation of the payment; and the code of the reason."""
    recovering = select(Installation.recovery_since).where(Installation.id == 1).scalar_subquery()
    switch = (
        select(KillSwitch.reason)
        .where(or_(KillSwitch.shop_id.is_(None), KillSwitch.shop_id == Operation.shop_id))
        .where(or_(KillSwitch.provider.is_(None), KillSwitch.provider == ProviderAccount.provider))
        .where(or_(KillSwitch.kind.is_(None), KillSwitch.kind == Operation.kind))
        .limit(1)
        .correlate(Operation, ProviderAccount)
        .scalar_subquery()
    )
    sibling = (
        select(_sibling.id)
        .where(_sibling.payment_id == Operation.payment_id, _sibling.id != Operation.id, _in_the_way())
        .limit(1)
        .correlate(Operation)
        .scalar_subquery()
    )
    reason = (
        select(func.coalesce(RefundReason.provider_code, RefundReason.code))
        .where(RefundReason.id == Operation.reason_id)
        .correlate(Operation)
        .scalar_subquery()
    )
    return recovering, switch, sibling, reason


def _in_the_way() -> Any:
    """I7: what keeps another operation of the same payment waiting. The unique index says the same."""
    assert "provider_operation_id is null" in ONE_AT_A_TIME  # noqa: S101 - the two must change together
    return or_(
        _sibling.state.in_((OperationState.SENDING, OperationState.UNKNOWN)),
        and_(_sibling.state == OperationState.PENDING, _sibling.provider_operation_id.is_(None)),
    )


def _blocked_by(
    tx: Tx,
    account: ProviderAccount,
    obstacles: tuple[datetime | None, str | None, uuid.UUID | None],
    now: datetime,
) -> str | None:
    recovering, switch, sibling = obstacles
    if recovering is not None:
        return "recovery"
    if switch is not None:
        return "kill_switch"
    if sibling is not None:
        return OTHER_OPERATION
    if account.breaker_opened_at is not None and not accounts.take_trial(tx, account.id, now):
        return "breaker"
    return None


def _wait(tx: Tx, operation: Operation, blocked_by: str, now: datetime) -> None:
    since = operation.blocked_since or now
    if blocked_by in {"kill_switch", "breaker"} and now - since >= BLOCKED_FOR_GOOD:
        expire(tx, operation, f"blocked_{blocked_by}", now)
        return
    tx.execute(
        update(Operation)
        .where(Operation.id == operation.id)
        .values(due_at=now + BLOCKED_RECHECK, blocked_since=since, blocked_by=blocked_by)
    )


def _right_is_gone(tx: Tx, operation: Operation) -> bool:
    """ASVS 8.3.2: what was asked for is sent only while the person may still ask for it (K18)."""
    if operation.requested_via is not Via.WEB or operation.requested_by is None:
        return False
    asker = {"of_user": operation.requested_by, "of_shop": operation.shop_id}
    roles = tx.execute(_ROLES, asker).scalars().all()
    right = _RIGHT_FOR[operation.kind.value]
    return not any(right in PERMISSIONS[role] for role in roles)


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


def _take(
    tx: Tx,
    task: Task,
    rows: tuple[Operation, Payment, ProviderAccount, str | None],
    now: datetime,
    *,
    sends_blocked: bool,
) -> Claim | NoWork:
    operation, payment, account, reason = rows
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
    copy = Account(account.id, account.provider, account.host, account.credentials, account.settings, account.version)
    return Claim(Lease(operation.id, fence, until), task, operation, payment, copy, sends_blocked, reason or "")
