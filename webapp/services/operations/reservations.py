"""Reservations on a payment, made and released in one statement each (R31)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Update, and_, bindparam, case, null, update
from sqlalchemy.orm import InstrumentedAttribute

from providers.kinds import OperationKind
from webapp.models import Payment
from webapp.models.base import table_of
from webapp.services.unit_of_work import Tx, rows_changed

EXCESS = "excess"

RESERVED_OF: Mapping[OperationKind, InstrumentedAttribute[int]] = MappingProxyType(
    {
        OperationKind.CAPTURE: Payment.capture_reserved_minor,
        OperationKind.CANCEL: Payment.cancel_reserved_minor,
        OperationKind.REFUND: Payment.refund_reserved_minor,
    }
)
_RESERVED: Mapping[str, InstrumentedAttribute[int]] = {kind.value: column for kind, column in RESERVED_OF.items()}


def rest(kind: OperationKind, of: Any = Payment) -> ColumnElement[int]:
    """What is neither moved nor promised, as SQL, in minor units; `kind` as it reserves (`domain.reserved_as`).

    `of` is the model, or the columns of its table.
    """
    left: ColumnElement[int]
    if kind is OperationKind.REFUND:
        left = of.captured_minor - of.refunded_minor - of.refund_reserved_minor
    else:
        moved = of.authorised_minor - of.captured_minor - of.cancelled_minor
        left = moved - of.capture_reserved_minor - of.cancel_reserved_minor
    return left


def reserve(tx: Tx, payment_id: uuid.UUID, kind: OperationKind, amount_minor: int) -> bool:
    """Promise an amount to an operation; False when there is not enough or the payment is frozen.

    The session's own copy of the payment is not changed by it.
    """
    return rows_changed(tx, _reserving(kind), {"of_payment": payment_id, "amount": amount_minor}) == 1


@cache  # built once: a job files thousands of operations in transactions that have to be short (R21)
def _reserving(kind: OperationKind) -> Update:
    table, amount = table_of(Payment), bindparam("amount", type_=BigInteger)
    reserved = table.c[RESERVED_OF[kind].key]
    return (
        update(table)
        .where(table.c.id == bindparam("of_payment"), table.c.frozen_at.is_(None), rest(kind, table.c) >= amount)
        .values({reserved: reserved + amount})
    )


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
