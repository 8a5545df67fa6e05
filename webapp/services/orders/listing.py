"""The order list: one page of it in at most five SQL statements, however many orders there are.

The ids come from walks along indexes (walks.py); counting stops at a bound, and sums are made only within it.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from sqlalchemy import CTE, Select, Subquery, func, literal_column, select, true

from webapp.models import Order, OrderStatus, Shop
from webapp.models.base import at_most
from webapp.models.order_import import order_is_shown
from webapp.services.orders import filters, walks
from webapp.services.orders.cursors import Cursor
from webapp.services.orders.filters import OrderFilter
from webapp.services.orders.rows import OF_ORDER, OrderRow, with_payments
from webapp.services.orders.walks import Known
from webapp.services.unit_of_work import Tx, reading

PAGE_SIZE = 25
KEPT = 64
"""Statements that are kept as they were made: people look at the same few lists, and making one takes as long as
asking it. A new search, or a page further back, is made anew."""
MOST_COUNTED = filters.MOST_FOUND  # a search takes no more, so counting further would say too little


@dataclass(frozen=True, slots=True)
class OrderPage:
    """Rows newest first, the neighbouring pages, and the count with the orders' sums by currency.

    `count` and `sums` are None beyond MOST_COUNTED orders. `is_partial` says that a search's text finds so many orders
    that some were not looked at.
    """

    rows: Sequence[OrderRow]
    newer: Cursor | None
    older: Cursor | None
    count: int | None
    sums: Mapping[str, int] | None
    is_partial: bool = False


def list_orders(tx: Tx, wanted: OrderFilter, cursor: Cursor | None = None, size: int = PAGE_SIZE) -> OrderPage:
    """One page of what `wanted` asks for, `cursor` saying where it begins."""
    if not wanted.shop_ids:
        return OrderPage([], None, None, 0, {})
    page = _read(tx, wanted, cursor, size)
    # a search for few, which nothing narrows, has just been counted
    may_be = wanted.search and (page.count is None or wanted.narrows)
    return replace(page, is_partial=is_partial(tx, wanted)) if may_be else page


def is_partial(tx: Tx, wanted: OrderFilter) -> bool:
    """Whether the search's text finds more orders than a search takes, so that a list of them lacks some."""
    if not (wanted.search and wanted.shop_ids):
        return False
    return bool(tx.execute(_left_out(wanted, on_postgresql=tx.get_bind().dialect.name == "postgresql")).scalar_one())


def _read(tx: Tx, wanted: OrderFilter, cursor: Cursor | None, size: int) -> OrderPage:
    query, some = _page(wanted, walks.know(tx, wanted), cursor, size)
    found = tx.execute(query).all()
    has_more = len(found) > size
    found = found[:size]
    if cursor is not None and cursor.newer:
        found = found[::-1]
    rows = with_payments(tx, found)
    newer, older = _neighbours(rows, cursor, has_more=has_more)
    if newer is None and older is None:
        return OrderPage(rows, None, None, len(rows), _sums(rows))
    first = found[0]  # every row says the same of all
    if first.counted > MOST_COUNTED:
        return OrderPage(rows, newer, older, None, None)
    is_one = first.currencies == 1
    sums = {first.one_currency: int(first.sum_of_all)} if is_one else _sums_by_currency(tx, some)
    return OrderPage(rows, newer, older, first.counted, sums)


@lru_cache(KEPT)
def _page(wanted: OrderFilter, known: Known, cursor: Cursor | None, size: int) -> tuple[Select[Any], CTE]:
    """The statement of one page, and the part of it that is counted."""
    ways = walks.ways(wanted, known)
    some = walks.hits(wanted, ways, None, max(MOST_COUNTED, size) + 1).cte("some")
    hits = _newest(some, size + 1) if cursor is None else walks.hits(wanted, ways, cursor, size + 1).subquery("hits")
    rows = _rows(hits, wanted, newest_first=cursor is None or not cursor.newer)
    facts, of_few = _facts(some)
    beside = rows.add_columns(facts.c.counted, *of_few.c).join(facts, true()).join(of_few, true())
    return beside, some


@lru_cache(KEPT)
def _left_out(wanted: OrderFilter, *, on_postgresql: bool) -> Select[bool]:
    return filters.finds_more_than_it_takes(wanted, on_postgresql=on_postgresql)


def _newest(some: CTE, size: int) -> Subquery:
    """The first page of what is counted anyway: one walk serves both."""
    key = (some.c.ordered_at, some.c.id)
    return select(some.c.id).order_by(*walks.in_direction(key, newest_first=True)).limit(at_most(size)).subquery("hits")


def all_orders(wanted: OrderFilter, size: int = 500) -> Iterator[OrderRow]:
    """Every row of the list, newest first, read page by page in units of work of their own."""
    cursor: Cursor | None = None
    while True:
        with reading() as tx:
            if not wanted.shop_ids:
                return
            ways = walks.ways(wanted, walks.know(tx, wanted))
            hits = walks.hits(wanted, ways, cursor, size).subquery("hits")
            rows = with_payments(tx, tx.execute(_rows(hits, wanted, newest_first=True)).all())
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


def _rows(hits: Subquery, wanted: OrderFilter, *, newest_first: bool) -> Select[*tuple[Any, ...]]:
    needs_attention = true() if wanted.attention else filters.needs_attention()  # what was asked for is not asked again
    return (
        select(
            *OF_ORDER,
            Shop.name.label("shop"),
            OrderStatus.name.label("status"),
            OrderStatus.kind.label("status_kind"),
            needs_attention.label("needs_attention"),
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


def _facts(some: CTE) -> tuple[CTE, CTE]:
    """One row each, to stand beside every row of the list: the count; and of few orders the currencies and the sum."""
    facts = select(func.count().label("counted")).select_from(some).cte("facts")
    is_few = select(facts.c.counted).scalar_subquery() <= literal_column(str(MOST_COUNTED))
    of_few = (
        select(
            func.count(Order.currency.distinct()).label("currencies"),
            func.min(Order.currency).label("one_currency"),
            func.sum(Order.total_minor).label("sum_of_all"),
        )
        .select_from(some)
        .join(Order, Order.id == some.c.id)
        .where(is_few)
    )
    return facts, of_few.cte("of_few")


def _sums_by_currency(tx: Tx, some: CTE) -> Mapping[str, int]:
    """Sums of all that was counted, which is not many, where they are of several currencies."""
    by_currency = (
        select(Order.currency, func.sum(Order.total_minor))
        .select_from(some)
        .join(Order, Order.id == some.c.id)
        .group_by(Order.currency)
    )
    return {currency: int(total) for currency, total in tx.execute(by_currency)}
