"""Subscriptions to Svea's events (section 8): what is asked for, and what the answers say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from providers.reading import Unreadable, an_array, an_object, optional_text, text
from providers.svea.requests import as_json

PATH = "/api/v2/callbacks/subscriptions"
EVENTS = (
    "CheckoutOrder.Created",
    "CheckoutOrder.Updated",
    "CheckoutOrder.Delivered",
    "CheckoutOrder.CreditSucceeded",
    "CheckoutOrder.CreditFailed",
    "CheckoutOrder.Closed",
    "CheckoutOrder.PendingStatusReleased",
)


@dataclass(frozen=True, slots=True)
class SubscriptionRequest:
    """What to subscribe to. Without a secret Svea signs nothing, and stops signing what it signed before."""

    callback_uri: str
    events: Sequence[str] = EVENTS
    secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription as Svea lists it; nothing is sent to it before it is verified."""

    ref: str
    callback_uri: str
    events: Sequence[str]
    is_verified: bool


def body(request: SubscriptionRequest) -> bytes:
    """The bytes of an addition or a replacement."""
    fields: dict[str, Any] = {"CallbackUri": request.callback_uri, "Events": list(request.events)}
    if request.secret:
        fields["Secret"] = request.secret
    return as_json(fields)


def path(ref: str, action: str = "") -> str:
    """The path of one subscription. Raises ValueError for what is no id."""
    if not ref.replace("-", "").isalnum() or not ref.isascii():
        raise ValueError("Not an id of a subscription")
    return f"{PATH}/{ref}{action}"


def read_ref(answer: Any) -> str:
    """The new subscription's id. Raises Unreadable."""
    return text(an_object(answer, "subscription"), "subscriptionid")


def read_list(answer: Any) -> list[Subscription]:
    """All subscriptions, from a bare array or one in `Subscriptions` (unconfirmed which). Raises Unreadable."""
    if answer is None:
        raise Unreadable("subscriptions are missing")
    listed = answer.get("subscriptions") if isinstance(answer, dict) else answer
    return [_read(one) for one in an_array(listed, "subscriptions")]


def _read(value: Any) -> Subscription:
    row = an_object(value, "subscription")
    return Subscription(
        ref=text(row, "subscriptionid"),
        callback_uri=optional_text(row, "callbackuri") or "",
        events=[str(one) for one in an_array(row.get("events"), "events")],
        is_verified=row.get("verified") is True,
    )
