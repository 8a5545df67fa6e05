"""From Klarna's order object (section 2.1) to the port's snapshot; pure, no network.

What is authorised may go up and down, so the snapshot tells it as a level: `open_authorised` is captured +
`remaining_authorized_amount`. Of a cancelled or expired order nothing is held any more, whatever it shows as
remaining. `authorised` and `cancelled` are our words for a first read: the most that was ever asked for, and
what of it is not open.

Movements are the entries of `captures` and `refunds`, with Klarna's ids. Where an entry has none (older orders
have refunds without), its id is derived (I9): `<order>:refund:<total refunded up to it>`, in the order of its
time. `reference` of an entry is our operation id where we made it.

A part-captured order reads as CAPTURED: money was taken, and the sums say that some is left. States that the
table of section 3 calls `unknown` are kept as such (`kept["unknown"]`), and nothing is offered on them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate
from typing import Any

from providers.kinds import MovementKind, ProviderState
from providers.klarna import lines
from providers.money import Money, MoneyError
from providers.reading import Unreadable, an_array, an_object, moment, optional_text, text, whole_number
from providers.snapshots import Movement, PaymentSnapshot

ACCEPTED = "ACCEPTED"
RELEASED = {"CANCELLED": ProviderState.CANCELLED, "EXPIRED": ProviderState.EXPIRED}
KNOWN_OPEN = ("AUTHORIZED", "PART_CAPTURED", "CAPTURED")
METHOD_UNKNOWN = "klarna"


@dataclass(frozen=True, slots=True)
class _Sums:
    """Minor units; `open` is captured + remaining."""

    asked: int
    authorised: int
    captured: int
    refunded: int
    remaining: int

    @property
    def open(self) -> int:
        return self.captured + self.remaining


def snapshot(order: Any) -> PaymentSnapshot:
    """The order in the port's words. Raises Unreadable."""
    order = an_object(order, "order")
    status = (optional_text(order, "status") or "").upper()
    captures, refunds = _movements(order, _CAPTURES), _movements(order, _REFUNDS)
    sums = _sums(order, status, captures, refunds)
    state = _state(status, sums)
    fraud = (optional_text(order, "fraud_status") or "").upper()
    return PaymentSnapshot(
        provider_ref=text(order, "order_id"),
        state=state,
        method=_method(order).lower() or METHOD_UNKNOWN,
        authorised=_money(sums.authorised, order),
        captured=_money(sums.captured, order),
        cancelled=_money(sums.authorised - sums.open, order),
        refunded=_money(sums.refunded, order),
        movements=[*captures, *refunds],
        order_number=optional_text(order, "merchant_reference1"),
        buyer_email=_email(order),
        created_at=moment(order, "created_at"),
        hold_expires_at=moment(order, "expires_at") if sums.remaining else None,
        asked=_money(sums.asked, order),
        kept=_kept(order, status, fraud, sums),
        open_authorised=_money(sums.open, order),
        lines=lines.read(order),
        open_lines=lines.not_captured(order) if sums.remaining else (),
        refundable_lines=lines.not_refunded(order, sums.captured) if sums.captured > sums.refunded else (),
        held=_is_held(fraud, status, sums),
    )


def _sums(order: Mapping[str, Any], status: str, captures: list[Movement], refunds: list[Movement]) -> _Sums:
    """Raises Unreadable where a sum is more than its entries: believing them would let money move twice."""
    asked_now = whole_number(order, "order_amount")
    asked = _number(order, "original_order_amount", asked_now)
    captured = sum(one.money.minor for one in captures)
    refunded = sum(one.money.minor for one in refunds)
    if _number(order, "captured_amount", captured) > captured or _number(order, "refunded_amount", refunded) > refunded:
        raise Unreadable("a sum of the order is more than its entries")
    remaining = _number(order, "remaining_authorized_amount", max(asked_now - captured, 0))
    if remaining < 0:
        raise Unreadable("remaining_authorized_amount is below zero")
    if status in RELEASED:
        remaining = 0
    return _Sums(asked, max(asked, asked_now, captured + remaining), captured, refunded, remaining)


def _state(status: str, sums: _Sums) -> ProviderState:
    """The table of section 3, amounts before words."""
    if status == "CANCELLED":
        return ProviderState.CANCELLED
    if sums.captured:
        gone = sums.refunded >= sums.captured and sums.remaining == 0
        return ProviderState.REFUNDED if gone else ProviderState.CAPTURED
    return RELEASED.get(status, ProviderState.AUTHORISED)


@dataclass(frozen=True, slots=True)
class _Fields:
    """The names of the fields of one kind of entry."""

    kind: MovementKind
    entries: str
    id: str
    amount: str
    at: str


_CAPTURES = _Fields(MovementKind.CAPTURE, "captures", "capture_id", "captured_amount", "captured_at")
_REFUNDS = _Fields(MovementKind.REFUND, "refunds", "refund_id", "refunded_amount", "refunded_at")


def _movements(order: Mapping[str, Any], fields: _Fields) -> list[Movement]:
    """The entries in the order of their time."""
    never = datetime.min.replace(tzinfo=UTC)
    rows = [an_object(row, fields.entries) for row in an_array(order.get(fields.entries), fields.entries)]
    rows.sort(key=lambda row: moment(row, fields.at) or never)
    totals = accumulate(whole_number(row, fields.amount) for row in rows)
    return [
        Movement(
            kind=fields.kind,
            id=optional_text(row, fields.id) or f"{text(order, 'order_id')}:{fields.kind.value}:{total}",
            money=_money(whole_number(row, fields.amount), order),
            reference=optional_text(row, "reference") or None,
            occurred_at=moment(row, fields.at),
        )
        for row, total in zip(rows, totals, strict=True)
    ]


def _is_held(fraud: str, status: str, sums: _Sums) -> bool:
    """Whether Klarna has not accepted the order, or not any more. Without a word of it a capture is the proof."""
    if status in RELEASED or fraud == ACCEPTED:
        return False
    return bool(fraud) or not sums.captured


def _kept(order: Mapping[str, Any], status: str, fraud: str, sums: _Sums) -> dict[str, Any]:
    """What availability looks at, and the raw words for the page of the payment."""
    expires_at = moment(order, "expires_at")
    return {
        "status": status,
        "fraud_status": fraud,
        "unknown": not sums.captured and status not in (*KNOWN_OPEN, *RELEASED),
        "type": _method(order).upper(),
        "country": (optional_text(order, "purchase_country") or "").upper(),
        "expires_at": expires_at and expires_at.isoformat(),
        "remaining": sums.remaining,
        "klarna_reference": optional_text(order, "klarna_reference"),
        "merchant_reference1": optional_text(order, "merchant_reference1"),
        "merchant_reference2": optional_text(order, "merchant_reference2"),
    }


def _method(order: Mapping[str, Any]) -> str:
    return optional_text(an_object(order.get("initial_payment_method") or {}, "initial_payment_method"), "type") or ""


def _email(order: Mapping[str, Any]) -> str | None:
    return optional_text(an_object(order.get("billing_address") or {}, "billing_address"), "email")


def _number(of: Mapping[str, Any], name: str, missing: int) -> int:
    return missing if of.get(name) is None else whole_number(of, name)


def _money(minor: int, order: Mapping[str, Any]) -> Money:
    try:
        return Money(minor, text(order, "purchase_currency").upper())
    except MoneyError:
        pass  # said again without the value, which a log may show
    raise Unreadable("amount or currency is out of bounds")
