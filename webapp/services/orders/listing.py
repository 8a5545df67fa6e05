"""The order list: one page of it in at most five SQL statements, however many orders there are.

The ids come from walks along indexes (walks.py); counting stops at a bound, and sums are made only within it.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, Subquery, func, select

from webapp.models import Order, OrderStatus, Shop
from webapp.models.order_import import order_is_shown
from webapp.services.orders import filters, walks
from webapp.services.orders.cursors import Cursor
from webapp.services.orders.filters import OrderFilter
from webapp.services.orders.rows import OF_ORDER, OrderRow, with_payments
from webapp.services.unit_of_work import Tx, reading

PAGE_SIZE = 50
MOST_COUNTED = 1000


@dataclass(frozen=True, slots=True)
class OrderPage:
    """Rows newest first, the neighbouring pages, and the count with the orders' sums by currency.

    `count` and `sums` are None beyond MOST_COUNTED orders.
    """

    rows: Sequence[OrderRow]
    newer: Cursor | None
    older: Cursor | None
    count: int | None
    sums: Mapping[str, int] | None


def list_orders(tx: Tx, wanted: OrderFilter, cursor: Cursor | None = None, size: int = PAGE_SIZE) -> OrderPage:
    """One page of what `wanted` asks for, `cursor` saying where it begins."""
    if not wanted.shop_ids:
        return OrderPage([], None, None, 0, {})
    ways = walks.ways(tx, wanted)
    hits = walks.hits(wanted, ways, cursor, size + 1).subquery("hits")
    found = tx.execute(_rows(hits, newest_first=cursor is None or not cursor.newer)).all()
    has_more = len(found) > size
    found = found[:size]
    if cursor is not None and cursor.newer:
        found = found[::-1]
    rows = with_payments(tx, found)
    newer, older = _neighbours(rows, cursor, has_more=has_more)
    if newer is None and older is None:
        return OrderPage(rows, None, None, len(rows), _sums(rows))
    count, sums = _count(tx, wanted, ways)
    return OrderPage(rows, newer, older, count, sums)


def all_orders(wanted: OrderFilter, size: int = 500) -> Iterator[OrderRow]:
    """Every row of the list, newest first, read page by page in units of work of their own."""
    cursor: Cursor | None = None
    while True:
        with reading() as tx:
            if not wanted.shop_ids:
                return
            hits = walks.hits(wanted, walks.ways(tx, wanted), cursor, size).subquery("hits")
            rows = with_payments(tx, tx.execute(_rows(hits, newest_first=True)).all())
        yield from rows
        if len(rows) < size:
            return
        cursor = Cursor(rows[-1].ordered_at, rows[-1].id)


def find_by_number(tx: Tx, wanted: OrderFilter) -> uuid.UUID | None:
    """The one order whose number is exactly what was searched for; None when there is none, or more than one."""
    found = tx.scalars(
        select(Order.id)
        .where(Order.shop_id.in_(wanted.shop_ids), Order.mode == wanted.mode, Order.number == wanted.search)
        .where(order_is_shown)
        .limit(2)
    ).all()
    return found[0] if len(found) == 1 else None


def _rows(hits: Subquery, *, newest_first: bool) -> Select[*tuple[Any, ...]]:
    return (
        select(
            *OF_ORDER,
            Shop.name.label("shop"),
            OrderStatus.name.label("status"),
            OrderStatus.kind.label("status_kind"),
            filters.needs_attention().label("needs_attention"),
        )
        .select_from(hits)
        .join(Order, Order.id == hits.c.id)
        .join(Shop, Shop.id == Order.shop_id)
        .join(OrderStatus, OrderStatus.id == Order.status_id)
        .order_by(*walks.in_direction(walks.ORDER_KEY, newest_first=newest_first))
    )


def _neighbours(
    rows: Sequence[OrderRow], cursor: Cursor | None, *, has_more: bool
) -> tuple[Cursor | None, Cursor | None]:
    if not rows:
        return None, None
    first, last = rows[0], rows[-1]
    came_up = cursor is not None and cursor.newer
    is_newer = has_more if came_up else cursor is not None
    is_older = True if came_up else has_more
    newer = Cursor(first.ordered_at, first.id, newer=True) if is_newer else None
    return newer, Cursor(last.ordered_at, last.id) if is_older else None


def _sums(rows: Sequence[OrderRow]) -> Mapping[str, int]:
    sums: dict[str, int] = defaultdict(int)
    for row in rows:
        sums[row.currency] += row.total_minor
    return dict(sums)


def _count(tx: Tx, wanted: OrderFilter, ways: walks.Ways) -> tuple[int | None, Mapping[str, int] | None]:
    """How many there are and their sums, both None beyond the bound: then no order is read for it."""
    found = walks.hits(wanted, ways, None, MOST_COUNTED + 1).cte("found")
    in_bound = select(func.count()).select_from(found).scalar_subquery() <= MOST_COUNTED
    by_currency = (
        select(Order.currency, func.count(), func.sum(Order.total_minor))
        .select_from(found)
        .join(Order, Order.id == found.c.id)
        .where(in_bound)
        .group_by(Order.currency)
    )
    counted = tx.execute(by_currency).all()
    if not counted:  # there are rows, or nobody would count
        return None, None
    return sum(row[1] for row in counted), {currency: int(total) for currency, _rows, total in counted}
