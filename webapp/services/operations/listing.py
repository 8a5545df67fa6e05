"""Lists of operations: refund requests with filters and keyset pages, and the queues of what needs somebody."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import Select, and_, func, or_, select

from providers.kinds import OperationKind
from webapp.domain.operations import OperationState
from webapp.models import ApiKey, Mode, Operation, Order, Payment, ProviderAccount, RefundReason, Shop, User
from webapp.services.unit_of_work import Tx

Rows = Select[*tuple[Any, ...]]
PAGE = 50
MOST_IN_QUEUE = 200
S = OperationState

STATE_GROUPS: Mapping[str, frozenset[OperationState]] = MappingProxyType(
    {
        "planned": frozenset({S.QUEUED, S.AWAITING_APPROVAL}),
        "sent": frozenset({S.SENDING, S.PENDING}),
        "unknown": frozenset({S.UNKNOWN, S.REVIEW}),
        "done": frozenset({S.SUCCEEDED}),
        "not-done": frozenset({S.REJECTED, S.EXPIRED}),
        "stopped": frozenset({S.WITHDRAWN}),
    }
)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a list."""

    operation: Operation
    payment: Payment
    order_number: str
    shop_name: str
    provider: str
    reason: RefundReason | None
    requested_by: str | None


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a list that is sorted by time, newest first; `id` tells equal times apart."""

    at: datetime
    id: uuid.UUID

    def __str__(self) -> str:
        """For addresses."""
        return f"{self.at.isoformat()}_{self.id}"

    @classmethod
    def read(cls, text: str | None) -> Place | None:
        """The place that `str` wrote; None for anything else."""
        moment, _, row_id = (text or "").rpartition("_")
        try:
            at = datetime.fromisoformat(moment.replace(" ", "+"))
            place = cls(at, uuid.UUID(row_id))
        except ValueError:
            return None
        return place if at.tzinfo is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundFilter:
    """What a list of refunds shows. Only `shops` and `mode` are needed; the rest narrows it."""

    shops: Collection[uuid.UUID]
    mode: Mode
    group: str | None = None
    reason: str | None = None
    person: uuid.UUID | None = None
    older_than: Place | None = None
    newer_than: Place | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list; `newer` and `older` are the places where its neighbours begin."""

    rows: Sequence[Row]
    newer: Place | None
    older: Place | None

    @property
    def totals(self) -> Mapping[str, int]:
        """Sum of the shown amounts per currency, in minor units."""
        sums: dict[str, int] = {}
        for row in self.rows:
            operation = row.operation
            sums[operation.currency] = sums.get(operation.currency, 0) + operation.amount_minor
        return sums


def list_refunds(tx: Tx, wanted: RefundFilter, size: int = PAGE) -> Page:
    """One page of refund requests, newest first."""
    query = _rows().where(
        Operation.kind == OperationKind.REFUND, Operation.shop_id.in_(wanted.shops), Payment.mode == wanted.mode
    )
    if states := STATE_GROUPS.get(wanted.group or ""):
        query = query.where(Operation.state.in_(states))
    if wanted.reason:
        query = query.where(RefundReason.code == wanted.reason)
    if wanted.person:
        query = query.where(Operation.requested_by == wanted.person)
    return _page(tx, query, wanted, size)


def list_in_state(tx: Tx, shops: Collection[uuid.UUID], mode: Mode, state: OperationState) -> Sequence[Row]:
    """The queue of one state, longest first, at most 200."""
    query = _rows().where(Operation.shop_id.in_(shops), Operation.state == state, Payment.mode == mode)
    return _read(tx, query.order_by(Operation.created_at, Operation.id).limit(MOST_IN_QUEUE))


def people_who_asked(tx: Tx, shops: Collection[uuid.UUID]) -> Sequence[tuple[uuid.UUID, str]]:
    """Who ever asked for a refund in those shops, by name."""
    asked = select(Operation.requested_by).where(
        Operation.shop_id.in_(shops), Operation.kind == OperationKind.REFUND, Operation.requested_by.is_not(None)
    )
    found = tx.execute(select(User.id, User.name).where(User.id.in_(asked)).order_by(User.name))
    return [(user_id, name) for user_id, name in found]


def reason_choices(tx: Tx, shops: Collection[uuid.UUID]) -> Sequence[RefundReason]:
    """The reasons of those shops, one per code, retired ones too."""
    found = tx.scalars(select(RefundReason).where(RefundReason.shop_id.in_(shops)).order_by(RefundReason.position))
    return list({reason.code: reason for reason in found}.values())


def _rows() -> Rows:
    asked_by = func.coalesce(User.name, ApiKey.name)
    return (
        select(Operation, Payment, Order.number, Shop.name, ProviderAccount.provider, RefundReason, asked_by)
        .join(Payment, Payment.id == Operation.payment_id)
        .join(Order, Order.id == Operation.order_id)
        .join(Shop, Shop.id == Operation.shop_id)
        .join(ProviderAccount, ProviderAccount.id == Operation.account_id)
        .outerjoin(RefundReason, RefundReason.id == Operation.reason_id)
        .outerjoin(User, User.id == Operation.requested_by)
        .outerjoin(ApiKey, ApiKey.id == Operation.api_key_id)
    )


def _page(tx: Tx, query: Rows, wanted: RefundFilter, size: int) -> Page:
    at, row_id = Operation.created_at, Operation.id
    upwards = wanted.newer_than is not None
    if place := wanted.newer_than:
        query = query.where(or_(at > place.at, and_(at == place.at, row_id > place.id)))
    elif place := wanted.older_than:
        query = query.where(or_(at < place.at, and_(at == place.at, row_id < place.id)))
    order = (at, row_id) if upwards else (at.desc(), row_id.desc())
    rows = list(_read(tx, query.order_by(*order).limit(size + 1)))
    more, rows = len(rows) > size, rows[:size]
    if upwards:
        rows.reverse()
    if not rows:
        return Page([], None, None)
    first, last = (Place(row.operation.created_at, row.operation.id) for row in (rows[0], rows[-1]))
    has_newer = more if upwards else wanted.older_than is not None
    has_older = True if upwards else more
    return Page(rows, first if has_newer else None, last if has_older else None)


def _read(tx: Tx, query: Rows) -> Sequence[Row]:
    return [Row(*row) for row in tx.execute(query)]
