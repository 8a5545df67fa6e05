"""One operation with everything that its page tells; reads only."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import aliased

from providers.planning import WishKind
from webapp.domain.operations import NOT_TERMINAL, OperationState, shown_state
from webapp.domain.wishes import state_of_wish
from webapp.models import ApiKey, Attempt, Mode, Operation, Order, Payment, ProviderAccount, RefundReason, Shop, User
from webapp.services import runtime
from webapp.services.errors import NotFound
from webapp.services.unit_of_work import Tx

S = OperationState


class Stage(StrEnum):
    """What the result page tells; each is a page of its own (product.md section 3)."""

    PLANNED = "planned"
    SENT = "sent"
    DONE = "done"
    NOT_DONE = "not_done"
    WITHDRAWN = "withdrawn"
    UNKNOWN = "unknown"


STAGE_OF = {
    S.AWAITING_APPROVAL: Stage.PLANNED,
    S.SENDING: Stage.SENT,
    S.PENDING: Stage.SENT,
    S.SUCCEEDED: Stage.DONE,
    S.REJECTED: Stage.NOT_DONE,
    S.EXPIRED: Stage.NOT_DONE,
    S.WITHDRAWN: Stage.WITHDRAWN,
    S.UNKNOWN: Stage.UNKNOWN,
    S.REVIEW: Stage.UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class OperationFacts:
    """One operation with its surroundings, as of `now` by the database's clock; `steps` is how many its wish has."""

    operation: Operation
    payment: Payment
    order: Order
    shop: Shop
    account: ProviderAccount
    reason: RefundReason | None
    requested_by: str | None
    steps: int
    attempts: Sequence[Attempt]
    now: datetime

    @property
    def stage(self) -> Stage:
        """Which of the result pages tells the truth now: queued before its time is planned, after it being sent."""
        found = STAGE_OF.get(self.shown_state)
        if found is not None:
            return found
        return Stage.PLANNED if self.is_in_stop_window or self.was_put_back else Stage.SENT

    @property
    def shown_state(self) -> OperationState:
        """Its state as people are told of it."""
        return shown_state(self.operation.state, [attempt.outcome for attempt in self.attempts])

    @property
    def said_yes(self) -> bool:
        """Whether the provider said yes and the next read has to show it."""
        return self.shown_state is not self.operation.state

    @property
    def is_in_stop_window(self) -> bool:
        """Whether its planned time is still to come."""
        until = self.operation.stop_until
        return self.operation.state is S.QUEUED and until is not None and until > self.now

    @property
    def was_put_back(self) -> bool:
        """Tried, proven not applied, and waiting for its next try."""
        operation = self.operation
        due = operation.due_at
        return operation.state is S.QUEUED and operation.tries > 0 and due is not None and due > self.now

    @property
    def is_over(self) -> bool:
        """Whether nothing changes any more by itself."""
        return self.operation.ended_at is not None or self.operation.state is S.REVIEW

    @property
    def is_review(self) -> bool:
        """Whether people must decide."""
        return self.operation.state is S.REVIEW

    @property
    def is_pending(self) -> bool:
        """Whether the provider has taken it and works on it."""
        return self.operation.state is S.PENDING

    @property
    def can_be_asked(self) -> bool:
        """Whether the provider can be asked about it."""
        return self.operation.state in {S.UNKNOWN, S.PENDING}

    @property
    def can_be_stopped(self) -> bool:
        """Whether it is certain that nothing was sent."""
        return self.operation.state in {S.QUEUED, S.AWAITING_APPROVAL} and not self.operation.in_doubt


@dataclass(frozen=True, slots=True)
class WishStanding:
    """A wish with its operations in their order; there is at least one."""

    steps: Sequence[OperationFacts]

    @property
    def kind(self) -> WishKind:
        """What was wished for."""
        first = self.steps[0].operation
        return first.wish_kind or WishKind(first.kind.value)

    @property
    def amount_minor(self) -> int:
        """What its steps come to together, in minor units."""
        return sum(step.operation.amount_minor for step in self.steps)

    @property
    def state(self) -> OperationState:
        """Its least finished part (R6)."""
        return state_of_wish([step.shown_state for step in self.steps])

    @property
    def leading(self) -> OperationFacts:
        """The step that the state is read from."""
        return next(step for step in self.steps if step.shown_state is self.state)

    @property
    def is_over(self) -> bool:
        """Whether nothing changes any more by itself."""
        return all(step.is_over for step in self.steps)

    @property
    def is_mixed(self) -> bool:
        """Whether all is at its end and only some of it was done."""
        ends = {step.operation.state for step in self.steps}
        return ends.isdisjoint(NOT_TERMINAL) and OperationState.SUCCEEDED in ends and len(ends) > 1


def get_operation(tx: Tx, operation_id: uuid.UUID, shops: Collection[uuid.UUID], mode: Mode) -> OperationFacts:
    """The facts of one operation. NotFound when it is not in those shops or not of that mode."""
    found = _facts(tx, _query(shops, mode).where(Operation.id == operation_id))
    if not found:
        raise NotFound(f"operation {operation_id}")
    return found[0]


def get_wish(tx: Tx, wish_id: uuid.UUID, shops: Collection[uuid.UUID], mode: Mode) -> WishStanding:
    """A wish with all its steps. NotFound when it is not in those shops or not of that mode."""
    found = _facts(tx, _query(shops, mode).where(Operation.wish_id == wish_id).order_by(Operation.step))
    if not found:
        raise NotFound(f"wish {wish_id}")
    return WishStanding(found)


def _query(shops: Collection[uuid.UUID], mode: Mode) -> Select[Any]:
    asker, other = aliased(User), aliased(Operation)
    of_wish = other.payment_id == Operation.payment_id, other.wish_id == Operation.wish_id
    steps = select(func.count(other.id)).where(*of_wish).scalar_subquery()
    who = func.coalesce(asker.name, ApiKey.name)
    return (
        select(Operation, Payment, Order, Shop, ProviderAccount, RefundReason, who, steps)
        .join(Payment, Payment.id == Operation.payment_id)
        .join(Order, Order.id == Operation.order_id)
        .join(Shop, Shop.id == Operation.shop_id)
        .join(ProviderAccount, ProviderAccount.id == Operation.account_id)
        .outerjoin(RefundReason, RefundReason.id == Operation.reason_id)
        .outerjoin(asker, asker.id == Operation.requested_by)
        .outerjoin(ApiKey, ApiKey.id == Operation.api_key_id)
        .where(Operation.shop_id.in_(shops), Payment.mode == mode)
    )


def _facts(tx: Tx, query: Select[Any]) -> list[OperationFacts]:
    rows = tx.execute(query).all()
    ids = [row[0].id for row in rows]
    attempts = tx.scalars(select(Attempt).where(Attempt.operation_id.in_(ids)).order_by(Attempt.fence)).all()
    now = runtime.current().clock.now(tx)
    found = []
    for row in rows:
        operation, payment, order, shop, account, reason, asker, steps = row
        calls = [one for one in attempts if one.operation_id == operation.id]
        found.append(OperationFacts(operation, payment, order, shop, account, reason, asker, steps, calls, now))
    return found
