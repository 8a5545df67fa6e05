"""Everything that the page of one order shows, in at most nine SQL statements however much happened to it."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Uuid, and_, bindparam, func, or_, select
from sqlalchemy.orm import aliased, undefer

from providers.kinds import OperationKind
from webapp.domain.operations import NOT_TERMINAL, OperationState, shown_state
from webapp.domain.outcomes import OutcomeWord, outcome_word
from webapp.domain.wishes import state_of_wish
from webapp.models import (
    ApiKey,
    Attempt,
    FiredAction,
    LedgerMovement,
    Operation,
    Order,
    OrderNote,
    OrderStatus,
    Payment,
    ProviderAccount,
    RefundReason,
    Shop,
    User,
)
from webapp.models.order_import import order_is_shown
from webapp.services.errors import NotFound
from webapp.services.jobs.rules import left_of
from webapp.services.orders.actions import ShownPayment, shown_payment
from webapp.services.orders.lines import ShownLines, shown_lines
from webapp.services.orders.statuses import planned_undoing
from webapp.services.orders.timeline import Event, timeline
from webapp.services.status_actions.firing import standing
from webapp.services.unit_of_work import Tx

S = OperationState
_MOVES_SOON = frozenset({S.QUEUED, S.SENDING})
_STOPPABLE = frozenset({S.QUEUED, S.AWAITING_APPROVAL})


@dataclass(frozen=True, slots=True)
class OperationLine:
    """One operation with the names around it, newest first on the page."""

    operation: Operation
    reason: RefundReason | None
    requested_by: str | None
    approved_by: str | None
    attempts: Sequence[Attempt]
    wish: Sequence[OperationLine] = ()  # all steps of its wish in their order, where it has several

    @property
    def shown_state(self) -> OperationState:
        """Its state as people are told of it."""
        return shown_state(self.operation.state, [attempt.outcome for attempt in self.attempts])

    @property
    def was_put_back(self) -> bool:
        """Queued again after an error."""
        return self.operation.state is S.QUEUED and self.operation.tries > 0

    @property
    def is_over(self) -> bool:
        """Nothing changes any more."""
        return self.operation.state not in NOT_TERMINAL

    @property
    def next_at(self) -> datetime | None:
        """When it is sent, sent again or looked up next."""
        return None if self.is_over else self.operation.due_at

    @property
    def is_unknown(self) -> bool:
        """The provider can be asked for its result."""
        return self.operation.state is S.UNKNOWN

    @property
    def can_be_stopped(self) -> bool:
        """Nothing was sent yet."""
        return self.operation.state in _STOPPABLE and not self.operation.in_doubt

    @property
    def word(self) -> OutcomeWord | None:
        """How it ended, in the order's words."""
        forbids = self.operation.state_forbids
        return outcome_word(self.operation.state, state_forbids=forbids, was_put_back=self.was_put_back)


@dataclass(frozen=True, slots=True)
class NoteLine:
    """A note of a colleague."""

    text: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """The order with its shop's list of statuses; `next_undoing_at` is None when no job is planned that could act."""

    order: Order
    shop: Shop
    status: OrderStatus
    statuses: Sequence[OrderStatus]
    next_undoing_at: datetime | None
    payments: Sequence[ShownPayment]
    operations: Sequence[OperationLine]
    notes: Sequence[NoteLine]
    fired: Sequence[FiredAction]  # what its status set going and was not carried out
    events: Sequence[Event]
    lines: ShownLines

    def newest(self, kind: OperationKind) -> OperationLine | None:
        """The newest operation of that kind, which the order's outcome is read from; of a wish its least finished."""
        newest = next((line for line in self.operations if line.operation.kind is kind), None)
        if newest is None or not newest.wish:
            return newest
        steps = [line for line in newest.wish if line.operation.kind is kind]
        state = state_of_wish([line.operation.state for line in steps])
        return next(line for line in steps if line.operation.state is state)

    @property
    def to_undo(self) -> bool:
        """Whether the cancel and refund jobs have something to release or give back."""
        kinds = OperationKind.CANCEL, OperationKind.REFUND
        holds = any(left_of(kind, shown.payment) > 0 for shown in self.payments for kind in kinds)
        return holds and self.order.undo_change_id is not None

    @property
    def under_way(self) -> Sequence[OperationLine]:
        """Operations that are not over."""
        return [line for line in self.operations if not line.is_over]

    @property
    def moves_soon(self) -> bool:
        """Whether a change is a matter of seconds."""
        return any(
            line.operation.state in _MOVES_SOON and not line.was_put_back and not line.operation.blocked_by
            for line in self.under_way
        )

    @property
    def unknown(self) -> Sequence[OperationLine]:
        """Operations whose result nobody knows yet."""
        return [line for line in self.operations if line.shown_state in {S.UNKNOWN, S.REVIEW}]


