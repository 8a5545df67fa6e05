"""Order lines that people and programs write: what each comes to, and what is wrong with them; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from providers.lines import LineKind, OrderLine, tax_within, total_of
from providers.money import MAX_MINOR

MOST_LINES = 1000
LONGEST_NAME = 255
HIGHEST_RATE_BP = 10000
MOST_PIECES = 1_000_000
_HUNDREDTH = Decimal("0.01")


class LineFault(StrEnum):
    """What is wrong with a line."""

    QUANTITY = "quantity"  # not more than zero, too many, or finer than hundredths
    WHOLE_PIECES = "whole_pieces"  # the provider takes only whole numbers of pieces
    RATE = "rate"  # not from 0 to 100 %
    SIGN = "sign"  # a discount or gift card that costs something, or other lines that cost less than nothing
    DISCOUNT = "discount"  # below zero, or on a line that is a discount itself
    TOO_LARGE = "too_large"
    TOTAL = "total"  # not what the line comes to


class LineWrong(ValueError):
    """A line that no provider takes; `fault` says why and `field` names the part of it, as in `LineDraft`."""

    def __init__(self, fault: LineFault, field: str) -> None:
        super().__init__(fault.value)
        self.fault = fault
        self.field = field


@dataclass(frozen=True, slots=True, kw_only=True)
class LineDraft:
    """A line as it was written; amounts are minor units with VAT, `tax_rate_bp` hundredths of a percent.

    The price of a discount or a gift card is negative. `total_minor` None: what the line comes to.
    """

    name: str
    quantity: Decimal
    unit_price_minor: int
    tax_rate_bp: int
    discount_minor: int = 0
    total_minor: int | None = None
    reference: str = ""
    kind: LineKind = LineKind.GOODS
    unit: str = ""
    provider_line_ref: str | None = None


TAKES_OFF = frozenset({LineKind.DISCOUNT, LineKind.GIFT_CARD})


def line_of(draft: LineDraft, *, whole_pieces: bool = False) -> OrderLine:
    """The line with its total and the VAT within it. Raises LineWrong."""
    _check(draft, whole_pieces)
    total = total_of(draft.unit_price_minor, draft.quantity, draft.discount_minor)
    if draft.total_minor not in (None, total):
        raise LineWrong(LineFault.TOTAL, "total_minor")
    return OrderLine(
        name=draft.name,
        quantity=draft.quantity,
        unit_price_minor=draft.unit_price_minor,
        total_minor=total,
        tax_rate_bp=draft.tax_rate_bp,
        tax_minor=tax_within(total, draft.tax_rate_bp),
        discount_minor=draft.discount_minor,
        reference=draft.reference,
        kind=draft.kind,
        unit=draft.unit,
        provider_line_ref=draft.provider_line_ref,
    )


def _check(draft: LineDraft, whole_pieces: bool) -> None:
    if not 0 < draft.quantity <= MOST_PIECES or draft.quantity % _HUNDREDTH:
        raise LineWrong(LineFault.QUANTITY, "quantity")
    if whole_pieces and draft.quantity % 1:
        raise LineWrong(LineFault.WHOLE_PIECES, "quantity")
    if not 0 <= draft.tax_rate_bp <= HIGHEST_RATE_BP:
        raise LineWrong(LineFault.RATE, "tax_rate_bp")
    price = draft.unit_price_minor
    if price > 0 if draft.kind in TAKES_OFF else price < 0:
        raise LineWrong(LineFault.SIGN, "unit_price_minor")
    if draft.discount_minor < 0 or (draft.discount_minor and draft.kind in TAKES_OFF):
        raise LineWrong(LineFault.DISCOUNT, "discount_minor")
    total = total_of(price, draft.quantity, draft.discount_minor)
    if abs(total) > MAX_MINOR:
        raise LineWrong(LineFault.TOO_LARGE, "unit_price_minor")
    if total < 0 and draft.kind not in TAKES_OFF:
        raise LineWrong(LineFault.DISCOUNT, "discount_minor")


def sum_of(lines: Sequence[OrderLine]) -> int:
    """What the lines come to together, in minor units."""
    return sum(line.total_minor for line in lines)
