"""Parts of order lines: what so many pieces of one come to, and what is left of a set once some are gone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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


def less(lines: Sequence[OrderLine], gone: Iterable[OrderLine]) -> tuple[OrderLine, ...] | None:
    """What is left of `lines` once the pieces of `gone` are taken from them, in their order.

    None where that is not known: two of the lines look alike, or more is gone than there is.
    """
    left = {_mark(line): line for line in lines}
    if len(left) != len(lines):
        return None
    for line in gone:
        mark = _mark(line)
        whole = left.get(mark)
        if whole is None or line.quantity > whole.quantity:
            return None
        if line.quantity == whole.quantity:
            del left[mark]
        else:
            left[mark] = part_of(whole, whole.quantity - line.quantity)
    return tuple(left.values())


def _mark(line: OrderLine) -> tuple[str | int, ...]:
    """By what a line is found again: the provider's id where it has one, else how it looks."""
    return (line.provider_line_ref,) if line.provider_line_ref else (line.reference, line.name, line.unit_price_minor)


def _rounded(value: Fraction) -> int:
    """Half away from zero."""
    whole = int(abs(value) + Fraction(1, 2))
    return whole if value >= 0 else -whole
