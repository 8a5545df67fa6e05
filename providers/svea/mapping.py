"""From an order to the port's snapshot; pure, no network. Svea shows sums and hardly any movements (ADR 17).

- captures: one movement per delivery, of its `DeliveryAmount`; its id is that of the delivery.
- refunds: one running total per delivery, `credited:<id>`. It is never cut into the entries of `Credits`: these
  have no ids, their order is not documented, and a read in which list and sum disagree would book money twice.
  What is cancelled on the order after its delivery is a refund too (`Order.given_back`; I1). Which of several
  credits made a total grow is not known, so totals carry no reference; a credit whose row holds our code stands as
  a finished effect, so that it is never taken for absent (R25).
- authorised: a level, `open_authorised` = captured + `Order.open`. `Cancelled`, expired rows and a lowered
  delivery make it fall.

Dates have no zone (section 2): they are taken for UTC, and nothing is decided by them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from providers.kinds import MovementKind, OperationKind, ProviderState, RequestState
from providers.line_parts import less
from providers.lines import LineKind, OrderLine, tax_within
from providers.money import Money, MoneyError, exponent
from providers.reading import Unreadable, an_object, optional_text
from providers.snapshots import Movement, PaymentSnapshot, PendingEffect, RunningTotal
from providers.svea import actions, kept, reading_orders
from providers.svea.order import CANCELLED, DELIVERED, EXPIRED, FAILED, PROCESSING, Delivery, Order, Row

WIRE_EXPONENT = 2  # every number has two implied decimals (section 1.3)
UNPAID = {
    PROCESSING: ProviderState.WAITING,
    CANCELLED: ProviderState.CANCELLED,
    EXPIRED: ProviderState.EXPIRED,
    FAILED: ProviderState.FAILED,
}
SLUGS = {"mobilepay": "mobilepay"}  # one word to people


def snapshot(answer: Any) -> PaymentSnapshot:
    """The order in the port's words; names of `answer` are in lower case. Raises Unreadable."""
    found, order = an_object(answer, "order"), reading_orders.order(answer)
    _check_currency(order.currency)
    level = order.delivered + order.open
    never_paid = order.status in (PROCESSING, FAILED) and not order.deliveries
    authorised = 0 if never_paid else max(order.amount, level)
    return PaymentSnapshot(
        provider_ref=str(order.id),
        state=_state(order),
        method=slug(order.payment_type),
        authorised=_money(authorised, order),
        captured=_money(order.delivered, order),
        cancelled=_money(authorised - level, order),
        refunded=_money(sum(order.given_back.values()), order),
        movements=_captures(order),
        pending=_coded_credits(order),
        order_number=optional_text(found, "merchantorderid"),
        buyer_email=optional_text(found, "emailaddress"),
        created_at=_moment(found, "creationdate"),
        hold_expires_at=_moment(found, "expirationdate") if order.open else None,
        asked=_money(order.amount, order),
        kept=kept.dump(order),
        totals=_refunds(order),
        open_authorised=_money(level, order),
        lines=_lines(order),
        open_lines=_open_lines(order),
        refundable_lines=_refundable_lines(order),
        held=order.is_held,
    )


def slug(payment_type: str) -> str:
    """Svea's word for a method as our slug: `PaymentPlan` becomes `payment_plan`."""
    spelled = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", payment_type).lower()
    return SLUGS.get(payment_type.lower(), spelled)


def _state(order: Order) -> ProviderState:
    """`Cancelled` does not prove that nothing was captured (section 2.2), so the deliveries come first."""
    if not order.delivered and order.status in UNPAID:
        return UNPAID[order.status]
    if order.open:
        return ProviderState.AUTHORISED
    if not order.delivered:
        return ProviderState.CAPTURED if order.status == DELIVERED else ProviderState.CANCELLED
    return ProviderState.CAPTURED if order.left else ProviderState.REFUNDED


def _captures(order: Order) -> list[Movement]:
    return [
        Movement(MovementKind.CAPTURE, str(one.id), _money(one.amount, order)) for one in order.deliveries if one.amount
    ]


