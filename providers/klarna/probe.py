"""What an account offers (section 8): the categories that a payment session of a fixed amount shows.

There is no list of methods. A session makes no order and dies after 48 hours.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from providers.klarna.requests import as_json
from providers.reading import Unreadable, an_array, an_object, optional_text, text
from providers.snapshots import MethodOffer

SESSIONS = "/payments/v1/sessions"
AMOUNT_MINOR = 10000


def body(country: str, currency: str) -> bytes:
    """The session that is asked for: one line of a fixed amount without tax."""
    line = {
        "name": "Payment methods",
        "quantity": 1,
        "unit_price": AMOUNT_MINOR,
        "tax_rate": 0,
        "total_amount": AMOUNT_MINOR,
        "total_discount_amount": 0,
        "total_tax_amount": 0,
    }
    return as_json(
        {
            "purchase_country": country,
            "purchase_currency": currency,
            "locale": f"en-{country}",
            "order_amount": AMOUNT_MINOR,
            "order_tax_amount": 0,
            "order_lines": [line],
        }
    )


def offers(answer: Any, currency: str) -> list[MethodOffer]:
    """The categories of a session; a name is a marketing text and no key. Raises Unreadable."""
    session = an_object(answer, "session")
    text(session, "session_id")
    found: dict[str, MethodOffer] = {}
    for entry in an_array(session.get("payment_method_categories"), "payment_method_categories"):
        slug, name = _category(an_object(entry, "category"))
        found.setdefault(slug, MethodOffer(slug, currency, {"en": name}))
    return list(found.values())


def _category(entry: Mapping[str, Any]) -> tuple[str, str]:
    slug = text(entry, "identifier").lower()
    if not slug.replace("_", "").isalnum():
        raise Unreadable("identifier is no word")
    return slug, optional_text(entry, "name") or ""
