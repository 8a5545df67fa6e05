"""One timeline of an order: what people and the desk did, what was sent, and what moved outside Paydesk."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import aliased

from webapp.models import (
    ApiKey,
    Attempt,
    AuditEntry,
    LedgerMovement,
    Operation,
    Order,
    OrderStatus,
    ProviderAccount,
    StatusChange,
    User,
    Via,
)
from webapp.services.orders.statuses import CHANGED
from webapp.services.unit_of_work import Tx

MOST_ENTRIES = 300
SAID_OTHERWISE = frozenset({"payment.external", "order.note_added", CHANGED})
"""Audit entries whose deed the timeline shows from its own rows."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened. `what` is the audit's action, `attempt.sent`, `movement.<kind>` or `order.first_status`.

    `facts` may hold `kind`, `amount_minor`, `currency`, `code`, `provider`, `outcome`, `evidence`, `from`, `to`.
    """

    at: datetime
    what: str
    who: str | None
    via: Via
    operation_id: uuid.UUID | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


_BEFORE, _AFTER = aliased(OrderStatus), aliased(OrderStatus)
_CHANGES = (
    select(StatusChange, _BEFORE.name, _AFTER.name, User.name)
    .outerjoin(_BEFORE, _BEFORE.id == StatusChange.from_status_id)
    .join(_AFTER, _AFTER.id == StatusChange.to_status_id)
    .outerjoin(User, User.id == StatusChange.changed_by)
    .where(StatusChange.order_id == bindparam("of_order"), StatusChange.shop_id == bindparam("of_shop"))
    .order_by(StatusChange.changed_at.desc())
    .limit(MOST_ENTRIES)
)
_ENTRIES = (
    select(AuditEntry, func.coalesce(User.name, ApiKey.name))
    .outerjoin(User, User.id == AuditEntry.actor_id)
    .outerjoin(ApiKey, ApiKey.id == AuditEntry.actor_id)
    .where(AuditEntry.subject_id.in_(bindparam("of_subjects", expanding=True)))
    .where(AuditEntry.shop_id == bindparam("of_shop"), AuditEntry.action.not_in(SAID_OTHERWISE))
    .order_by(AuditEntry.number.desc())
    .limit(MOST_ENTRIES)
)
"""Made once: making them takes longer than asking them."""


def timeline(
    tx: Tx,
    order: Order,
    accounts: Mapping[uuid.UUID, ProviderAccount],
    operations: Sequence[Operation],
    attempts: Sequence[Attempt],
    movements: Sequence[LedgerMovement],
) -> list[Event]:
    """Newest first; `accounts` maps the order's payments to their accounts. Two SQL statements."""
    by_id = {operation.id: operation for operation in operations}
    events = _audited(tx, order, [order.id, *accounts, *by_id]) + _statuses(tx, order)
    for attempt in reversed(attempts):
        operation = by_id[attempt.operation_id]
        facts = _of_operation(operation) | {
            "provider": accounts[operation.payment_id].provider,
            "outcome": attempt.outcome.value if attempt.outcome else None,
        }
        events.append(Event(attempt.started_at, "attempt.sent", None, Via.SYSTEM, operation.id, facts))
    for movement in reversed(movements):
        if movement.operation_id is None:
            provider = accounts[movement.payment_id].provider
            events.append(_moved_outside(movement, provider))
    events.sort(key=lambda event: (event.at, event.what != "movement.authorise"), reverse=True)
    return events


def _audited(tx: Tx, order: Order, subjects: Sequence[uuid.UUID]) -> list[Event]:
    rows = tx.execute(_ENTRIES, {"of_subjects": list(subjects), "of_shop": order.shop_id})
    return [
        Event(
            entry.at,
            entry.action,
            name,
            Via(entry.via),
            entry.subject_id if entry.subject_kind == "operation" else None,
            entry.details,
        )
        for entry, name in rows
    ]


def _statuses(tx: Tx, order: Order) -> list[Event]:
    rows = tx.execute(_CHANGES, {"of_order": order.id, "of_shop": order.shop_id})
    return [
        Event(
            change.changed_at,
            "order.first_status" if change.from_status_id is None else CHANGED,
            who,
            change.via,
            None,
            {"from": was, "to": now},
        )
        for change, was, now, who in rows
    ]


def _of_operation(operation: Operation) -> dict[str, Any]:
    return {
        "kind": operation.kind.value,
        "amount_minor": operation.amount_minor,
        "currency": operation.currency,
    }


def _moved_outside(movement: LedgerMovement, provider: str) -> Event:
    facts = {
        "amount_minor": movement.amount_minor,
        "currency": movement.currency,
        "provider": provider,
        "chargeback": movement.chargeback,
    }
    at = movement.occurred_at or movement.booked_at
    return Event(at, f"movement.{movement.kind.value}", None, Via.SYSTEM, None, facts)
