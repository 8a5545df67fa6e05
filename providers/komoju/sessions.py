"""KOMOJU's hosted page (section 8): what to ask for, and what a page says of itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from providers.komoju import mapping
from providers.komoju.requests import as_json
from providers.money import Money, MoneyError
from providers.reading import Unreadable, an_object, moment, text, whole_number
from providers.snapshots import PaymentSnapshot

LONGEST_S = 86400
STATUSES = ("pending", "completed", "cancelled")


@dataclass(frozen=True, slots=True)
class SessionLine:
    """A line shown to the buyer; `amount_minor` in the currency of the page."""

    description: str
    amount_minor: int
    quantity: int = 1


@dataclass(frozen=True, slots=True)
class SessionRequest:
    """A page to open. `key` is the stored idempotency key; `capture_by_hand` reserves only."""

    key: str
    money: Money
    return_url: str
    order_number: str
    capture_by_hand: bool = False
    locale: str = "ja"
    expires_in_s: int = LONGEST_S
    payment_types: Sequence[str] = ()
    email: str | None = None
    lines: Sequence[SessionLine] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 0 < self.expires_in_s <= LONGEST_S:
            raise ValueError("A page lives for at most 24 hours")


@dataclass(frozen=True, slots=True)
class Session:
    """A page as KOMOJU shows it. `completed` does not mean paid: read `payment.state` (section 8)."""

    ref: str
    status: str
    expired: bool
    url: str
    money: Money
    payment: PaymentSnapshot | None
    created_at: datetime | None
    completed_at: datetime | None
    cancelled_at: datetime | None


def body(request: SessionRequest) -> bytes:
    """The bytes of `POST /sessions`; stable, so that a repeat under the same key is the same request."""
    fields: dict[str, Any] = {
        "mode": "payment",
        "amount": request.money.minor,
        "currency": request.money.currency,
        "return_url": request.return_url,
        "default_locale": request.locale,
        "expires_in_seconds": request.expires_in_s,
        "payment_data": {
            "external_order_num": request.order_number,
            "capture": "manual" if request.capture_by_hand else "auto",
        },
    }
    if request.payment_types:
        fields["payment_types"] = list(request.payment_types)
    if request.email:
        fields["email"] = request.email
    if request.metadata:
        fields["metadata"] = dict(request.metadata)
    if request.lines:
        fields["line_items"] = [
            {"description": line.description, "amount": line.amount_minor, "quantity": line.quantity}
            for line in request.lines
        ]
    return as_json(fields)


def read(answer: Any) -> Session:
    """The page in `answer`; its address is used as given, never built. Raises Unreadable."""
    page = an_object(answer, "session")
    status = text(page, "status")
    if status not in STATUSES:
        raise Unreadable("session status is not a known one")
    payment = page.get("payment")
    return Session(
        ref=text(page, "id"),
        status=status,
        expired=page.get("expired") is True,
        url=text(page, "session_url"),
        money=_money(page),
        payment=None if payment is None else mapping.snapshot(payment),
        created_at=moment(page, "created_at"),
        completed_at=moment(page, "completed_at"),
        cancelled_at=moment(page, "cancelled_at"),
    )


def _money(page: Mapping[str, Any]) -> Money:
    try:
        return Money(whole_number(page, "amount"), text(page, "currency"))
    except MoneyError:
        pass  # said again without the value
    raise Unreadable("amount or currency is out of bounds")
