"""A part of an order line: what so many of its pieces come to."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from providers.lines import OrderLine


def part_of(line: OrderLine, quantity: Decimal) -> OrderLine:
    """So many pieces of a line: all of them exactly as they are, a part of them rounded half away from zero.

    ValueError for none, and for more than there are.
    """
    if not 0 < quantity <= line.quantity:
        raise ValueError(f"{quantity} of {line.quantity}")
    if quantity == line.quantity:
        return line
    pieces = Fraction(quantity)
    total = _rounded(line.total_minor * pieces / Fraction(line.quantity))
    return replace(
        line,
        quantity=quantity,
        total_minor=total,
        tax_minor=_rounded(Fraction(total * line.tax_rate_bp, 10000 + line.tax_rate_bp)),
        discount_minor=_rounded(line.unit_price_minor * pieces) - total,
    )


def _rounded(value: Fraction) -> int:
    """Half away from zero."""
    whole = int(abs(value) + Fraction(1, 2))
    return whole if value >= 0 else -whole
