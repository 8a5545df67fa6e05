"""What the desk has already of that which a file speaks of."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from webapp.domain.payment_state import Sums
from webapp.models import ImportRow, Mode, Order, OrderImport, OrderStatus, Payment, ProviderAccount, Shop, StatusKind
from webapp.models.order_import import HIDING
from webapp.services.imports.checking import Fault, Line, World
from webapp.services.imports.reading import FileWrong
from webapp.services.operations.wishes import sums_of
from webapp.services.status_actions.tables import acts_of
from webapp.services.unit_of_work import Tx

FIELDS = ("currency", "total_minor", "status_id", "buyer_email", "buyer_name", "language", "ordered_at")
"""What a line can change; columns of the order and of the staged row alike."""
FIXED = ("currency", "total_minor")
"""What stays as it is on an order that has payments."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The shop's statuses as rules ask for them."""

    first_status: uuid.UUID  # what a new order without one gets
    kinds: Mapping[uuid.UUID, StatusKind]
    firing: frozenset[uuid.UUID] = frozenset()  # the statuses that fire something on their orders' payments

    @property
    def cancelled(self) -> frozenset[uuid.UUID]:
        """The statuses that let the jobs give money back."""
        return frozenset(each for each, kind in self.kinds.items() if kind is StatusKind.CANCELLED)


def world_of(tx: Tx, shop_id: uuid.UUID, mode: Mode) -> tuple[World, Standing]:
    """The shop's lists, for reading a file of it. FileWrong `no_order_status` when it has none."""
    statuses = tx.scalars(
        select(OrderStatus)
        .where(OrderStatus.shop_id == shop_id, OrderStatus.retired_at.is_(None))
        .order_by(OrderStatus.position)
    ).all()
    named = {status.name.lower(): status.id for status in reversed(statuses)}
    named |= {status.code.lower(): status.id for status in statuses}
    accounts: dict[str, uuid.UUID | None] = {}
    for name, account_id in tx.execute(
        select(ProviderAccount.name, ProviderAccount.id).where(
            ProviderAccount.shop_id == shop_id, ProviderAccount.mode == mode
        )
    ):
        accounts[name.lower()] = None if name.lower() in accounts else account_id
    if not statuses:
        raise FileWrong("no_order_status")
    zone = ZoneInfo(tx.get_one(Shop, shop_id).time_zone)
    kinds = {each.id: each.kind for each in statuses}
    first = next((each.id for each in statuses if each.kind is StatusKind.NEW), statuses[0].id)
    return World(named, accounts, zone), Standing(first, kinds, acts_of(tx, shop_id).firing)


@dataclass(frozen=True, slots=True)
class Present:
    """Orders, payments and earlier lines that a batch of lines meets."""

    orders: Mapping[str, Order]  # by number
    payments: Mapping[uuid.UUID, Sequence[Payment]]  # by order
    references: Mapping[tuple[uuid.UUID, str], uuid.UUID]  # account and reference -> order
    earlier: Mapping[str, int]  # number -> the line of this file that had it
    coming_in: frozenset[uuid.UUID]  # orders of another import that is not complete

    def order(self, number: str) -> Order | None:
        """The order with that number."""
        return self.orders.get(number)

    def has_payment(self, line: Line) -> bool:
        """Whether the payment that the line names is here already."""
        return (line.account_id, line.provider_ref) in self.references

    def money(self, order_id: uuid.UUID) -> Iterable[tuple[Sums, str]]:
        """Sums and currency of the order's payments that are not frozen."""
        return [(sums_of(each), each.currency) for each in self.payments.get(order_id, ()) if each.frozen_at is None]

    def changes(self, line: Line) -> dict[str, Any]:
        """What the line changes of the order that is there; empty cells change nothing."""
        order = self.orders[line.number]
        given = {name: getattr(line, name) for name in FIELDS}
        return {name: value for name, value in given.items() if value is not None and value != getattr(order, name)}

    def fault(self, line: Line, *, total_may_change: bool = False) -> Fault | None:
        """Why the desk cannot take the line; `total_may_change` while nothing of the order is captured."""
        if line.number in self.earlier:
            return Fault(line.line, "number", "number_twice", {"line": self.earlier[line.number]})
        order = self.orders.get(line.number)
        if order is not None and order.id in self.coming_in:
            return Fault(line.line, "number", "order_coming_in")
        if line.account_id is not None and line.provider_ref is not None:
            owner = self.references.get((line.account_id, line.provider_ref))
            if owner is not None and (order is None or owner != order.id):
                return Fault(line.line, "provider_ref", "payment_elsewhere")
        if order is None or order.id not in self.payments:
            return None
        is_open = total_may_change and not any(_is_captured(each) for each in self.payments[order.id])
        fixed = [("currency", "currency")] if is_open else [("currency", "currency"), ("total_minor", "total")]
        for name, column in fixed:
            if getattr(line, name) != getattr(order, name):
                return Fault(line.line, column, "fixed_by_payment", {"column": column})
        return None


def _is_captured(payment: Payment) -> bool:
    return bool(payment.captured_minor or payment.capture_reserved_minor)


def present(tx: Tx, import_id: uuid.UUID, shop_id: uuid.UUID, mode: Mode, lines: Sequence[Line]) -> Present:
    """Four statements for a batch, all along indexes."""
    numbers = [line.number for line in lines]
    orders = find_orders(tx, shop_id, mode, numbers)
    payments = payments_of(tx, [order.id for order in orders.values()])
    references = [line.provider_ref for line in lines if line.provider_ref is not None]
    known = select(Payment.account_id, Payment.provider_ref, Payment.order_id).where(
        Payment.shop_id == shop_id, Payment.mode == mode, Payment.provider_ref.in_(references)
    )
    earlier = select(ImportRow.number, ImportRow.line).where(
        ImportRow.import_id == import_id, ImportRow.number.in_(numbers)
    )
    makers = {order.import_id for order in orders.values() if order.import_id is not None}
    hiding = select(OrderImport.id).where(OrderImport.id.in_(makers), OrderImport.state.in_(HIDING))
    hidden = set(tx.scalars(hiding)) if makers else set()
    return Present(
        orders,
        payments,
        {(row.account_id, row.provider_ref): row.order_id for row in tx.execute(known)} if references else {},
        {row.number: row.line for row in tx.execute(earlier)},
        frozenset(order.id for order in orders.values() if order.import_id in hidden),
    )


def find_orders(tx: Tx, shop_id: uuid.UUID, mode: Mode, numbers: Sequence[str]) -> dict[str, Order]:
    """The orders with these numbers, also those that nobody sees yet."""
    query = select(Order).where(Order.shop_id == shop_id, Order.mode == mode, Order.number.in_(numbers))
    return {order.number: order for order in tx.scalars(query)} if numbers else {}


def payments_of(tx: Tx, order_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[Payment]]:
    """The payments of these orders."""
    found: dict[uuid.UUID, list[Payment]] = defaultdict(list)
    for payment in tx.scalars(select(Payment).where(Payment.order_id.in_(order_ids))) if order_ids else ():
        found[payment.order_id].append(payment)
    return dict(found)
