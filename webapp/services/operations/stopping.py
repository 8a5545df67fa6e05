"""What people may do to an operation that exists: stop it, or have the provider asked now."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import timedelta

from sqlalchemy import or_, select, update

from webapp.domain.operations import OperationState
from webapp.models import Operation
from webapp.services import audit, runtime, wake_ups
from webapp.services.audit import Actor
from webapp.services.errors import NotFound, RuleBroken
from webapp.services.operations.leases import Lease
from webapp.services.operations.outcomes import end, locked_payment
from webapp.services.unit_of_work import Tx, in_transaction

ASK_AGAIN_AFTER = timedelta(seconds=10)
_STOPPABLE = frozenset({OperationState.QUEUED, OperationState.AWAITING_APPROVAL})


def stop(operation_id: uuid.UUID, shop_ids: Collection[uuid.UUID], actor: Actor, *, may_stop_any: bool) -> None:
    """Withdraw an operation before it is sent; its reservation is released.

    Raises NotFound, or RuleBroken `not_yours` or `too_late` (it is being sent, or its fate is not known).
    """

    def work(tx: Tx) -> None:
        operation = _in_shops(tx, operation_id, shop_ids)
        locked_payment(tx, operation.payment_id)
        tx.refresh(operation, with_for_update=True)
        now = runtime.current().clock.now(tx)
        if operation.requested_by != actor.user_id and not may_stop_any:
            raise RuleBroken("not_yours")
        held = operation.lease_until is not None and operation.lease_until >= now
        if operation.state not in _STOPPABLE or operation.in_doubt or held:
            raise RuleBroken("too_late")
        lease = Lease(operation.id, operation.fence, now)
        end(tx, lease, operation, OperationState.WITHDRAWN, now, code="stopped", actor=actor)

    in_transaction(work)


def ask_provider(operation_id: uuid.UUID, shop_ids: Collection[uuid.UUID], actor: Actor) -> bool:
    """Have a worker read the payment now; False when it was asked moments ago or is being read.

    Only for what is in doubt or pending; never causes a second effect by itself. Raises NotFound, or RuleBroken
    `nothing_to_ask`.
    """

    def work(tx: Tx) -> bool:
        operation = _in_shops(tx, operation_id, shop_ids)
        if operation.state not in {OperationState.UNKNOWN, OperationState.PENDING}:
            raise RuleBroken("nothing_to_ask")
        return ask_within(tx, operation, actor)

    return in_transaction(work)


def ask_within(tx: Tx, operation: Operation, actor: Actor) -> bool:
    """What `ask_provider` does, in the caller's transaction; the operation is in doubt or pending."""
    now = runtime.current().clock.now(tx)
    asked = tx.execute(
        update(Operation)
        .where(Operation.id == operation.id, Operation.fence == operation.fence)
        .where(or_(Operation.lease_until.is_(None), Operation.lease_until < now))
        .where(Operation.due_at > now + ASK_AGAIN_AFTER)
        .values(due_at=now)
        .execution_options(synchronize_session=False)
        .returning(Operation.id)
    ).one_or_none()
    if asked is None:
        return False
    wake_ups.for_operation(tx, operation.id, now)
    subject = ("operation", operation.id)
    audit.write(tx, actor, "operation.asked", subject, shop_id=operation.shop_id, details={}, at=now)
    return True


def _in_shops(tx: Tx, operation_id: uuid.UUID, shop_ids: Collection[uuid.UUID]) -> Operation:
    operation = tx.scalars(
        select(Operation).where(Operation.id == operation_id, Operation.shop_id.in_(shop_ids))
    ).one_or_none()
    if operation is None:
        raise NotFound(f"operation {operation_id}")
    return operation
