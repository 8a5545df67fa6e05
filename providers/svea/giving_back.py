"""Giving money back (sections 3, 10 and 13): by a total to reach, by rows, by new rows, or by cancelling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from providers.errors import RequestNotPossible
from providers.kinds import NotOffered
from providers.lines import OrderLine, split_by_rate
from providers.money import Money
from providers.port import MoneyRequest
from providers.references import short_code
from providers.svea import actions, changed_rows, plan
from providers.svea.order import Delivery, Order
from providers.svea.wire import Call

NAME_LENGTH = 40


def call(request: MoneyRequest, order: Order) -> Call:
    """The call that gives back `request.money`: on the delivery that it names, else on the order.

    Raises RequestNotPossible.
    """
    minor = request.money.minor
    if minor > order.left:
        raise RequestNotPossible(NotOffered.NOTHING_LEFT)
    if request.against is None:
        by_cancel = _by_cancel(minor, order)
        if by_cancel is not None:
            return by_cancel
    delivery = order.delivery(request.against) if request.against else _only(order)
    if delivery is None:
        raise RequestNotPossible(NotOffered.NOT_ALLOWED_NOW)
    if minor > delivery.left:
        raise RequestNotPossible(NotOffered.NOTHING_LEFT)
    return _on_the_delivery(request, order, delivery)


def _by_cancel(minor: int, order: Order) -> Call | None:
    """A card before it is settled: what is cancelled then goes back to the buyer. None where that is not allowed."""
    if minor == order.left and plan.cancel_gives_back(order):
        return Call("PATCH", "", {"IsCancelled": True})
    if actions.CANCEL_AMOUNT in order.actions:
        return Call("PATCH", "", {"CancelledAmount": order.cancelled + minor})
    return None


def _only(order: Order) -> Delivery | None:
    """The one delivery with something left; None where there are several, or none."""
    found = [one for one in order.deliveries if one.left]
    return found[0] if len(found) == 1 else None


def _on_the_delivery(request: MoneyRequest, order: Order, delivery: Delivery) -> Call:
    minor, path = request.money.minor, f"/deliveries/{delivery.id}"
    if actions.CREDIT_AMOUNT in delivery.actions:
        return Call("PATCH", path, {"CreditedAmount": delivery.credited + minor})
    path = f"{path}/credits"
    lines = _lines_of(request.lines, delivery)
    by_new_row = actions.CREDIT_NEW_ROW in delivery.actions
    if lines and delivery.creditable_rows:
        body = changed_rows.to_credit(lines, delivery, minor, with_parts=order.credits_pieces)
        if body is not None:
            return Call("POST", path, body)
        if not by_new_row:
            raise RequestNotPossible(NotOffered.LINES_DO_NOT_SUM)
    if minor == delivery.creditable_by_rows:
        return Call("POST", path, {"OrderRowIds": [row.id for row in delivery.creditable_rows]})
    if by_new_row:
        return Call("POST", path, _new_rows(request, delivery))
    by_rows = bool(delivery.creditable_rows)
    raise RequestNotPossible(NotOffered.LINES_NEEDED if by_rows else NotOffered.NOT_ALLOWED_NOW)


def _lines_of(lines: Sequence[OrderLine], delivery: Delivery) -> list[OrderLine]:
    """The lines that are this delivery's; those of another go with the step of that one."""
    ids = {str(row.id) for row in delivery.rows}
    return [line for line in lines if line.provider_line_ref in ids]


def _new_rows(request: MoneyRequest, delivery: Delivery) -> dict[str, Any]:
    """One row per VAT rate, in proportion to what is left of each, by largest remainder (R4)."""
    left = left_by_vat(delivery)
    if not left:
        raise RequestNotPossible(NotOffered.PART_WITH_TAX)  # no rows, so no rate is known
    rows = [_new_row(request.operation_id, vat, part) for vat, part in split_by_rate(request.money, left)]
    return {"NewCreditOrderRow": rows[0]} if len(rows) == 1 else {"NewCreditOrderRows": rows}


def left_by_vat(delivery: Delivery) -> list[tuple[int, int]]:
    """VAT rates with what is left of each, the largest first; minor units.

    Where the credits do not say of which rates they were, or what is left does not come to the delivery's own
    sum (a discount under another rate), the delivered rows are the measure.
    """
    delivered: dict[int, int] = {}
    for row in delivery.rows:
        delivered[row.vat] = delivered.get(row.vat, 0) + row.total
    left = dict(delivered)
    for credit in delivery.credits:
        for vat, amount in credit.by_vat:
            left[vat] = left.get(vat, 0) - amount
    fits = min(left.values(), default=0) >= 0 and sum(left.values()) == delivery.left
    measure = {vat: amount for vat, amount in (left if fits else delivered).items() if amount > 0}
    return sorted(measure.items(), key=lambda pair: (-pair[1], pair[0]))


def _new_row(operation_id: str, vat: int, part: Money) -> dict[str, Any]:
    """The name is printed for the buyer; our code in it lets a look-up find the credit (section 6)."""
    percent = f"{vat // 100}.{vat % 100:02d}".rstrip("0").rstrip(".")
    name = f"Refund {short_code(operation_id)} {percent}%"
    return {"Name": name[:NAME_LENGTH], "UnitPrice": part.minor, "VatPercent": vat, "Quantity": 100}