def _refunds(order: Order) -> list[RunningTotal]:
    return [
        RunningTotal(MovementKind.REFUND, f"credited:{delivery}", _money(minor, order))
        for delivery, minor in order.given_back.items()
        if minor
    ]


def _coded_credits(order: Order) -> list[PendingEffect]:
    return [
        PendingEffect(
            kind=OperationKind.REFUND,
            id=f"credit:{delivery.id}:{credit.code}",
            state=RequestState.COMPLETED,
            money=_money(credit.amount, order),
            reference=credit.code,
        )
        for delivery in order.deliveries
        for credit in delivery.credits
        if credit.code is not None
    ]


def _lines(order: Order) -> list[OrderLine]:
    """Delivered rows leave `OrderRows`, so both places make the basket (section 11)."""
    delivered = [row for delivery in order.deliveries for row in delivery.rows]
    return [_line(row) for row in (*order.open_rows, *delivered)]


def _open_lines(order: Order) -> list[OrderLine]:
    """The rows that may be delivered by themselves."""
    if actions.DELIVER_PART not in order.actions:
        return []
    return [_line(row) for row in order.open_rows if actions.DELIVER_ROW in row.actions]


def _refundable_lines(order: Order) -> Sequence[OrderLine]:
    """The rows that may be credited by themselves, with what is left of each.

    None where several deliveries have something left, because lines go with one call, and none where a credit does
    not say which rows it was about: an amount, a new row, or what was cancelled after the delivery.
    """
    with_rest = [one for one in order.deliveries if one.left]
    if len(with_rest) != 1 or with_rest[0].left != order.left:
        return ()
    delivery = with_rest[0]
    credited = _credited_lines(delivery)
    left = None if credited is None else less([_line(row) for row in delivery.rows], credited)
    creditable = {str(row.id) for row in delivery.creditable_rows}
    return [line for line in left or () if line.provider_line_ref in creditable]


def _credited_lines(delivery: Delivery) -> Sequence[OrderLine] | None:
    """What of the delivered rows was credited; None where the list of credits does not tell."""
    if sum(one.amount for one in delivery.credits) != delivery.credited:
        return None
    rows = {(row.id, row.name, row.unit_price): row for row in delivery.rows}
    found = []
    for credit in delivery.credits:
        for row in credit.rows:
            delivered = rows.get((row.id, row.name, row.unit_price))
            if delivered is None:
                return None
            found.append(replace(_line(delivered), quantity=_pieces(abs(row.quantity))))
        if not credit.rows:
            return None
    return found


def _pieces(hundredths: int) -> Decimal:
    return Decimal(hundredths).scaleb(-2)


def _line(row: Row) -> OrderLine:
    before_discount = reading_orders.row_total(row.unit_price, row.quantity)
    kind = LineKind.SHIPPING if row.kind.lower() == "shippingfee" else LineKind.GOODS
    return OrderLine(
        name=row.name,
        quantity=_pieces(row.quantity),
        unit_price_minor=row.unit_price,
        total_minor=row.total,
        tax_rate_bp=row.vat,
        tax_minor=tax_within(row.total, row.vat),
        discount_minor=before_discount - row.total,
        reference=row.article,
        kind=LineKind.DISCOUNT if row.total < 0 else kind,
        unit=row.unit,
        provider_line_ref=str(row.id),
    )


def _moment(of: Mapping[str, Any], name: str) -> datetime | None:
    value = optional_text(of, name)
    if not value:
        return None
    try:
        read = datetime.fromisoformat(value)
    except ValueError:
        return None  # it decides nothing, so an unknown form is no reason to refuse the order
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)


def _check_currency(currency: str) -> None:
    try:
        fits = exponent(currency) == WIRE_EXPONENT
    except MoneyError:
        fits = False
    if not fits:
        raise Unreadable("currency has not the two decimals of Svea's numbers")


def _money(minor: int, order: Order) -> Money:
    try:
        return Money(minor, order.currency)
    except MoneyError:
        pass  # said again without the value, which a log may show
    raise Unreadable("an amount is out of bounds")
