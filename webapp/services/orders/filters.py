"""What the order list is asked for, and the SQL conditions that say it.

Conditions that few rows meet (a search, a rare payment state) become a bounded list of order ids that the query starts
from; those that many rows meet are tested while it walks the orders from the newest on.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Select,
    Subquery,
    and_,
    exists,
    func,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import aliased

from providers.money import currencies_by_exponent
from webapp.domain.operations import OperationState
from webapp.domain.payment_state import PaymentState
from webapp.models import FiredAction, Mode, Operation, Order, Payment, ProviderAccount
from webapp.models.base import among, at_most, unseen
from webapp.models.order_import import order_is_shown
from webapp.models.payment_state import payment_state_column
from webapp.models.status_action import is_given_up

MOST_FOUND = 250
"""Orders that a search takes of those whose number, reference or e-mail begins so, and one more to see that there are
more: then more of it is to be typed."""

NEED_A_LOOK = (OperationState.UNKNOWN, OperationState.REVIEW, OperationState.AWAITING_APPROVAL)
NOT_DONE = (OperationState.REJECTED, OperationState.EXPIRED)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFilter:
    """What to show. `shop_ids` are the shops that the person may see: nothing outside them is ever read.

    `amounts` pairs a number of decimals with what was typed, in minor units of currencies that have so many.
    `ordered_from` is within, `ordered_before` outside the span (UTC).
    """

    shop_ids: frozenset[uuid.UUID]
    mode: Mode
    search: str = ""
    number: str = ""  # exactly this one
    amounts: tuple[tuple[int, int], ...] = ()
    status: str = ""
    payment_state: PaymentState | None = None
    provider: str = ""
    method: str = ""
    ordered_from: datetime | None = None
    ordered_before: datetime | None = None
    attention: bool = False

    @property
    def about_payments(self) -> bool:
        """Whether a payment of the order must meet something."""
        return bool(self.payment_state or self.provider or self.method)

    @property
    def narrows(self) -> bool:
        """Whether more is asked than a search and shops."""
        return bool(self.status or self.about_payments or self.ordered_from or self.ordered_before or self.attention)

    def of_shop(self, shop_id: uuid.UUID) -> OrderFilter:
        """The same for one of the shops."""
        return replace(self, shop_ids=frozenset({shop_id}))


def of_shops(model: Any, wanted: OrderFilter) -> ColumnElement[bool]:
    """Rows of the shops."""
    shop_ids: ColumnElement[uuid.UUID] = model.shop_id
    return shop_ids.in_([unseen(shop_id) for shop_id in sorted(wanted.shop_ids)])


def of_mode(model: Any, wanted: OrderFilter) -> ColumnElement[bool]:
    """Rows of the mode."""
    return among(model.mode, [wanted.mode])


def payment_conditions(wanted: OrderFilter) -> list[ColumnElement[bool]]:
    """What one payment of the order must meet, all at once."""
    conditions: list[ColumnElement[bool]] = []
    if wanted.payment_state is not None:
        conditions.append(among(payment_state_column, [wanted.payment_state]))
    if wanted.method:
        conditions.append(Payment.method == wanted.method)
    if wanted.provider:
        account = ProviderAccount.id == Payment.account_id, ProviderAccount.provider == wanted.provider
        conditions.append(exists().where(*account))
    return conditions


def payments_of(wanted: OrderFilter) -> Select[uuid.UUID, uuid.UUID]:
    """Shops and orders of the payments that meet the filter."""
    scope = (Payment.shop_id.in_(wanted.shop_ids), Payment.mode == wanted.mode)
    return select(Payment.shop_id, Payment.order_id).where(*scope, *payment_conditions(wanted))


def orders_with_payment(wanted: OrderFilter) -> Select[uuid.UUID]:
    """Ids of the orders whose payments meet the filter."""
    return payments_of(wanted).with_only_columns(Payment.order_id)


def has_payment(wanted: OrderFilter) -> ColumnElement[bool]:
    """The same as a test of one order."""
    return exists().where(Payment.order_id == Order.id, *payment_conditions(wanted))


def not_done_yet_open() -> ColumnElement[bool]:
    """An operation that needs a look: in doubt, waiting for people, or not done and nobody tried again."""
    later = aliased(Operation)
    tried_again = exists(later.payment_id).where(  # of a column that stands in the index: SQLite then reads no row
        later.payment_id == Operation.payment_id,
        later.kind == Operation.kind,
        later.created_at > Operation.created_at,
    )
    may_need_one = among(Operation.state, (*NEED_A_LOOK, *NOT_DONE))  # as the partial index has it
    return and_(may_need_one, or_(among(Operation.state, NEED_A_LOOK), ~tried_again))


@cache  # built once: making it took longer than asking it
def needs_attention() -> ColumnElement[bool]:
    """Whether one order needs a look."""
    return or_(
        exists().where(Operation.order_id == Order.id, not_done_yet_open()),
        exists().where(Payment.order_id == Order.id, Payment.frozen_at.is_not(None)),
        exists().where(FiredAction.order_id == Order.id, is_given_up),
    )


def reasons_for_attention() -> Sequence[tuple[type[Operation | Payment | FiredAction], ColumnElement[bool]]]:
    """What can make an order need a look: rows of which tables, and the test of one.

    All of them have their order's mode and moment, in an index of just these rows.
    """
    return (Operation, not_done_yet_open()), (Payment, Payment.frozen_at.is_not(None)), (FiredAction, is_given_up)


def orders_needing_attention(wanted: OrderFilter) -> CompoundSelect[uuid.UUID]:
    """Ids of all orders that need a look, of indexes alone; one that has several reasons comes several times."""
    return union_all(
        *(
            select(model.order_id).where(of_shops(model, wanted), of_mode(model, wanted), reason)
            for model, reason in reasons_for_attention()
        )
    )


def orders_found(wanted: OrderFilter, *, on_postgresql: bool) -> CompoundSelect[uuid.UUID, datetime]:
    """Ids and moments of some orders that the search's text finds; one that is found in two ways comes twice."""
    return union_all(*(select(way) for way in _found_by_text(wanted, on_postgresql=on_postgresql)))


