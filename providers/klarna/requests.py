"""From a wish to the exact bytes for Klarna (sections 2, 3 and 5), and the form of them that may be shown."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from providers import reading
from providers.errors import RequestNotPossible
from providers.kinds import NotOffered, OperationKind
from providers.klarna import lines
from providers.klarna.capabilities import KlarnaCapabilities
from providers.money import Money
from providers.port import Availability, MoneyRequest, WireCall
from providers.usual_plan import rest_of

ORDERS = "/ordermanagement/v1/orders/"
UUID_FORM = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
LARGEST_MINOR = 200_000_000
LONGEST_TEXT = 255
SHOWN_FIELDS = frozenset({"captured_amount", "refunded_amount", "order_amount", "reference"})


def prepare(request: MoneyRequest, capabilities: KlarnaCapabilities) -> WireCall:
    """The call for `request`. Raises RequestNotPossible; ValueError for a key that is no UUID (section 5)."""
    _check(request, capabilities.availability(request.kind, request.payment, request.settings))
    method, path, body = "POST", "", None
    match request.kind:
        case OperationKind.CAPTURE:
            path, body = "captures", _movement("captured_amount", request)
        case OperationKind.REFUND:
            path, body = "refunds", _movement("refunded_amount", request)
        case OperationKind.CANCEL:
            path = "release-remaining-authorization" if request.payment.captured_minor else "cancel"
        case OperationKind.UPDATE:
            method, path, body = "PATCH", "authorization", _update(request)
    return WireCall(
        method=method,
        path=f"{ORDERS}{request.payment_ref}/{path}",
        body=None if body is None else as_json(body),
        key=request.key,
        operation_id=request.operation_id,
        kind=request.kind,
        amount_minor=request.money.minor,
        currency=request.money.currency,
        payment_ref=request.payment_ref,
    )


def redact(call: WireCall) -> str:
    """Method, path, amounts and our reference; of lines their number and sums, and no free text."""
    shown = f"{call.method} {call.path}"
    if call.body is None:
        return shown
    fields = reading.an_object(reading.parse(call.body), "body")
    return f"{shown} {json.dumps({name: _shown(name, value) for name, value in fields.items()})}"


def _shown(name: str, value: Any) -> Any:
    if name == "order_lines":
        return [line["total_amount"] for line in value]
    return value if name in SHOWN_FIELDS else "…"


def as_json(body: Mapping[str, Any]) -> bytes:
    """The body as it goes over the wire: compact, keys in the order given, so that its bytes are stable."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def check_key(key: str) -> str:
    """`key` if it may be an idempotency key (section 5: any UUID). Raises ValueError."""
    if not UUID_FORM.fullmatch(key):
        raise ValueError("An idempotency key is a UUID")
    return key


def references(first: str | None, second: str | None) -> bytes:
    """The body that overwrites the references which are given. Raises ValueError for none, or a longer one."""
    given = {"merchant_reference1": first, "merchant_reference2": second}
    fields = {name: value for name, value in given.items() if value is not None}
    if not fields or any(len(value) > LONGEST_TEXT for value in fields.values()):
        raise ValueError("A merchant reference has up to 255 characters")
    return as_json(fields)


def _check(request: MoneyRequest, available: Availability) -> None:
    check_key(request.key)
    payment, money = request.payment, request.money
    if not available.possible:
        raise RequestNotPossible(available.why_not or NotOffered.STATE_FORBIDS)
    if money.currency != payment.currency or not UUID_FORM.fullmatch(request.payment_ref):
        raise RequestNotPossible(NotOffered.NOT_SUPPORTED)
    if money.minor > LARGEST_MINOR:
        raise RequestNotPossible(NotOffered.NOT_SUPPORTED)
    if request.kind is OperationKind.UPDATE:
        _check_total(request, available)
        return
    left = rest_of(request.kind, payment)
    if not 0 < money.minor <= left:
        raise RequestNotPossible(NotOffered.NOTHING_LEFT)
    if not available.partial and money.minor != left:
        raise RequestNotPossible(available.why_not_partial or NotOffered.PART_NOT_SUPPORTED)


def _check_total(request: MoneyRequest, available: Availability) -> None:
    total, now = _new_total(request), rest_of(OperationKind.UPDATE, request.payment)
    if not request.lines:
        raise RequestNotPossible(NotOffered.LINES_NEEDED)
    if total.currency != request.payment.currency or total.minor > LARGEST_MINOR:
        raise RequestNotPossible(NotOffered.NOT_SUPPORTED)
    if total.minor < request.payment.captured_minor:
        raise RequestNotPossible(NotOffered.ALREADY_CAPTURED)
    if total.minor > now and not available.can_raise:
        raise RequestNotPossible(NotOffered.CANNOT_RAISE)
    if request.money.minor == 0:
        raise RequestNotPossible(NotOffered.NOTHING_LEFT)
    if request.money.minor != abs(total.minor - now):
        raise RequestNotPossible(NotOffered.STATE_FORBIDS)  # the payment is not what the wish was made on


def _new_total(request: MoneyRequest) -> Money:
    if request.new_total is None:
        raise RequestNotPossible(NotOffered.NOT_SUPPORTED)
    return request.new_total


def _movement(amount: str, request: MoneyRequest) -> dict[str, Any]:
    """A capture or a refund; without lines Klarna chooses what it is about (sections 3.1 and 3.3)."""
    body: dict[str, Any] = {amount: request.money.minor, "reference": request.operation_id[:LONGEST_TEXT]}
    body |= _description(request)
    if request.lines:
        body["order_lines"] = lines.written(request.lines, request.money.minor)
    return body


def _update(request: MoneyRequest) -> dict[str, Any]:
    """Another amount; the lines replace those of the order, and leaving them out would delete them."""
    total = _new_total(request)
    return {
        "order_amount": total.minor,
        **_description(request),
        "order_lines": lines.written(request.lines, total.minor),
    }


def _description(request: MoneyRequest) -> dict[str, str]:
    reason = " ".join(request.reason.split())[:LONGEST_TEXT]
    return {"description": reason} if reason else {}
