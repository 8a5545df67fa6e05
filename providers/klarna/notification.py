"""Klarna's messages (section 6): none is signed, so each is a hint to read the order and nothing more (R35, I13).

The address holds our token, and says with `order_id={checkout.order.id}` which order a push is about.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from providers import reading
from providers.klarna.requests import UUID_FORM
from providers.snapshots import Notification

ORDER_QUERY = "order_id"
PUSH = "push"


def read(raw: bytes, query: Mapping[str, str]) -> Notification:
    """What to fetch because of a message.

    A push has no body: nothing tells two of them apart, so none is dropped and each gets an id of its own (R36).
    Anything else goes by the hash of its body.
    """
    asked = _order_id(query.get(ORDER_QUERY))
    if not raw.strip():
        return Notification(f"{PUSH}:{uuid4()}", None, PUSH, asked)
    notice = _notice(raw)
    event = notice.get("event_type")
    return Notification(
        event_id=f"sha256:{hashlib.sha256(raw).hexdigest()}",
        delivery_id=None,
        event=event if isinstance(event, str) else "",
        payment_ref=_order_id(notice.get("order_id")) or asked,
    )


def _notice(raw: bytes) -> Mapping[str, Any]:
    try:
        return reading.an_object(reading.parse(raw), "notice")
    except reading.Unreadable:
        return {}


def _order_id(value: Any) -> str | None:
    return value.lower() if isinstance(value, str) and UUID_FORM.fullmatch(value) else None
