"""Where the order list takes its ids from: walks along indexes that hold the ids in the list's own order.

Each walk gives no more ids than the page holds and reads little more than it gives, however many orders there are;
the walks of several shops are then merged. A search's text is a bounded list of ids instead, and so are those that
need a look and meet further filters, and a filter on payments with one on the status, which no index holds both.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, Subquery, false, func, select, tuple_, union_all

from webapp.models import Order, OrderStatus, Payment, ProviderAccount
from webapp.models.base import at_most, unseen
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


@dataclass(frozen=True, slots=True)
class Known:
    """What the database was asked before the walks can be named, and which database it is.

    `accounts` are shops with their accounts of the provider; `rare` and `frequent` are the shops in which payments
    that meet the filter are so.
    """

    on_postgresql: bool
    accounts: tuple[tuple[uuid.UUID, uuid.UUID], ...] = ()
    rare: tuple[uuid.UUID, ...] = ()
    frequent: tuple[uuid.UUID, ...] = ()


def know(tx: Tx, wanted: OrderFilter) -> Known:
    """At most one statement, and for most filters none."""
    on_postgresql = tx.get_bind().dialect.name == "postgresql"
    if _begins_at_a_list(wanted) or not wanted.about_payments:
        return Known(on_postgresql)
    if wanted.status:
        counts = _matching_payments(tx, wanted)
        rare = tuple(sorted(shop_id for shop_id, count in counts.items() if 0 < count <= RARE))
        return Known(on_postgresql, rare=rare, frequent=tuple(sorted(counts.keys() - rare)))
    if wanted.payment_state is not None or wanted.method:
        return Known(on_postgresql)
    return Known(on_postgresql, accounts=_accounts(tx, wanted))


def ways(wanted: OrderFilter, known: Known) -> Ways:
    """The walks that together bring what is wanted."""
    more = _narrowing(wanted)
    if wanted.search:
        found = filters.orders_found(wanted, on_postgresql=known.on_postgresql).subquery("found")
        return [_at_list(found, more), *_by_total(wanted, more)]
    if wanted.attention and len(more) == 1:
        return [*_along_reasons(wanted)]
    if _begins_at_a_list(wanted):
        return [(ORDER_KEY, more)]
    shops = sorted(wanted.shop_ids)
    if not wanted.about_payments:
        return [(ORDER_KEY, _by_time(wanted.of_shop(shop_id))) for shop_id in shops]
    if wanted.status:
        few = [(ORDER_KEY, _among_payments(wanted.of_shop(shop_id))) for shop_id in known.rare]
        return few + [(ORDER_KEY, _tested_for_payments(wanted.of_shop(shop_id))) for shop_id in known.frequent]
    return [(PAYMENT_KEY, conditions) for conditions in _along_payments(wanted, known, shops)]


def hits(wanted: OrderFilter, found: Ways, cursor: Cursor | None, limit: int) -> Select[uuid.UUID, Any]:
    """Ids and moments of at most `limit` orders, merged from all ways, in the direction that `cursor` has."""
    newest_first = cursor is None or not cursor.newer
    walks = [
        _once(select(key[1].label("id"), key[0].label("ordered_at")), key)
        .where(*conditions, *_span(wanted, cursor, key), *_seen(key))
        .order_by(*in_direction(key, newest_first=newest_first))
        .limit(at_most(limit))
        for key, conditions in found or [(ORDER_KEY, [false()])]
    ]
    if len(walks) == 1:
        return walks[0]
    parts: Subquery = union_all(*(select(walk.subquery()) for walk in walks)).subquery()
    key = (parts.c.ordered_at, parts.c.id)
    merged = select(parts.c.id, parts.c.ordered_at).order_by(*in_direction(key, newest_first=newest_first))
    if wanted.search or wanted.attention:  # by its reference and by its amount; for several reasons
        merged = merged.group_by(*key)
    return merged.limit(at_most(limit))


def _once(walk: Select[Any, Any], key: Key) -> Select[Any, Any]:
    """A walk that names each order once: one may have several such payments, or be in a list for several reasons."""
    if key is ORDER_KEY:
        return walk
    return walk.group_by(*key)  # DISTINCT would be a table more on SQLite, which groups and sorts a list in one go


def in_direction(key: Key, *, newest_first: bool) -> Key:
    """The sort key as an ORDER BY."""
    return (key[0].desc(), key[1].desc()) if newest_first else key


def _seen(key: Key) -> list[Any]:
    """Payments never hang on orders that may not be seen yet, so what comes from them need not ask."""
    return [order_is_shown] if key is ORDER_KEY else []


def _by_time(wanted: OrderFilter) -> list[Any]:
    return [Order.shop_id == min(wanted.shop_ids), Order.mode == wanted.mode, *_status(wanted)]


def _begins_at_a_list(wanted: OrderFilter) -> bool:
    return bool(wanted.search or wanted.number or wanted.attention)


def _narrowing(wanted: OrderFilter) -> list[Any]:
    """What is asked of the orders besides a search; the shops are named by the lists, and naming them here would lead
    SQLite to all their orders.
    """
    conditions: list[Any] = []
    if wanted.attention:
        conditions.append(Order.id.in_(filters.orders_needing_attention(wanted)))
    if wanted.number:
        conditions.append(Order.id.in_(filters.orders_of_number(wanted)))
    if wanted.about_payments:
        conditions.append(filters.has_payment(wanted))
    return [*conditions, *_status(wanted, in_list=True)]


def _at_list(orders: Subquery, more: Sequence[Any]) -> tuple[Key, Sequence[Any]]:
    """A list that comes with the moments of its orders: only if more is asked of them are they looked up."""
    if more:
        return ORDER_KEY, [Order.id.in_(select(orders.c.order_id)), *more]
    return (orders.c.ordered_at, orders.c.order_id), []


def _by_total(wanted: OrderFilter, more: Sequence[Any]) -> Iterator[tuple[Key, Sequence[Any]]]:
    """An amount cannot be typed longer until few have it, so its orders are walked newest first like a filter's."""
    for shop_id in sorted(wanted.shop_ids):
        own = [Order.shop_id == unseen(shop_id), filters.of_mode(Order, wanted)]
        for amount in wanted.amounts:
            yield ORDER_KEY, [*own, filters.has_total(*amount), *more]


