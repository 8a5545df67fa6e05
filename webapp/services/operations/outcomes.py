"""How an operation ends: its reservation, secrets, failure notice, audit entry and who waits for it (I16)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, null, select, update

from webapp.domain.operations import NOT_TERMINAL, OperationState, reserved_as
from webapp.models import Attempt, Operation, Payment
from webapp.models.base import among, table_of
from webapp.services import audit, wake_ups
from webapp.services.audit import SYSTEM, Actor
from webapp.services.mails import failures
from webapp.services.operations.leases import Lease, move
from webapp.services.operations.reservations import release
from webapp.services.unit_of_work import Tx, rows_changed

OTHER_OPERATION = "other_operation"
EARLIER_STEP = "earlier_step"  # of the same wish

_ATTEMPTS, _OPERATIONS = table_of(Attempt), table_of(Operation)
_LOCK_PAYMENT = (
    select(Payment)
    .where(Payment.id == bindparam("of_payment"))
    .with_for_update()
    .execution_options(populate_existing=True)
)
_LOCK_OPERATION = (
    select(Operation)
    .where(Operation.id == bindparam("of_operation"))
    .with_for_update()
    .execution_options(populate_existing=True)
)
_UNDER_WAY = (
    select(Operation)
    .where(Operation.payment_id == bindparam("of_payment"), among(Operation.state, NOT_TERMINAL))
    .order_by(Operation.created_at, Operation.id)
    .with_for_update()
    .execution_options(populate_existing=True)
)
_FORGET_CALLS = (
    update(_ATTEMPTS)
    .where(_ATTEMPTS.c.operation_id == bindparam("of_operation"), _ATTEMPTS.c.call.is_not(None))
    .values(call=null())
)
_WAKE = (
    update(_OPERATIONS)
    .where(_OPERATIONS.c.payment_id == bindparam("of_payment"), _OPERATIONS.c.state == OperationState.QUEUED)
    .where(among(_OPERATIONS.c.blocked_by, (OTHER_OPERATION, EARLIER_STEP)))
    .returning(_OPERATIONS.c.id)
)
"""Built once: every change of money runs them."""


def locked_payment(tx: Tx, payment_id: uuid.UUID) -> Payment:
    """The payment's row, locked and fresh; always the first lock of a unit of work (R22)."""
    return tx.scalars(_LOCK_PAYMENT, {"of_payment": payment_id}).one()


def locked_operation(tx: Tx, operation_id: uuid.UUID) -> Operation:
    """The operation's row, locked and fresh; after its payment's (R22)."""
    return tx.scalars(_LOCK_OPERATION, {"of_operation": operation_id}).one()


def locked_operations(tx: Tx, payment_id: uuid.UUID) -> Sequence[Operation]:
    """All operations of a payment that have not ended, oldest first, locked and fresh; after the payment (R22)."""
    return tx.scalars(_UNDER_WAY, {"of_payment": payment_id}).all()


def forget_calls(tx: Tx, operation_id: uuid.UUID) -> None:
    """Drop the bytes of the operation's calls: none of them will be sent again (R12)."""
    rows_changed(tx, _FORGET_CALLS, {"of_operation": operation_id})


def end(
    tx: Tx,
    lease: Lease,
    operation: Operation,
    state: OperationState,
    now: datetime,
    *,
    code: str | None = None,
    message: str | None = None,
    release_reservation: bool = True,
    alone: bool = False,
    state_forbids: bool = False,
    actor: Actor = SYSTEM,
) -> None:
    """Bring an operation to a terminal state. LeaseLost when somebody else moved it.

    `state_forbids`: it is rejected because of the payment's state, so that nobody need try again.
    `release_reservation` is False where booking its movement has already turned the reservation into a sum,
    `alone` True where the caller has seen under the payment's lock that no other operation could wait for this one.
    """
    held_as = reserved_as(operation.kind, raises=operation.raises)
    if release_reservation and held_as is not None:
        release(tx, operation.payment_id, held_as, operation.amount_minor)
    move(tx, lease, state, now, provider_code=code, provider_message=message, state_forbids=state_forbids)
    forget_calls(tx, operation.id)
    if not alone:
        wake_next(tx, operation, now)
    if state in failures.FINAL:
        failures.note(tx, operation, now)
    note(tx, operation, state, now, code=code, actor=actor)


def wake_next(tx: Tx, operation: Operation, now: datetime) -> None:
    """Have the operations that waited for this one looked at again (I7)."""
    waiting = tx.execute(_WAKE, {"of_payment": operation.payment_id, "due_at": now}).scalars()
    for operation_id in waiting.all():
        wake_ups.for_operation(tx, operation_id, now)


def note(
    tx: Tx,
    operation: Operation,
    state: OperationState,
    now: datetime,
    *,
    code: str | None = None,
    actor: Actor = SYSTEM,
    evidence: str | None = None,
    action: str | None = None,
) -> None:
    """Write the move into the audit chain; `action` where the state alone would say too little."""
    details = {
        "kind": operation.kind.value,
        "amount_minor": operation.amount_minor,
        "currency": operation.currency,
        "code": code,
    }
    if evidence is not None:
        details["evidence"] = evidence
    subject = ("operation", operation.id)
    action = f"operation.{action or state.value}"
    audit.write(tx, actor, action, subject, shop_id=operation.shop_id, details=details, at=now)


def expire(tx: Tx, operation: Operation, code: str, now: datetime) -> None:
    """The clock ends an operation of which every attempt is proven not applied; its last reason is kept."""
    lease = Lease(operation.id, operation.fence, now)
    message = operation.provider_message
    code = operation.provider_code or code
    end(tx, lease, operation, OperationState.EXPIRED, now, code=code, message=message)


def withdraw_by_desk(tx: Tx, operation: Operation, code: str, now: datetime) -> None:
    """The desk takes back what may no longer be sent."""
    lease = Lease(operation.id, operation.fence, now)
    end(tx, lease, operation, OperationState.WITHDRAWN, now, code=code)
