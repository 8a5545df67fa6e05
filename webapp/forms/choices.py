"""Lists that several forms choose from."""

from __future__ import annotations

from functools import cache
from zoneinfo import available_timezones

from webapp.formatting import LANGUAGES

CURRENCIES = ("EUR", "USD", "JPY", "SEK", "GBP", "NOK", "DKK", "CHF", "KRW", "TWD", "CNY", "HKD", "SGD", "AUD", "CAD")


@cache
def zones() -> tuple[str, ...]:
    """Names of time zones of places, and UTC."""
    return ("UTC", *sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/")))


def zone_choices() -> list[tuple[str, str]]:
    """For a select."""
    return [(name, name.replace("_", " ")) for name in zones()]


def language_choices() -> list[tuple[str, str]]:
    """For a select, each in its own language."""
    return list(LANGUAGES.items())


def currency_choices(present: str | None = None) -> list[tuple[str, str]]:
    """For a select; holds the present one even if it is not among the usual."""
    codes = CURRENCIES if present in (None, *CURRENCIES) else (str(present), *CURRENCIES)
    return [(code, code) for code in codes]