def _along_reasons(wanted: OrderFilter) -> Iterator[tuple[Key, Sequence[Any]]]:
    """On a bad day thousands of orders need a look: no more of them are read than the page counts."""
    for shop_id in sorted(wanted.shop_ids):
        for model, reason in filters.reasons_for_attention():
            own = [model.shop_id == unseen(shop_id), filters.of_mode(model, wanted)]
            yield (model.ordered_at, model.order_id), [*own, reason]


def _along_payments(wanted: OrderFilter, known: Known, shops: Sequence[uuid.UUID]) -> list[list[Any]]:
    """Conditions on payments, one list a shop or account: only of equalities does an index give them by time."""
    if wanted.payment_state is not None or wanted.method:
        # the provider as a mere test, or SQLite might walk along it, which narrows less
        same = filters.payment_conditions(wanted)
        return [[Payment.shop_id == shop_id, Payment.mode == wanted.mode, *same] for shop_id in shops]
    return [
        [Payment.shop_id == shop_id, Payment.mode == wanted.mode, Payment.account_id == account_id]
        for shop_id, account_id in known.accounts
    ]


def _accounts(tx: Tx, wanted: OrderFilter) -> tuple[tuple[uuid.UUID, uuid.UUID], ...]:
    found = tx.execute(
        select(ProviderAccount.shop_id, ProviderAccount.id).where(
            ProviderAccount.shop_id.in_(wanted.shop_ids),
            ProviderAccount.mode == wanted.mode,
            ProviderAccount.provider == wanted.provider,
        )
    )
    return tuple(sorted((shop_id, account_id) for shop_id, account_id in found))


def _among_payments(wanted: OrderFilter) -> list[Any]:
    return [Order.id.in_(filters.orders_with_payment(wanted)), *_status(wanted, in_list=True)]


def _tested_for_payments(wanted: OrderFilter) -> list[Any]:
    return [*_by_time(wanted), filters.has_payment(wanted)]


def _matching_payments(tx: Tx, wanted: OrderFilter) -> Mapping[uuid.UUID, int]:
    """How many payments of each shop meet the filter, counted only until they are not rare."""
    few = at_most(RARE + 1)
    some = [filters.payments_of(wanted.of_shop(shop_id)).limit(few).subquery() for shop_id in wanted.shop_ids]
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
