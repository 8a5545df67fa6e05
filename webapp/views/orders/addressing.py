"""The order list's address: what stands in it, the filter it asks for, and the addresses without one of its parts.

Whatever cannot be understood is left out: an address typed wrong shows more, never an error.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

from flask import request, url_for
from flask_babel import get_locale, get_timezone
from flask_babel import gettext as _

from webapp.domain.amounts import AmountWrong, parse_amount
from webapp.domain.payment_state import PaymentState
from webapp.formatting import day
from webapp.formatting.money_words import method_title, provider_name
from webapp.formatting.words import state_tag
from webapp.security import current, shops_in_view
from webapp.services.orders.choices import Choices
from webapp.services.orders.filters import OrderFilter

LONGEST = 200
TYPICAL_OF_DECIMALS = MappingProxyType({0: ("JPY", "KRW"), 2: ("EUR", "USD", "SEK", "GBP"), 3: ("KWD",)})
"""Currencies whose way of writing tells what an amount without a currency may mean."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The address's parts as they were typed; "" is not asked for."""

    q: str = ""
    shop: str = ""
    status: str = ""
    state: str = ""
    provider: str = ""
    method: str = ""
    since: str = ""
    until: str = ""
    attention: str = ""

    def address(self, endpoint: str = "orders.index", **changes: str) -> str:
        """The address with these parts, some changed; the page's place is left out unless given."""
        parts = {each.name: getattr(self, each.name) for each in fields(self)} | changes
        return url_for(endpoint, **{name: value for name, value in parts.items() if value})

    @property
    def only_searches(self) -> bool:
        """Whether nothing but the search is asked for."""
        return bool(self.q) and self == Asked(q=self.q)


def read_address() -> Asked:
    """What the request's address asks for."""
    given = {each.name: request.args.get(each.name, "").strip()[:LONGEST] for each in fields(Asked)}
    given["q"] = given["q"].replace("\0", "")
    return Asked(
        **given
        | {
            "state": given["state"] if given["state"] in set(PaymentState) else "",
            "shop": given["shop"] if _shop(given["shop"]) else "",
            "since": given["since"] if _day(given["since"]) else "",
            "until": given["until"] if _day(given["until"]) else "",
            "attention": "1" if given["attention"] else "",
        }
    )


def filter_of(asked: Asked) -> OrderFilter:
    """The same for the services, within the shops that are in view and the mode the person works in."""
    shops, shop = shops_in_view(), _shop(asked.shop)
    return OrderFilter(
        shop_ids=shops & {shop} if shop else shops,
        mode=current().mode,
        search=asked.q,
        amounts=_amounts(asked.q) if asked.q else (),
        status=asked.status,
        payment_state=PaymentState(asked.state) if asked.state else None,
        provider=asked.provider,
        method=asked.method,
        ordered_from=_midnight(asked.since),
        ordered_before=_midnight(asked.until, days_later=1),
        attention=bool(asked.attention),
    )


def chips_of(asked: Asked, choices: Choices) -> list[Mapping[str, str]]:
    """The filters in force, each with its words and the address without it."""
    shops, statuses = dict(choices.shops), dict(choices.statuses)
    words = {
        "q": (_("Search"), asked.q),
        "shop": (_("Shop"), shops.get(asked.shop, asked.shop)),
        "status": (_("Order status"), statuses.get(asked.status, asked.status)),
        "state": (_("Payment state"), str(state_tag(PaymentState(asked.state)).word) if asked.state else ""),
        "provider": (_("Provider"), provider_name(asked.provider)),
        "method": (_("Method"), method_title(asked.method)),
        "since": (_("From"), _day_words(asked.since)),
        "until": (_("Until"), _day_words(asked.until)),
        "attention": (_("Shown"), _("needs attention")),
    }
    return [
        {"label": label, "value": value, "without": asked.address(**{name: ""})}
        for name, (label, value) in words.items()
        if getattr(asked, name)
    ]


def _shop(text: str) -> uuid.UUID | None:
    with suppress(ValueError):
        return uuid.UUID(text)
    return None


def _day(text: str) -> date | None:
    with suppress(ValueError):
        return date.fromisoformat(text)
    return None


def _day_words(text: str) -> str:
    value = _day(text)
    return day(value) if value else ""


def _midnight(text: str, days_later: int = 0) -> datetime | None:
    value = _day(text)
    if value is None or not date(1900, 1, 1) <= value <= date(9990, 1, 1):
        return None
    zone = ZoneInfo(str(get_timezone() or "UTC"))
    return datetime.combine(value + timedelta(days=days_later), time(), zone).astimezone(UTC)


def _amounts(text: str) -> tuple[tuple[int, int], ...]:
    found: list[tuple[int, int]] = []
    for digits, currencies in TYPICAL_OF_DECIMALS.items():
        for currency in currencies:
            with suppress(AmountWrong):
                found.append((digits, parse_amount(text, currency, str(get_locale()))))
                break
    return tuple(found)