# Statements that are made once: making them takes longer than asking them.
_OF_ORDER, _OF_SHOP = bindparam("of_order", type_=Uuid()), bindparam("of_shop", type_=Uuid())
_OFFERED = or_(OrderStatus.retired_at.is_(None), OrderStatus.id == Order.status_id)
_ORDER = (
    select(Order, Shop, OrderStatus, planned_undoing(Order.shop_id))
    .join(Shop, Shop.id == Order.shop_id)
    .join(OrderStatus, and_(OrderStatus.shop_id == Order.shop_id, _OFFERED))
    .where(Order.id == _OF_ORDER, Order.shop_id.in_(bindparam("of_shops", expanding=True)), order_is_shown)
    .order_by(OrderStatus.retired_at.is_(None), OrderStatus.position)
)
"""A row for each status that can be given, and for the order's own also where it is retired: that one comes first."""
_PAYMENTS = (
    select(Payment, ProviderAccount)
    .join(ProviderAccount, ProviderAccount.id == Payment.account_id)
    .where(Payment.order_id == _OF_ORDER, Payment.shop_id == _OF_SHOP)
    .order_by(Payment.created_at, Payment.id)
    .options(*(undefer(lines) for lines in (Payment.lines, Payment.open_lines, Payment.refundable_lines)))
)
_MOVEMENTS = (
    select(LedgerMovement)
    .where(LedgerMovement.payment_id.in_(bindparam("of_payments", expanding=True)))
    .order_by(LedgerMovement.booked_at, LedgerMovement.id)
)
_ATTEMPTS = (
    select(Attempt).where(Attempt.operation_id.in_(bindparam("of_operations", expanding=True))).order_by(Attempt.fence)
)
_ASKER, _APPROVER = aliased(User), aliased(User)
_OPERATIONS = (
    select(Operation, RefundReason, func.coalesce(_ASKER.name, ApiKey.name), _APPROVER.name)
    .outerjoin(RefundReason, RefundReason.id == Operation.reason_id)
    .outerjoin(_ASKER, _ASKER.id == Operation.requested_by)
    .outerjoin(ApiKey, ApiKey.id == Operation.api_key_id)
    .outerjoin(_APPROVER, _APPROVER.id == Operation.approved_by)
    .where(Operation.order_id == _OF_ORDER, Operation.shop_id == _OF_SHOP)
    .order_by(Operation.created_at.desc(), Operation.wish_id, Operation.step)
)
_NOTES = (
    select(OrderNote, User.name)
    .join(User, User.id == OrderNote.user_id)
    .where(OrderNote.order_id == _OF_ORDER, OrderNote.shop_id == _OF_SHOP)
    .order_by(OrderNote.created_at.desc(), OrderNote.id)
)


def get_order(tx: Tx, order_id: uuid.UUID, shop_ids: Collection[uuid.UUID]) -> OrderFacts:
    """One order with all that belongs to it. NotFound when it is in none of those shops (I18)."""
    found = tx.execute(_ORDER, {"of_order": order_id, "of_shops": list(shop_ids)}).all()
    if not found:
        raise NotFound(f"order {order_id}")
    order, shop, _status, next_undoing_at = found[0]
    statuses = [row[2] for row in found]
    payments = tx.execute(_PAYMENTS, {"of_order": order.id, "of_shop": order.shop_id}).all()
    movements = _movements(tx, [payment.id for payment, _account in payments])
    operations = _operations(tx, order)
    notes = _notes(tx, order)
    accounts = {payment.id: account for payment, account in payments}
    return OrderFacts(
        order=order,
        shop=shop,
        status=next(status for status in statuses if status.id == order.status_id),
        statuses=statuses,
        next_undoing_at=next_undoing_at,
        payments=[
            shown_payment(payment, account, [m for m in movements if m.payment_id == payment.id])
            for payment, account in payments
        ],
        operations=operations,
        notes=[NoteLine(note.text, name, note.created_at) for note, name in notes],
        fired=standing(tx, order.id),
        lines=shown_lines(order, [payment for payment, _account in payments], [line.operation for line in operations]),
        events=timeline(tx, order, accounts, [line.operation for line in operations], _tried(operations), movements),
    )


def _operations(tx: Tx, order: Order) -> list[OperationLine]:
    rows = tx.execute(_OPERATIONS, {"of_order": order.id, "of_shop": order.shop_id}).all()
    attempts = _attempts(tx, [row[0].id for row in rows])
    lines = [OperationLine(*row, [a for a in attempts if a.operation_id == row[0].id]) for row in rows]
    wishes: dict[uuid.UUID, list[OperationLine]] = defaultdict(list)
    for line in sorted(lines, key=lambda line: line.operation.step):
        wishes[line.operation.wish_id].append(line)
    several = {wish_id: steps for wish_id, steps in wishes.items() if len(steps) > 1}
    return [replace(line, wish=several.get(line.operation.wish_id, ())) for line in lines]


def _attempts(tx: Tx, ids: Sequence[uuid.UUID]) -> Sequence[Attempt]:
    if not ids:
        return []
    return tx.scalars(_ATTEMPTS, {"of_operations": list(ids)}).all()


def _tried(operations: Sequence[OperationLine]) -> list[Attempt]:
    return [attempt for line in operations for attempt in line.attempts]


def _movements(tx: Tx, payment_ids: Sequence[uuid.UUID]) -> Sequence[LedgerMovement]:
    if not payment_ids:
        return []
    return tx.scalars(_MOVEMENTS, {"of_payments": list(payment_ids)}).all()


def _notes(tx: Tx, order: Order) -> Sequence[tuple[OrderNote, str]]:
    rows = tx.execute(_NOTES, {"of_order": order.id, "of_shop": order.shop_id})
    return [(note, name) for note, name in rows]
