"""The bank's messages as a shop reads them: signature over the raw bytes, then what to fetch because of them."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence

from providers import reading
from providers.emulator.webhooks import sign_hex
from providers.errors import SignatureWrong
from providers.sandbox.notices import DELIVERY_ID, SIGNATURE
from providers.snapshots import Notification


def read(headers: Mapping[str, str], raw: bytes, secrets: Sequence[str]) -> Notification:
    """Verify `raw` against any of `secrets` and answer what it asks for. Raises SignatureWrong."""
    lower = {name.lower(): value for name, value in headers.items()}
    given = lower.get(SIGNATURE, "").encode("utf-8", "replace")
    if not any(hmac.compare_digest(sign_hex(secret, raw).encode(), given) for secret in secrets if secret):
        raise SignatureWrong(SIGNATURE)
    return said(lower, raw)


def said(headers: Mapping[str, str], raw: bytes) -> Notification:
    """What a message says, believed or not; `headers` in lower case."""
    event = reading.an_object(reading.parse(raw), "event")
    data = reading.an_object(event["data"], "data")
    return Notification(str(event["id"]), headers.get(DELIVERY_ID), str(event["type"]), str(data["id"]))
