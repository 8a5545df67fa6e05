"""Where the order list takes its ids from: walks along indexes that hold the ids in the list's own order.

Each walk gives no more ids than the page holds and reads little more than it gives, however many orders there are;
the walks of several shops are then merged. What few rows meet (a search, "needs attention") is a bounded list of ids
instead, and so is a filter on payments together with one on the order's status, which no index holds both.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select, Subquery, false, func, select, tuple_, union_all

from webapp.models import Order, OrderStatus, Payment, ProviderAccount
from webapp.models.order_import import order_is_shown
from webapp.services.orders import filters
from webapp.services.orders.cursors import Cursor
from webapp.services.orders.filters import OrderFilter
from webapp.services.unit_of_work import Tx

RARE = 20_000
"""Payments of a shop up to which a filter on payments and status is answered from the payments' index."""

Key = tuple[Any, Any]
ORDER_KEY: Key = (Order.ordered_at, Order.id)
PAYMENT_KEY: Key = (Payment.ordered_at, Payment.order_id)

Ways = Sequence[tuple[Key, Sequence[Any]]]
"""What is walked along, by its sort key, and the conditions that the rows meet."""


def ways(tx: Tx, wanted: OrderFilter) -> Ways:
    """The walks that together bring what is wanted."""
    lists: list[Any] = []
    if wanted.search:
        lists.append(filters.orders_found(tx, wanted))
    if wanted.number:
        lists.append(filters.orders_of_number(wanted))
    if wanted.attention:
        lists.append(filters.orders_needing_attention(wanted))
    if lists:  # they are bound to the shops already, and naming the shops again would lead SQLite to their orders
        tests = [filters.has_payment(wanted)] if wanted.about_payments else []
        return [(ORDER_KEY, [*(Order.id.in_(each) for each in lists), *_status(wanted, in_list=True), *tests])]
    shops = sorted(wanted.shop_ids)
    if not wanted.about_payments:
        return [(ORDER_KEY, _by_time(wanted.of_shop(shop_id))) for shop_id in shops]
    if wanted.status:
        counts = _matching_payments(tx, wanted)
        found = [(wanted.of_shop(shop_id), counts.get(shop_id, 0)) for shop_id in shops]
        return [(ORDER_KEY, _by_status_and_payment(of_shop, count)) for of_shop, count in found if count]
    return [(PAYMENT_KEY, conditions) for conditions in _along_payments(tx, wanted, shops)]


def hits(wanted: OrderFilter, found: Ways, cursor: Cursor | None, limit: int) -> Select[uuid.UUID, Any]:
    """Ids and moments of at most `limit` orders, merged from all ways, in the direction that `cursor` has."""
    newest_first = cursor is None or not cursor.newer
    walks = [
        select(key[1].label("id"), key[0].label("ordered_at"))
        .where(*conditions, *_span(wanted, cursor, key), *_seen(key))
        .order_by(*in_direction(key, newest_first=newest_first))
        .limit(limit)
        for key, conditions in found or [(ORDER_KEY, [false()])]
    ]
    if found and found[0][0] is PAYMENT_KEY:
        walks = [walk.distinct() for walk in walks]  # an order may have several such payments
    if len(walks) == 1:
        return walks[0]
    parts: Subquery = union_all(*(select(walk.subquery()) for walk in walks)).subquery()
    key = (parts.c.ordered_at, parts.c.id)
    return select(parts.c.id, parts.c.ordered_at).order_by(*in_direction(key, newest_first=newest_first)).limit(limit)


def in_direction(key: Key, *, newest_first: bool) -> Key:
    """The sort key as an ORDER BY."""
    return (key[0].desc(), key[1].desc()) if newest_first else key


def _seen(key: Key) -> list[Any]:
    """Payments never hang on orders that may not be seen yet, so walks along them need not ask."""
    return [] if key is PAYMENT_KEY else [order_is_shown]


def _by_time(wanted: OrderFilter) -> list[Any]:
    return [Order.shop_id == min(wanted.shop_ids), Order.mode == wanted.mode, *_status(wanted)]


def _along_payments(tx: Tx, wanted: OrderFilter, shops: Sequence[uuid.UUID]) -> list[list[Any]]:
    """Conditions on payments, one list a shop or account: only of equalities does an index give them by time."""
    if wanted.payment_state is not None or wanted.method:
        # the provider as a mere test, or SQLite might walk along it, which narrows less
        same = filters.payment_conditions(wanted)
        return [[Payment.shop_id == shop_id, Payment.mode == wanted.mode, *same] for shop_id in shops]
    accounts = tx.execute(
        select(ProviderAccount.shop_id, ProviderAccount.id).where(
            ProviderAccount.shop_id.in_(shops),
            ProviderAccount.mode == wanted.mode,
            ProviderAccount.provider == wanted.provider,
        )
    ).all()
    return [
        [Payment.shop_id == shop_id, Payment.mode == wanted.mode, Payment.account_id == account_id]
        for shop_id, account_id in accounts
    ]


def _by_status_and_payment(wanted: OrderFilter, count: int) -> list[Any]:
    if count <= RARE:
        return [Order.id.in_(filters.orders_with_payment(wanted)), *_status(wanted, in_list=True)]
    return [*_by_time(wanted), filters.has_payment(wanted)]


def _matching_payments(tx: Tx, wanted: OrderFilter) -> Mapping[uuid.UUID, int]:
    """How many payments of each shop meet the filter, counted only until they are not rare."""
    some = [filters.payments_of(wanted.of_shop(shop_id)).limit(RARE + 1).subquery() for shop_id in wanted.shop_ids]
    each = union_all(*(select(one.c.shop_id, func.count().label("payments")).group_by(one.c.shop_id) for one in some))
    return {row.shop_id: row.payments for row in tx.execute(each)}


def _status(wanted: OrderFilter, *, in_list: bool = False) -> list[Any]:
    if not wanted.status:
        return []
    ids = select(OrderStatus.id).where(OrderStatus.code == wanted.status, OrderStatus.shop_id.in_(wanted.shop_ids))
    # one shop has one status of that code: an equality, so that the index gives the rows by time
    return [Order.status_id.in_(ids) if in_list else Order.status_id == ids.scalar_subquery()]


def _span(wanted: OrderFilter, cursor: Cursor | None, key: Key) -> list[Any]:
    conditions: list[Any] = []
    if wanted.ordered_from is not None:
        conditions.append(key[0] >= wanted.ordered_from)
    if wanted.ordered_before is not None:
        conditions.append(key[0] < wanted.ordered_before)
    if cursor is not None:
        place, here = tuple_(*key), tuple_(cursor.ordered_at, cursor.id)
        conditions.append(place > here if cursor.newer else place < here)
    return conditions