def finds_more_than_it_takes(wanted: OrderFilter, *, on_postgresql: bool) -> Select[bool]:
    """Whether orders that the search's text finds were left out of `orders_found`."""
    ways = _found_by_text(wanted, on_postgresql=on_postgresql)
    counts = (select(func.count()).select_from(way).scalar_subquery() for way in ways)
    return select(or_(*(count > MOST_FOUND for count in counts)))


def _found_by_text(wanted: OrderFilter, *, on_postgresql: bool) -> Iterator[Subquery]:
    """Number or provider reference by its beginning, or e-mail: from each no more than a search takes."""
    own = of_shops(Order, wanted), of_mode(Order, wanted), order_is_shown
    of_orders = select(Order.id.label("order_id"), Order.ordered_at).where(*own)
    of_payments = select(Payment.order_id, Payment.ordered_at).where(
        of_shops(Payment, wanted), of_mode(Payment, wanted)
    )
    ways: list[tuple[Select[uuid.UUID, Any], Any]] = [
        (of_orders, Order.number),
        (of_payments, Payment.provider_ref),
    ]
    text = wanted.search
    if "@" in text:
        ways, text = [(of_orders, func.lower(Order.buyer_email))], text.lower()
    for way, column in ways:
        found = way.where(begins(column, text, on_postgresql=on_postgresql))
        yield found.limit(at_most(MOST_FOUND + 1)).subquery()


def orders_of_number(wanted: OrderFilter) -> Select[uuid.UUID]:
    """Ids of the orders of that very number, one a shop at most."""
    own = Order.shop_id.in_(wanted.shop_ids), Order.mode == wanted.mode
    return select(Order.id).where(*own, Order.number == wanted.number)


def begins(column: Any, beginning: str, *, on_postgresql: bool) -> ColumnElement[bool]:
    """Whether `column` begins with the text, letter by letter, over an index on both databases."""
    # PostgreSQL's are the operators of text_pattern_ops, whatever the locale
    at_least, below = ("~>=~", "~<~") if on_postgresql else (">=", "<")
    low, end = column.op(at_least, is_comparison=True)(unseen(beginning)), _just_after(beginning)
    return and_(low, column.op(below, is_comparison=True)(unseen(end))) if end else low


def _just_after(beginning: str) -> str:
    """The first text after all that begin so; "" when there is none."""
    last = ord(beginning[-1]) + 1
    if last == 0xD800:
        last = 0xE000  # surrogates are no letters
    return beginning[:-1] + chr(last) if last <= 0x10FFFF else ""


def has_total(digits: int, minor: int) -> ColumnElement[bool]:
    """The order's total is `minor`, in a currency of so many decimals; most have two, so the others are named."""
    by_exponent = currencies_by_exponent()
    others = frozenset[str]().union(*(codes for exponent, codes in by_exponent.items() if exponent != digits))
    has_so_many = ~among(Order.currency, others) if digits == 2 else among(Order.currency, by_exponent[digits])
    return and_(Order.total_minor == unseen(minor), has_so_many)
