"""Svea's signature (section 1.2): SHA-512 over the bytes of the body, the secret and the time of this attempt."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime


def right_now() -> datetime:
    """The machine's time in UTC."""
    return datetime.now(UTC)


def authorization(merchant_id: str, secret: str, body: bytes, timestamp: str) -> str:
    """The header's value for exactly these bytes; `timestamp` as its own header carries it."""
    hashed = hashlib.sha512(body + secret.encode() + timestamp.encode()).hexdigest()
    return "Svea " + base64.b64encode(f"{merchant_id}:{hashed}".encode()).decode()


class Signer:
    """Signs the calls of one account. Every call gets a time of its own, so nothing stored holds a signature."""

    def __init__(self, merchant_id: str, secret: str, now: Callable[[], datetime] = right_now) -> None:
        """Raises ValueError, without the value, for a merchant id that cannot be sent."""
        if not (merchant_id.isascii() and merchant_id.isprintable()) or ":" in merchant_id or " " in merchant_id:
            raise ValueError("The merchant id holds characters that cannot be sent")
        self._merchant_id = merchant_id
        self._secret = secret
        self._now = now

    def headers(self, body: bytes | None) -> Mapping[str, str]:
        """The headers of one call made now."""
        timestamp = self._now().astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
        signed = authorization(self._merchant_id, self._secret, body or b"", timestamp)
        return {"Timestamp": timestamp, "Authorization": signed}
