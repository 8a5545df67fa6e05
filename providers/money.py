"""Money as integers in minor units, and the decimals of each currency (R1, R2, R4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from iso4217 import Currency

MAX_MINOR = 10**15


class MoneyError(ValueError):
    """An amount or currency that money rules refuse; the text may be shown to an operator."""


@cache
def exponent(currency: str) -> int:
    """Number of decimals of an ISO 4217 currency; MoneyError for one that is unknown (R2: never guessed)."""
    try:
        digits = Currency(currency).exponent
    except ValueError:
        digits = None
    if digits is None:
        raise MoneyError(f"Unknown currency: {currency!r}")
    return int(digits)


@cache
def currencies_by_exponent() -> Mapping[int, frozenset[str]]:
    """Every currency with decimals of its own, grouped by their number."""
    groups: dict[int, set[str]] = {}
    for currency in Currency:
        if currency.exponent is not None:
            groups.setdefault(int(currency.exponent), set()).add(currency.code)
    return {digits: frozenset(codes) for digits, codes in groups.items()}


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An amount in minor units of one currency; never negative: direction is the operation's kind (R1)."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise MoneyError(f"Amounts are integers in minor units, not {type(self.minor).__name__}")
        if not 0 <= self.minor <= MAX_MINOR:
            raise MoneyError(f"Amount out of bounds: {self.minor}")
        exponent(self.currency)

    @classmethod
    def from_decimal(cls, value: Decimal, currency: str) -> Money:
        """Exact conversion from major units; MoneyError if the currency has fewer decimals (R3: 10.5 JPY)."""
        scaled = value.scaleb(exponent(currency)) if value.is_finite() else value
        if not scaled.is_finite() or scaled != scaled.to_integral_value():
            raise MoneyError(f"{value} is not exact in {currency}")
        return cls(int(scaled), currency)

    def to_decimal(self) -> Decimal:
        """The amount in major units, with the currency's number of decimals."""
        return Decimal(self.minor).scaleb(-exponent(self.currency))

    def __add__(self, other: Money) -> Money:
        self._same_currency(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same_currency(other)
        return Money(self.minor - other.minor, self.currency)

    def __lt__(self, other: Money) -> bool:
        self._same_currency(other)
        return self.minor < other.minor

    def __le__(self, other: Money) -> bool:
        self._same_currency(other)
        return self.minor <= other.minor

    def _same_currency(self, other: Money) -> None:
        if self.currency != other.currency:
            raise MoneyError(f"Cannot combine {self.currency} with {other.currency}")


def split(money: Money, weights: Sequence[int]) -> list[Money]:
    """Split by largest remainder so that the parts sum to the whole exactly (R4).

    `weights` are non-negative integers with a positive sum; ties go to the earlier part.
    """
    total = sum(weights)
    if total <= 0 or min(weights) < 0:
        raise MoneyError("Weights must be non-negative and sum to more than zero")
    floors = [money.minor * weight // total for weight in weights]
    remainders = [money.minor * weight % total for weight in weights]
    short = money.minor - sum(floors)
    for index in sorted(range(len(weights)), key=lambda i: (-remainders[i], i))[:short]:
        floors[index] += 1
    return [Money(minor, money.currency) for minor in floors]
