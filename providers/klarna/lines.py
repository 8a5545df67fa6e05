"""Order lines as Klarna writes them (section 2.2), there and back.

Klarna has more words for a line than the port. `store_credit` reads as a gift card, `sales_tax` (US) and
`return_fee` as a fee, an unknown word as goods; what is sent back of such a line has the port's word.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from providers.errors import RequestNotPossible
from providers.kinds import NotOffered
from providers.line_parts import less
from providers.lines import LineKind, OrderLine
from providers.reading import Unreadable, an_array, an_object, optional_text, text, whole_number

MOST_LINES = 1000
LONGEST_TEXT = 255
LONGEST_UNIT = 10

TYPE_OF = {
    LineKind.GOODS: "physical",
    LineKind.DIGITAL: "digital",
    LineKind.SHIPPING: "shipping_fee",
    LineKind.FEE: "surcharge",
    LineKind.DISCOUNT: "discount",
    LineKind.GIFT_CARD: "gift_card",
}
KIND_OF = {name: kind for kind, name in TYPE_OF.items()} | {
    "store_credit": LineKind.GIFT_CARD,
    "sales_tax": LineKind.FEE,
    "return_fee": LineKind.FEE,
}


def written(lines: Sequence[OrderLine], total_minor: int) -> list[dict[str, Any]]:
    """The lines for the wire. Raises RequestNotPossible where Klarna's rules or their sum are not kept."""
    if len(lines) > MOST_LINES:
        raise RequestNotPossible(NotOffered.NOT_SUPPORTED)
    rows = [_written(line) for line in lines]
    if sum(line.total_minor for line in lines) != total_minor:
        raise RequestNotPossible(NotOffered.LINES_DO_NOT_SUM)
    return rows


def _written(line: OrderLine) -> dict[str, Any]:
    quantity = int(line.quantity)
    if quantity != line.quantity or quantity < 0:
        raise RequestNotPossible(NotOffered.WHOLE_UNITS_ONLY)
    if not line.name or line.discount_minor < 0 or line.tax_rate_bp < 0:
        raise RequestNotPossible(NotOffered.NOT_SUPPORTED)
    if quantity * line.unit_price_minor - line.discount_minor != line.total_minor or not _tax_fits(line):
        raise RequestNotPossible(NotOffered.LINES_DO_NOT_SUM)
    optional = {"reference": line.reference[:LONGEST_TEXT], "quantity_unit": line.unit[:LONGEST_UNIT]}
    fields = {
        "type": TYPE_OF[line.kind],
        "reference": optional["reference"],
        "name": line.name[:LONGEST_TEXT],
        "quantity": quantity,
        "quantity_unit": optional["quantity_unit"],
        "unit_price": line.unit_price_minor,
        "tax_rate": line.tax_rate_bp,
        "total_amount": line.total_minor,
        "total_discount_amount": line.discount_minor,
        "total_tax_amount": line.tax_minor,
    }
    return {name: value for name, value in fields.items() if name not in optional or value}


def _tax_fits(line: OrderLine) -> bool:
    """Within one minor unit of `total - total x 10000 / (10000 + rate)`, in whole numbers (section 2.2)."""
    with_rate = 10000 + line.tax_rate_bp
    return abs(line.tax_minor * with_rate - line.total_minor * line.tax_rate_bp) <= with_rate


def read(order: Mapping[str, Any]) -> tuple[OrderLine, ...]:
    """The order's lines; none where one of them cannot be read, because half a set would be sent back as a whole."""
    try:
        return tuple(_read(an_object(row, "order line")) for row in an_array(order.get("order_lines"), "order_lines"))
    except Unreadable:
        return ()


def not_captured(order: Mapping[str, Any]) -> tuple[OrderLine, ...]:
    """The lines that no capture was about yet; none where a capture does not say which lines it was about."""
    return _less_entries(read(order), order, "captures") or ()


def not_refunded(order: Mapping[str, Any], captured_minor: int) -> tuple[OrderLine, ...]:
    """The captured lines that no refund was about yet; none where a capture or a refund does not say its lines.

    Where the whole basket is captured, its captures need not say so.
    """
    basket = read(order)
    is_whole = captured_minor == sum(line.total_minor for line in basket)
    still_open = () if is_whole else _less_entries(basket, order, "captures")
    captured = None if still_open is None else less(basket, still_open)
    return (captured and _less_entries(captured, order, "refunds")) or ()


def _less_entries(lines: Sequence[OrderLine], order: Mapping[str, Any], entries: str) -> tuple[OrderLine, ...] | None:
    """The lines without those that the captures or refunds of the order were about; None where that is not known."""
    left = less(lines, ())
    for entry in an_array(order.get(entries), entries):
        told = read(an_object(entry, entries))
        left = less(left, told) if left is not None and told else None
    return left


def _read(row: Mapping[str, Any]) -> OrderLine:
    return OrderLine(
        name=text(row, "name"),
        quantity=Decimal(whole_number(row, "quantity")),
        unit_price_minor=whole_number(row, "unit_price"),
        total_minor=whole_number(row, "total_amount"),
        tax_rate_bp=_number(row, "tax_rate"),
        tax_minor=_number(row, "total_tax_amount"),
        discount_minor=_number(row, "total_discount_amount"),
        reference=optional_text(row, "reference") or "",
        kind=KIND_OF.get(optional_text(row, "type") or "", LineKind.GOODS),
        unit=optional_text(row, "quantity_unit") or "",
    )


def _number(row: Mapping[str, Any], name: str) -> int:
    return 0 if row.get(name) is None else whole_number(row, name)
