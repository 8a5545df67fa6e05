"""The rows of the order list and of its file."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select

from webapp.domain.payment_state import PaymentState, payment_state
from webapp.models import Order, Payment, ProviderAccount, StatusKind
from webapp.services.operations.wishes import sums_of
from webapp.services.unit_of_work import Tx


@dataclass(frozen=True, slots=True)
class PaymentLine:
    """A payment as the list shows it; sums in minor units of the order's currency."""

    provider: str
    method: str
    provider_ref: str
    state: PaymentState
    captured_minor: int
    refunded_minor: int


@dataclass(frozen=True, slots=True)
class OrderRow:
    """One line of the list. The buyer's address is masked."""

    id: uuid.UUID
    number: str
    shop: str
    status: str
    status_kind: StatusKind
    buyer: str
    ordered_at: datetime
    currency: str
    total_minor: int
    needs_attention: bool
    payments: Sequence[PaymentLine]


OF_ORDER = (
    *(Order.id, Order.number, Order.buyer_name, Order.buyer_email),
    *(Order.ordered_at, Order.currency, Order.total_minor),
)
"""What a row needs of its order: whole orders and payments cost more to build than to read."""

_OF_PAYMENT = (
    *(Payment.order_id, Payment.method, Payment.provider_ref, Payment.provider_state, Payment.frozen_at),
    *(Payment.authorised_minor, Payment.cancelled_minor, Payment.captured_minor, Payment.refunded_minor),
    *(Payment.capture_reserved_minor, Payment.cancel_reserved_minor, Payment.refund_reserved_minor),
    Payment.excess_minor,
)
_PAYMENTS = (
    select(*_OF_PAYMENT, ProviderAccount.provider)
    .join(ProviderAccount, ProviderAccount.id == Payment.account_id)
    .where(Payment.order_id.in_(bindparam("of_orders", expanding=True)))
    .order_by(Payment.created_at, Payment.id)
)


def with_payments(tx: Tx, found: Sequence[Any]) -> list[OrderRow]:
    """The rows of the list's query as the list shows them, each with its payments; one statement."""
    payments: dict[uuid.UUID, list[PaymentLine]] = defaultdict(list)
    ids = [row.id for row in found]
    for payment in tx.execute(_PAYMENTS, {"of_orders": ids}) if ids else ():
        payments[payment.order_id].append(_line(payment))
    return [_row(row, payments[row.id]) for row in found]


def _row(found: Any, payments: Sequence[PaymentLine]) -> OrderRow:
    return OrderRow(
        id=found.id,
        number=found.number,
        shop=found.shop,
        status=found.status,
        status_kind=found.status_kind,
        buyer=found.buyer_name or masked(found.buyer_email or ""),
        ordered_at=found.ordered_at,
        currency=found.currency,
        total_minor=found.total_minor,
        needs_attention=bool(found.needs_attention),
        payments=payments,
    )


def _line(payment: Any) -> PaymentLine:
    state = payment_state(sums_of(payment), payment.provider_state, held=payment.frozen_at is not None)
    return PaymentLine(
        payment.provider, payment.method, payment.provider_ref, state, payment.captured_minor, payment.refunded_minor
    )


def masked(email: str) -> str:
    """An address as lists show it: enough to recognise, too little to write to (14.2.6)."""
    name, at, host = email.partition("@")
    return f"{name[:2]}…{at}{host}" if at else email
