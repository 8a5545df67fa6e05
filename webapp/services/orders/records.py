"""Orders as the REST API hands them out: whole, with their payments; a page of them in at most five SQL statements."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import undefer

from webapp.models import Mode, Order, OrderStatus, Payment, ProviderAccount, Shop
from webapp.models.order_import import order_is_shown
from webapp.services.errors import NotFound
from webapp.services.orders import walks
from webapp.services.orders.actions import ShownPayment, shown_payment
from webapp.services.orders.cursors import Cursor
from webapp.services.orders.filters import OrderFilter
from webapp.services.unit_of_work import Tx


@dataclass(frozen=True, slots=True)
class OrderRecord:
    """One order; its payments without their movements."""

    order: Order
    shop: Shop
    status: OrderStatus
    payments: Sequence[ShownPayment]


def get_record(tx: Tx, order_id: uuid.UUID, shop_ids: Collection[uuid.UUID], mode: Mode) -> OrderRecord:
    """One order. NotFound when it is in none of those shops or of the other mode (I18)."""
    found = tx.scalars(
        select(Order.id).where(Order.id == order_id, Order.shop_id.in_(shop_ids), Order.mode == mode, order_is_shown)
    ).one_or_none()
    if found is None:
        raise NotFound(f"order {order_id}")
    return _records(tx, [found])[0]


def page_of_records(
    tx: Tx, wanted: OrderFilter, cursor: Cursor | None, size: int
) -> tuple[Sequence[OrderRecord], Cursor | None]:
    """At most `size` orders, newest first, and where the next page begins; None after the last."""
    if not wanted.shop_ids:
        return [], None
    ways = walks.ways(wanted, walks.know(tx, wanted))
    hits = tx.execute(walks.hits(wanted, ways, cursor, size + 1)).all()
    records = _records(tx, [row.id for row in hits[:size]])
    if len(hits) <= size:
        return records, None
    last = records[-1].order
    return records, Cursor(last.ordered_at, last.id)


def find_payment(tx: Tx, payment_id: uuid.UUID, shop_ids: Collection[uuid.UUID], mode: Mode) -> Payment:
    """One payment. NotFound when it is in none of those shops or of the other mode (I18)."""
    mine = Payment.id == payment_id, Payment.shop_id.in_(shop_ids), Payment.mode == mode
    payment = tx.scalars(select(Payment).where(*mine)).one_or_none()
    if payment is None:
        raise NotFound(f"payment {payment_id}")
    return payment


def _records(tx: Tx, ids: Sequence[uuid.UUID]) -> list[OrderRecord]:
    payments: dict[uuid.UUID, list[ShownPayment]] = defaultdict(list)
    of_orders = (
        select(Payment, ProviderAccount)
        .join(ProviderAccount, ProviderAccount.id == Payment.account_id)
        .where(Payment.order_id.in_(ids))
        .order_by(Payment.created_at, Payment.id)
        .options(undefer(Payment.open_lines), undefer(Payment.refundable_lines))
    )
    for payment, account in tx.execute(of_orders) if ids else ():
        payments[payment.order_id].append(shown_payment(payment, account, []))
    orders = (
        select(Order, Shop, OrderStatus)
        .join(Shop, Shop.id == Order.shop_id)
        .join(OrderStatus, OrderStatus.id == Order.status_id)
        .where(Order.id.in_(ids))
        .execution_options(populate_existing=True)
    )
    found = {
        order.id: OrderRecord(order, shop, status, payments[order.id])
        for order, shop, status in (tx.execute(orders) if ids else ())
    }
    return [found[order_id] for order_id in ids]
