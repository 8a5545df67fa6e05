"""Lists that several forms choose from."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from zoneinfo import available_timezones

from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than the types

from webapp.formatting import LANGUAGES

__all__ = ["SelectChoice", "currency_choices", "language_choices", "pairs", "zone_choices"]

CURRENCIES = ("EUR", "USD", "JPY", "SEK", "GBP", "NOK", "DKK", "CHF", "KRW", "TWD", "CNY", "HKD", "SGD", "AUD", "CAD")


__all__ = ["SelectChoice", "currency_choices", "language_choices", "pairs", "zone_choices"]


def pairs(options: Iterable[tuple[str, str]]) -> list[SelectChoice]:
    """Choices out of (value, label)."""
    return [SelectChoice(value, label) for value, label in options]


@cache
def zones() -> tuple[str, ...]:
    """Names of time zones of places, and UTC."""
    return ("UTC", *sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/")))


def zone_choices() -> list[SelectChoice]:
    """For a select."""
    return pairs((name, name.replace("_", " ")) for name in zones())


def language_choices() -> list[SelectChoice]:
    """For a select, each in its own language."""
    return pairs(LANGUAGES.items())


def currency_choices(present: str | None = None) -> list[SelectChoice]:
    """For a select; holds the present one even if it is not among the usual."""
    codes = CURRENCIES if present in (None, *CURRENCIES) else (str(present), *CURRENCIES)
    return pairs((code, code) for code in codes)
