"""From a wish to the exact bytes for KOMOJU (sections 2, 5, 6, 7), and the form of them that may be shown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from providers import reading
from providers.bank_details import wrong_fields
from providers.errors import RequestNotPossible
from providers.kinds import NotOffered, OperationKind
from providers.komoju.capabilities import KomojuCapabilities
from providers.komoju.mapping import first_word
from providers.komoju.notification import PAYMENT_ID
from providers.port import Availability, MoneyRequest, WireCall

REASON_LENGTH = 200
SHOWN_FIELDS = frozenset({"amount", "tax", "account_type", "include_payment_method_fee"})


def prepare(request: MoneyRequest) -> WireCall:
    """The call for `request`.

    Raises RequestNotPossible; ValueError for a key that KOMOJU would not take (section 7).
    """
    available = KomojuCapabilities().availability(request.kind, request.payment, request.settings)
    _check(request, available)
    path, body = f"/payments/{request.payment_ref}/{request.kind.value}", None
    if request.kind is OperationKind.CAPTURE:
        body = _capture(request)
    elif request.kind is OperationKind.REFUND and available.needs_bank_details:
        path, body = f"{path}_request", _refund_request(request)
    elif request.kind is OperationKind.REFUND:
        body = _refund(request)
    return WireCall(
        method="POST",
        path=path,
        body=None if body is None else as_json(body),
        key=request.key,
        operation_id=request.operation_id,
        kind=request.kind,
        amount_minor=request.money.minor,
        currency=request.money.currency,
        payment_ref=request.payment_ref,
    )


def redact(call: WireCall) -> str:
    """Method, path and the fields that hold nobody's data; of the description only our reference."""
    shown = f"{call.method} {call.path}"
    if call.body is None:
        return shown
    fields = reading.an_object(reading.parse(call.body), "body")
    return f"{shown} {json.dumps({name: _shown(name, value) for name, value in fields.items()})}"


def as_json(body: Mapping[str, Any]) -> bytes:
    """The body as it goes over the wire: compact, keys in the order given, so that its bytes are stable."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def check_key(key: str) -> str:
    """`key` if it may be an idempotency key (section 7). Raises ValueError."""
    if not (0 < len(key) <= 100 and key.isascii() and key.isprintable() and " " not in key):
        raise ValueError("An idempotency key is 1 to 100 ASCII characters")
    return key


def _shown(name: str, value: Any) -> Any:
    if name == "description":
        return f"{first_word(value)} …"
    return value if name in SHOWN_FIELDS else "…"


def _check(request: MoneyRequest, available: Availability) -> None:
    check_key(request.key)
    payment, money = request.payment, request.money
    if not available.possible:
        raise RequestNotPossible(available.why_not or NotOffered.STATE_FORBIDS)
    if money.currency != payment.currency or not PAYMENT_ID.fullmatch(request.payment_ref):
        raise RequestNotPossible(NotOffered.NOT_SUPPORTED)
    if money.minor == 0 or money.minor > _left(request):
        raise RequestNotPossible(NotOffered.NOTHING_LEFT)
    if not available.partial and not _is_all(request):
        raise RequestNotPossible(available.why_not_partial or NotOffered.PART_NOT_SUPPORTED)


def _left(request: MoneyRequest) -> int:
    """Minor units that `request.kind` could move, by the last read."""
    payment = request.payment
    if request.kind is OperationKind.REFUND:
        return payment.captured_minor - payment.refunded_minor
    return payment.authorised_minor - payment.captured_minor - payment.cancelled_minor


def _is_all(request: MoneyRequest) -> bool:
    """Whether the sum is all that is left at KOMOJU (`whole_rest` may leave out what others reserved)."""
    return request.money.minor == _left(request)


def _capture(request: MoneyRequest) -> dict[str, Any]:
    """Section 5: everything is captured without an amount; a part as amount before tax and tax."""
    if _is_all(request):
        return {}
    minor, tax = request.money.minor, request.payment.kept["tax"]
    tax_share = minor * tax // request.payment.authorised_minor
    return {"amount": minor - tax_share, "tax": tax_share}


def _refund(request: MoneyRequest) -> dict[str, Any]:
    """Section 5: with tax the rest is refunded without an amount, whose meaning is not confirmed then."""
    description = _description(request)
    if request.payment.kept.get("tax") != 0 and _is_all(request):
        return {"description": description}
    return {"amount": request.money.minor, "description": description}


def _refund_request(request: MoneyRequest) -> dict[str, Any]:
    """Section 6. The account number is sent as text of 7 digits, so that its zeros stay.

    The buyer's fee goes back only together with all the rest: beside a part, nothing on the wire would tell
    which share of the refund it was.
    """
    details = request.bank_details
    if details is None or wrong_fields(details):
        raise RequestNotPossible(NotOffered.NOT_SUPPORTED)
    if details.include_payment_method_fee and not _is_all(request):
        raise RequestNotPossible(NotOffered.PART_NOT_SUPPORTED)
    optional = {"bank_code": details.bank_code, "branch_name": details.branch_name}
    return {
        "amount": request.money.minor,
        "customer_name": details.customer_name,
        "bank_name": details.bank_name,
        **{name: value for name, value in optional.items() if value},
        "branch_number": details.branch_number,
        "account_type": details.account_type,
        "account_number": details.account_number,
        "include_payment_method_fee": details.include_payment_method_fee,
        "description": _description(request),
    }


def _description(request: MoneyRequest) -> str:
    """Our operation id first (R25), then the reason on one line."""
    reason = " ".join(request.reason.split())[:REASON_LENGTH]
    return f"{request.operation_id} {reason}".strip()
