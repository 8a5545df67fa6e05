"""What is due next, read in one statement with all that decides on it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, exists, func, or_, select
from sqlalchemy.orm import aliased

from providers.kinds import OperationKind
from webapp.domain.operations import NOT_TERMINAL, OperationState
from webapp.domain.permissions import Permission, roles_with
from webapp.models import (
    ApiKey,
    Grant,
    Installation,
    KillSwitch,
    Operation,
    Payment,
    ProviderAccount,
    RefundReason,
    User,
    Via,
)
from webapp.models.base import among, at_most
from webapp.models.operation import ONE_AT_A_TIME
from webapp.services.unit_of_work import Tx

RIGHT_FOR = {
    OperationKind.REFUND: Permission.REFUND,
    OperationKind.CANCEL: Permission.CANCEL,
    OperationKind.CAPTURE: Permission.CAPTURE,
    OperationKind.UPDATE: Permission.CAPTURE,
}
_OPEN_STATES = (
    OperationState.AWAITING_APPROVAL,
    OperationState.QUEUED,
    OperationState.SENDING,
    OperationState.UNKNOWN,
    OperationState.PENDING,
)
_sibling, _picked = aliased(Operation), aliased(Operation)


@dataclass(frozen=True, slots=True)
class Due:
    """An operation that is due, its surroundings, and what stands in its way."""

    operation: Operation
    payment: Payment
    account: ProviderAccount
    recovery_since: datetime | None
    kill_switch: str | None
    sibling_id: uuid.UUID | None  # another operation of the payment that keeps this one waiting (I7)
    pending_id: uuid.UUID | None  # another one that the provider has accepted and not finished
    earlier_step_id: uuid.UUID | None  # an earlier step of the same wish that is not over (R6)
    reason: str | None  # the provider's code for the reason, else the shop's
    right_is_kept: bool  # whether the person or key that asked may still ask for it


def next_due(tx: Tx, operation_id: uuid.UUID | None, now: datetime) -> Due | None:
    """The operation that is due longest, or the named one if it is due; locked where the database locks rows."""
    values = {"at": now} if operation_id is None else {"at": now, "operation_id": operation_id}
    row = tx.execute(_query(named=operation_id is not None), values).one_or_none()
    return None if row is None else Due(*row)


@cache
def _query(*, named: bool) -> Any:
    """Built once, asked all the time.

    The row is picked and locked first, alone: PostgreSQL would else join and sort all that is due for the one row, as
    long as it has no statistics of a burst. It is locked again with its surroundings, which shows its newest state
    where it was changed while the statement ran.
    """
    picked = (
        select(_picked.id)
        .where(_picked.due_at <= bindparam("at"), among(_picked.state, _OPEN_STATES))
        .where(or_(_picked.lease_until.is_(None), _picked.lease_until < bindparam("at")))
        .order_by(_picked.due_at)
        .limit(at_most(1))
        .with_for_update(skip_locked=True)
    )
    if named:
        picked = picked.where(_picked.id == bindparam("operation_id"))
    chosen = picked.cte("picked")
    return (
        select(Operation, Payment, ProviderAccount, *_surroundings())
        .join(chosen, chosen.c.id == Operation.id)
        .join(Payment, Payment.id == Operation.payment_id)
        .join(ProviderAccount, ProviderAccount.id == Operation.account_id)
        .with_for_update(of=Operation)
        .execution_options(populate_existing=True)
    )


def _surroundings() -> tuple[Any, ...]:
    """In the order of `Due`."""
    recovering = select(Installation.recovery_since).where(Installation.id == 1).scalar_subquery()
    switch = (
        select(KillSwitch.reason)
        .where(or_(KillSwitch.shop_id.is_(None), KillSwitch.shop_id == Operation.shop_id))
        .where(or_(KillSwitch.provider.is_(None), KillSwitch.provider == ProviderAccount.provider))
        .where(or_(KillSwitch.kind.is_(None), KillSwitch.kind == Operation.kind))
        .limit(at_most(1))
        .correlate(Operation, ProviderAccount)
        .scalar_subquery()
    )
    earlier = and_(
        _sibling.wish_id == Operation.wish_id, _sibling.step < Operation.step, among(_sibling.state, NOT_TERMINAL)
    )
    siblings = (_in_the_way(), _sibling.state == OperationState.PENDING, earlier)
    reason = (
        select(func.coalesce(RefundReason.provider_code, RefundReason.code))
        .where(RefundReason.id == Operation.reason_id)
        .correlate(Operation)
        .scalar_subquery()
    )
    found = (_other(which) for which in siblings)
    carries = or_(
        *(and_(Operation.kind == kind, among(Grant.role, roles_with(right))) for kind, right in RIGHT_FOR.items())
    )
    return recovering, switch, *found, reason, _right_is_kept(carries)


def _other(which: ColumnElement[bool]) -> Any:
    """Another operation of the same payment."""
    query = select(_sibling.id).where(_sibling.payment_id == Operation.payment_id, _sibling.id != Operation.id, which)
    return query.limit(at_most(1)).correlate(Operation).scalar_subquery()


def may_ask_for(tx: Tx, operation_id: uuid.UUID, kind: OperationKind) -> bool:
    """Whether whoever asked for an operation may also ask for one of that kind; asked when a plan changes it."""
    kept = _right_is_kept(Grant.role.in_(roles_with(RIGHT_FOR[kind])))
    return bool(tx.execute(select(kept).where(Operation.id == operation_id)).scalar_one())


def _right_is_kept(carries: ColumnElement[bool]) -> Any:
    """ASVS 8.3.2: what was asked for is sent only while the person or key may still ask for it (K18)."""
    granted = (
        exists()
        .where(User.id == Operation.requested_by, User.disabled_at.is_(None))
        .where(Grant.user_id == User.id, Grant.shop_id == Operation.shop_id, carries)
        .correlate(Operation)
    )
    key_holds = exists().where(ApiKey.id == Operation.api_key_id, ApiKey.revoked_at.is_(None)).correlate(Operation)
    by_person = or_(Operation.requested_via != Via.WEB, Operation.requested_by.is_(None), granted)
    return and_(by_person, or_(Operation.api_key_id.is_(None), key_holds))


def _in_the_way() -> Any:
    """I7: what keeps another operation of the same payment waiting. The unique index says the same."""
    assert "provider_operation_id is null" in ONE_AT_A_TIME  # noqa: S101 - the two must change together
    return or_(
        among(_sibling.state, (OperationState.SENDING, OperationState.UNKNOWN)),
        and_(_sibling.state == OperationState.PENDING, _sibling.provider_operation_id.is_(None)),
    )
