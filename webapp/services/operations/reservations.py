"""Reservations on a payment, made and released in one statement each (R31)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from types import MappingProxyType

from sqlalchemy import ColumnElement, and_, case, null, update
from sqlalchemy.orm import InstrumentedAttribute

from providers.kinds import OperationKind
from webapp.models import Payment
from webapp.services.unit_of_work import Tx

EXCESS = "excess"

RESERVED_OF: Mapping[OperationKind, InstrumentedAttribute[int]] = MappingProxyType(
    {
        OperationKind.CAPTURE: Payment.capture_reserved_minor,
        OperationKind.CANCEL: Payment.cancel_reserved_minor,
        OperationKind.REFUND: Payment.refund_reserved_minor,
    }
)
_RESERVED: Mapping[str, InstrumentedAttribute[int]] = {kind.value: column for kind, column in RESERVED_OF.items()}


def rest(kind: OperationKind) -> ColumnElement[int]:
    """What is neither moved nor promised, as SQL, in minor units; `kind` as it reserves (`domain.reserved_as`)."""
    if kind is OperationKind.REFUND:
        return Payment.captured_minor - Payment.refunded_minor - Payment.refund_reserved_minor
    return (
        Payment.authorised_minor
        - Payment.captured_minor
        - Payment.cancelled_minor
        - Payment.capture_reserved_minor
        - Payment.cancel_reserved_minor
    )


def reserve(tx: Tx, payment_id: uuid.UUID, kind: OperationKind, amount_minor: int) -> bool:
    """Promise an amount to an operation; False when there is not enough or the payment is frozen."""
    reserved = RESERVED_OF[kind]
    done = tx.execute(
        update(Payment)
        .where(Payment.id == payment_id, Payment.frozen_at.is_(None), rest(kind) >= amount_minor)
        .values({reserved: reserved + amount_minor})
        .returning(Payment.id)
    ).all()
    return bool(done)


def release(tx: Tx, payment_id: uuid.UUID, kind: OperationKind, amount_minor: int) -> None:
    """Give a reservation back; only ever on proof that nothing moved (I3).

    What the provider moved beside the reservation may have raised `excess`; it falls to what is still over without
    it, and a payment that was frozen for it alone goes on.
    """
    reserved = RESERVED_OF[kind]
    left = {name: column - amount_minor if column is reserved else column for name, column in _RESERVED.items()}
    over_refunded = Payment.refunded_minor + left["refund"] - Payment.captured_minor
    taken = Payment.captured_minor + Payment.cancelled_minor + left["capture"] + left["cancel"]
    over_taken = taken - Payment.authorised_minor
    over = case((over_refunded > over_taken, over_refunded), else_=over_taken)
    only_excess = and_(Payment.frozen_reason == EXCESS, over <= 0)
    tx.execute(
        update(Payment)
        .where(Payment.id == payment_id)
        .values(
            {
                reserved: reserved - amount_minor,
                Payment.excess_minor: case((over > 0, over), else_=0),
                Payment.frozen_at: case((only_excess, null()), else_=Payment.frozen_at),
                Payment.frozen_reason: case((only_excess, null()), else_=Payment.frozen_reason),
            }
        )
        .execution_options(synchronize_session=False)
    )
