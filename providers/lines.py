"""Order lines as the port carries them: what a capture, a refund or a change of the amount is about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from providers.money import Money, split


class LineKind(StrEnum):
    """What a line stands for."""

    GOODS = "goods"
    DIGITAL = "digital"
    SHIPPING = "shipping"
    FEE = "fee"
    DISCOUNT = "discount"  # its amounts are negative
    GIFT_CARD = "gift_card"  # its amounts are negative


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One line; amounts are minor units with tax, of the payment's currency.

    `total_minor` is quantity x unit price - discount, as the shop rounded it. `tax_rate_bp` is the VAT rate in
    hundredths of a percent (25 % = 2500), `tax_minor` the VAT within `total_minor`. `provider_line_ref` is the
    provider's id of the line where it has one (Svea: OrderRowId).
    """

    name: str
    quantity: Decimal
    unit_price_minor: int
    total_minor: int
    tax_rate_bp: int
    tax_minor: int
    discount_minor: int = 0
    reference: str = ""  # the shop's article number
    kind: LineKind = LineKind.GOODS
    unit: str = ""
    provider_line_ref: str | None = None


@dataclass(frozen=True, slots=True)
class RateSum:
    """What the lines of one VAT rate come to; amounts are minor units, `tax_minor` the VAT within `total_minor`."""

    tax_rate_bp: int
    total_minor: int
    tax_minor: int


def rounded(value: int, by: int) -> int:
    """`value` divided by `by`, half away from zero."""
    whole = (2 * abs(value) + by) // (2 * by)
    return whole if value >= 0 else -whole


def total_of(unit_price_minor: int, quantity: Decimal, discount_minor: int = 0) -> int:
    """What a line comes to with VAT: quantity x unit price, rounded half away from zero, less the discount."""
    numerator, denominator = quantity.as_integer_ratio()
    return rounded(unit_price_minor * numerator, denominator) - discount_minor


def tax_within(total_minor: int, tax_rate_bp: int) -> int:
    """The VAT within a total that has it in it, rounded half away from zero."""
    return rounded(total_minor * tax_rate_bp, 10000 + tax_rate_bp)


def sums_by_rate(lines: Iterable[OrderLine]) -> list[RateSum]:
    """What the lines come to for each VAT rate, the highest rate first."""
    found: dict[int, RateSum] = {}
    for line in lines:
        before = found.get(line.tax_rate_bp, RateSum(line.tax_rate_bp, 0, 0))
        total, tax = before.total_minor + line.total_minor, before.tax_minor + line.tax_minor
        found[line.tax_rate_bp] = RateSum(line.tax_rate_bp, total, tax)
    return [found[rate] for rate in sorted(found, reverse=True)]


def split_by_rate(money: Money, weights: Sequence[tuple[int, int]]) -> list[tuple[int, Money]]:
    """An amount that is not about lines, shared out over VAT rates by largest remainder (R4).

    `weights` are pairs of a rate and what is left of it, in minor units. The parts sum to `money` exactly, none is
    more than its weight while `money` is not more than all of them, and none is nothing. Raises MoneyError.
    """
    parts = split(money, [weight for _rate, weight in weights])
    return [(rate, part) for (rate, _weight), part in zip(weights, parts, strict=True) if part.minor]
