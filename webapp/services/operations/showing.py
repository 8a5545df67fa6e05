"""One operation with everything that its page tells; reads only."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from webapp.domain.operations import OperationState
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
    """One operation with its surroundings, as of `now` by the database's clock."""

    operation: Operation
    payment: Payment
    order: Order
    shop: Shop
    account: ProviderAccount
    reason: RefundReason | None
    requested_by: str | None
    attempts: Sequence[Attempt]
    now: datetime

    @property
    def stage(self) -> Stage:
        """Which of the result pages tells the truth now: queued before its time is planned, after it being sent."""
        found = STAGE_OF.get(self.operation.state)
        if found is not None:
            return found
        return Stage.PLANNED if self.is_in_stop_window or self.was_put_back else Stage.SENT

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


def get_operation(tx: Tx, operation_id: uuid.UUID, shops: Collection[uuid.UUID], mode: Mode) -> OperationFacts:
    """The facts of one operation. NotFound when it is not in those shops or not of that mode."""
    asker = aliased(User)
    row = tx.execute(
        select(Operation, Payment, Order, Shop, ProviderAccount, RefundReason, func.coalesce(asker.name, ApiKey.name))
        .join(Payment, Payment.id == Operation.payment_id)
        .join(Order, Order.id == Operation.order_id)
        .join(Shop, Shop.id == Operation.shop_id)
        .join(ProviderAccount, ProviderAccount.id == Operation.account_id)
        .outerjoin(RefundReason, RefundReason.id == Operation.reason_id)
        .outerjoin(asker, asker.id == Operation.requested_by)
        .outerjoin(ApiKey, ApiKey.id == Operation.api_key_id)
        .where(Operation.id == operation_id, Operation.shop_id.in_(shops), Payment.mode == mode)
    ).one_or_none()
    if row is None:
        raise NotFound(f"operation {operation_id}")
    attempts = tx.scalars(select(Attempt).where(Attempt.operation_id == operation_id).order_by(Attempt.fence)).all()
    return OperationFacts(*row, attempts=attempts, now=runtime.current().clock.now(tx))
