"""The order list: one page of it in at most five SQL statements, however many orders there are.

Each shop is walked along its own index (shop, mode, moment, id) and gives no more rows than the page holds; the
shops' rows are then merged. Counting stops at a bound.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, Subquery, false, func, select, tuple_, union_all

from webapp.models import Order, OrderStatus, Shop, StatusKind
from webapp.models.order_import import order_is_shown
from webapp.services.orders import filters
from webapp.services.orders.cursors import Cursor
from webapp.services.orders.filters import OrderFilter
from webapp.services.orders.rows import OrderRow, with_payments
from webapp.services.unit_of_work import Tx, reading

PAGE_SIZE = 50
MOST_COUNTED = 1000
RARE = 20_000
"""Payments of a shop up to which a filter on payments is answered from their own index."""


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
    ways = _ways(tx, wanted)
    hits = _hits(wanted, ways, cursor, size + 1)
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
            hits = _hits(wanted, _ways(tx, wanted), cursor, size)
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


_Ways = Sequence[Sequence[Any]]
"""Where the walk starts, as conditions on orders: at lists of ids, or at one shop's orders by time, a way each."""


def _ways(tx: Tx, wanted: OrderFilter) -> _Ways:
    lists: list[Any] = []
    if wanted.search:
        lists.append(filters.orders_found(tx, wanted))
    if wanted.attention:
        lists.append(filters.orders_needing_attention(wanted))
    if lists:  # they are bound to the shops already, and naming the shops again would lead SQLite to their orders
        tests = [filters.has_payment(wanted)] if wanted.about_payments else []
        return [[*(Order.id.in_(each) for each in lists), *_status(wanted, in_list=True), *tests]]
    shops = sorted(wanted.shop_ids)
    if not wanted.about_payments:
        return [_by_time(wanted.of_shop(shop_id)) for shop_id in shops]
    counts = _matching_payments(tx, wanted)
    return [_by_payment(wanted.of_shop(shop_id), counts[shop_id]) for shop_id in shops if counts.get(shop_id)]


def _by_time(wanted: OrderFilter) -> list[Any]:
    return [Order.shop_id == min(wanted.shop_ids), Order.mode == wanted.mode, *_status(wanted)]


def _by_payment(wanted: OrderFilter, count: int) -> list[Any]:
    if count <= RARE:
        return [Order.id.in_(filters.orders_with_payment(wanted)), *_status(wanted, in_list=True)]
    return [*_by_time(wanted), filters.has_payment(wanted)]


def _matching_payments(tx: Tx, wanted: OrderFilter) -> Mapping[uuid.UUID, int]:
    """How many payments of each shop meet the filter, counted only until they are not rare."""
    some = [filters.payments_of(wanted.of_shop(shop_id)).limit(RARE + 1).subquery() for shop_id in wanted.shop_ids]
    each = union_all(*(select(one.c.shop_id, func.count().label("payments")).group_by(one.c.shop_id) for one in some))
    return {row.shop_id: row.payments for row in tx.execute(each)}


def _hits(wanted: OrderFilter, ways: _Ways, cursor: Cursor | None, limit: int) -> Subquery:
    """Ids, moments and totals of the page's orders, merged from all ways."""
    newest_first = cursor is None or not cursor.newer
    walks = [
        select(Order.id, Order.ordered_at, Order.currency, Order.total_minor)
        .where(*conditions, *_span(wanted, cursor), order_is_shown)
        .order_by(*_order(newest_first=newest_first))
        .limit(limit)
        for conditions in ways or [[false()]]
    ]
    if len(walks) == 1:
        return walks[0].subquery("hits")
    parts = union_all(*(select(walk.subquery()) for walk in walks)).subquery()
    merged = select(parts).order_by(
        *((parts.c.ordered_at.desc(), parts.c.id.desc()) if newest_first else (parts.c.ordered_at, parts.c.id))
    )
    return merged.limit(limit).subquery("hits")


def _status(wanted: OrderFilter, *, in_list: bool = False) -> list[Any]:
    if not wanted.status:
        return []
    ids = select(OrderStatus.id).where(OrderStatus.code == wanted.status, OrderStatus.shop_id.in_(wanted.shop_ids))
    # one shop has one status of that code: an equality, so that the index gives the rows by time
    return [Order.status_id.in_(ids) if in_list else Order.status_id == ids.scalar_subquery()]


def _span(wanted: OrderFilter, cursor: Cursor | None) -> list[Any]:
    conditions: list[Any] = []
    if wanted.ordered_from is not None:
        conditions.append(Order.ordered_at >= wanted.ordered_from)
    if wanted.ordered_before is not None:
        conditions.append(Order.ordered_at < wanted.ordered_before)
    if cursor is not None:
        key, here = tuple_(Order.ordered_at, Order.id), tuple_(cursor.ordered_at, cursor.id)
        conditions.append(key > here if cursor.newer else key < here)
    return conditions


def _order(*, newest_first: bool) -> tuple[Any, Any]:
    return (Order.ordered_at.desc(), Order.id.desc()) if newest_first else (Order.ordered_at, Order.id)


def _rows(hits: Subquery, *, newest_first: bool) -> Select[Order, str, str, StatusKind, bool]:
    return (
        select(
            Order,
            Shop.name.label("shop"),
            OrderStatus.name.label("status"),
            OrderStatus.kind.label("status_kind"),
            filters.needs_attention().label("needs_attention"),
        )
        .select_from(hits)
        .join(Order, Order.id == hits.c.id)
        .join(Shop, Shop.id == Order.shop_id)
        .join(OrderStatus, OrderStatus.id == Order.status_id)
        .order_by(*_order(newest_first=newest_first))
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


def _count(tx: Tx, wanted: OrderFilter, ways: _Ways) -> tuple[int | None, Mapping[str, int] | None]:
    hits = _hits(wanted, ways, None, MOST_COUNTED + 1)
    by_currency = select(hits.c.currency, func.count(), func.sum(hits.c.total_minor)).group_by(hits.c.currency)
    counted = tx.execute(by_currency).all()
    count = sum(rows for _currency, rows, _sum in counted)
    if count > MOST_COUNTED:
        return None, None
    return count, {currency: int(total) for currency, _rows, total in counted}
