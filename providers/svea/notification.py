"""Svea's events (section 8). They are signed only where the account says so, and only ever cause a fetch (I13, R35).

Name and form of the signature are not documented. An account may name the header, and then any of its secrets
must have made the hex HMAC in it; without a name nothing is checked but the address they came to (R34).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from providers.errors import SignatureWrong
from providers.reading import Unreadable, an_object
from providers.snapshots import Notification
from providers.svea import answers
from providers.svea.wire import ORDER_ID

ALGORITHMS = ("sha256", "sha512")
PUSH = "push"


@dataclass(frozen=True, slots=True)
class Signing:
    """How the account's events are signed; `header` is blank where they are not."""

    header: str = ""
    algorithm: str = ALGORITHMS[0]

    def __post_init__(self) -> None:
        if self.algorithm not in ALGORITHMS:
            raise ValueError("Unknown algorithm of the event signature")


def read(raw: bytes, query: Mapping[str, str]) -> Notification:
    """What an event is about; an unreadable one keeps its hash as id (R38).

    A push (section 8) has no body to rely on: its order stands in the query of the address, as `order`. Nothing
    tells two of them apart, so none is dropped and each gets an id of its own (R36).
    """
    event = _event(raw)
    event_id, ref = _event_id(event), _text(event, "checkoutorderid")
    name = _text(event, "eventname")
    if event_id is None and ORDER_ID.fullmatch(query.get("order", "")):
        event_id, ref, name = f"{PUSH}:{uuid4()}", query["order"], PUSH
    return Notification(
        event_id=event_id or f"sha256:{hashlib.sha256(raw).hexdigest()}",
        delivery_id=None,
        event=name,
        payment_ref=ref if ORDER_ID.fullmatch(ref) else None,
    )


def verify(headers: Mapping[str, str], raw: bytes, secrets: Sequence[str], signing: Signing) -> None:
    """Raises SignatureWrong where none of `secrets` made the signature; a blank one never fits."""
    lower = {name.lower(): value for name, value in headers.items()}
    given = lower.get(signing.header.lower(), "").strip().lower().encode("utf-8", "replace")
    made = [
        hmac.new(secret.encode(), raw, signing.algorithm).hexdigest().encode() for secret in secrets if secret.strip()
    ]
    if not any(hmac.compare_digest(one, given) for one in made):
        raise SignatureWrong(signing.header)


def _event_id(event: Mapping[str, Any]) -> str | None:
    """What tells two events apart: name, order, delivery or credit, moment. Blank without the name and moment."""
    name, moment = _text(event, "eventname"), _text(event, "timestamputc")
    if not name or not moment:
        return None
    subject = _text(event, "deliveryid") or _text(event, "creditid")
    return ":".join([name, _text(event, "checkoutorderid"), subject, moment])


def _event(raw: bytes) -> Mapping[str, Any]:
    try:
        return an_object(answers.read(raw), "event")
    except Unreadable:
        return {}


def _text(of: Mapping[str, Any], name: str) -> str:
    """Ids are numbers here and texts there (call 16), so both are read as text."""
    value = of.get(name)
    return str(value) if isinstance(value, str) or type(value) is int else ""
