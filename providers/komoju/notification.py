"""KOMOJU's webhook messages: signature over the raw bytes, and what to fetch because of them (section 10).

The signature carries no time, so a replay cannot be told from the first delivery: the message may only cause
a fetch (R35). Other headers are not signed; `delivery_id` is good for dropping repeats only.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from typing import Any

from providers import reading
from providers.errors import SignatureWrong
from providers.snapshots import Notification

PAYMENT_ID = re.compile(r"[a-z0-9]{25}")


def read(headers: Mapping[str, str], raw: bytes, secrets: Sequence[str]) -> Notification:
    """Verify `raw` against any of `secrets` (old and new during rotation, R34); a blank one never fits.

    A body that is signed but cannot be read still answers a Notification, with its hash as event id, so that
    it is stored and never lost (R38). Raises SignatureWrong.
    """
    lower = {name.lower(): value for name, value in headers.items()}
    given = lower.get("x-komoju-signature", "").encode("utf-8", "replace")
    usable = [secret for secret in secrets if secret.strip()]
    if not any(hmac.compare_digest(_signature(raw, secret), given) for secret in usable):
        raise SignatureWrong("X-Komoju-Signature")
    event = _event(raw)
    return Notification(
        event_id=_text(event, "id") or f"sha256:{hashlib.sha256(raw).hexdigest()}",
        delivery_id=lower.get("x-komoju-id") or None,
        event=_text(event, "type") or lower.get("x-komoju-event", ""),
        payment_ref=payment_ref(event),
    )


def payment_ref(event: Mapping[str, Any]) -> str | None:
    """The payment to fetch because of an event: that of `payment.*`, or the one a refund request names."""
    data = event.get("data")
    if not isinstance(data, dict):
        return None
    field = {"payment": "id", "refund_request": "payment"}.get(_text(event, "type").partition(".")[0])
    ref = _text(data, field) if field else ""
    return ref if PAYMENT_ID.fullmatch(ref) else None


def _signature(raw: bytes, secret: str) -> bytes:
    return hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest().encode()


def _event(raw: bytes) -> Mapping[str, Any]:
    try:
        return reading.an_object(reading.parse(raw), "event")
    except reading.Unreadable:
        return {}


def _text(of: Mapping[str, Any], name: str) -> str:
    value = of.get(name)
    return value if isinstance(value, str) else ""
