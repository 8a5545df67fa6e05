"""From a wish to the exact bytes for Svea (sections 3, 6 and 10), and the form of them that may be shown.

Which call it is follows from the kind, the lines and the actions of the last read. What a call sends as a
total to reach (`CreditedAmount`, `CancelledAmount`) is computed here, once, and stays in the stored bytes, so that
a repeat of them can never move money a second time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from providers import reading
from providers.errors import RequestNotPossible
from providers.kinds import NotOffered, OperationKind
from providers.port import MoneyRequest, WireCall
from providers.references import find_code
from providers.svea import actions, changed_rows, giving_back, kept, plan
from providers.svea.capabilities import SveaCapabilities
from providers.svea.order import Order
from providers.svea.wire import ORDER_ID, Call

_HIDDEN = re.compile(r"name|articlenumber|unit", re.IGNORECASE)


def prepare(request: MoneyRequest) -> WireCall:
    """The call for `request`. Raises RequestNotPossible."""
    available = SveaCapabilities().availability(request.kind, request.payment, request.settings)
    if not available.possible:
        raise RequestNotPossible(available.why_not or NotOffered.NOT_ALLOWED_NOW)
    order = kept.load(request.payment.kept)
    money = request.money
    if order is None or not ORDER_ID.fullmatch(request.payment_ref) or str(order.id) != request.payment_ref:
        raise RequestNotPossible(NotOffered.NOT_SUPPORTED)
    if money.currency != request.payment.currency or money.currency != order.currency or money.minor == 0:
        raise RequestNotPossible(NotOffered.NOT_SUPPORTED)
    call = _call(request, order)
    return WireCall(
        method=call.method,
        path=f"/api/v1/orders/{order.id}{call.path}",
        body=as_json(call.body),
        key=request.key,
        operation_id=request.operation_id,
        kind=request.kind,
        amount_minor=money.minor,
        currency=money.currency,
        payment_ref=request.payment_ref,
    )


def redact(call: WireCall) -> str:
    """Method, path and figures; of the texts only our code."""
    shown = f"{call.method} {call.path}"
    if call.body is None:
        return shown
    return f"{shown} {json.dumps(_shown(reading.parse(call.body)))}"


def as_json(body: Mapping[str, Any]) -> bytes:
    """The body as it is signed, stored and sent: compact, in the order given."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def _shown(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _shown(each, key) for key, each in value.items()}
    if isinstance(value, list):
        return [_shown(each, name) for each in value]
    if isinstance(value, str) and _HIDDEN.search(name):
        return find_code(value) or "…"
    return value


def _call(request: MoneyRequest, order: Order) -> Call:
    match request.kind:
        case OperationKind.CAPTURE:
            return _deliver(request, order)
        case OperationKind.CANCEL:
            return _cancel(request, order)
        case OperationKind.REFUND:
            return giving_back.call(request, order)
        case OperationKind.UPDATE:
            return _update(request, order)


def _deliver(request: MoneyRequest, order: Order) -> Call:
    minor = request.money.minor
    _check_within(minor, order.open)
    if minor == order.open:
        return Call("POST", "/deliveries", {"OrderRowIds": []})
    if request.lines and actions.DELIVER_PART in order.actions:
        return Call("POST", "/deliveries", changed_rows.to_deliver(request.lines, order, minor))
    if actions.CANCEL_AMOUNT in order.actions and not order.deliveries:
        return Call("POST", "/deliveries/DeliverAndLowerAmount", {"DeliveredAmount": minor})
    by_rows = actions.DELIVER_PART in order.actions
    raise RequestNotPossible(NotOffered.LINES_NEEDED if by_rows else NotOffered.PART_NOT_SUPPORTED)


def _cancel(request: MoneyRequest, order: Order) -> Call:
    minor = request.money.minor
    _check_within(minor, order.open)
    whole = minor == order.open
    if whole and not order.deliveries and actions.CANCEL_ORDER in order.actions:
        return Call("PATCH", "", {"IsCancelled": True})
    if whole and plan.releases_all_by_rows(order):
        return changed_rows.cancelling([row.id for row in order.open_rows])
    if request.lines and order.cancellable_rows:
        return changed_rows.cancelling(changed_rows.whole_rows(request.lines, order.cancellable_rows, minor))
    if actions.CANCEL_AMOUNT in order.actions:
        return Call("PATCH", "", {"CancelledAmount": order.cancelled + minor})
    rows = order.cancellable_rows
    if rows and minor == sum(row.total for row in rows):
        return changed_rows.cancelling([row.id for row in rows])
    raise RequestNotPossible(NotOffered.LINES_NEEDED if rows else NotOffered.PART_NOT_SUPPORTED)


def _update(request: MoneyRequest, order: Order) -> Call:
    """Section 10: all rows anew, else a smaller amount, else whole rows less."""
    if request.new_total is None:
        raise RequestNotPossible(NotOffered.NOT_SUPPORTED)
    new_total = request.new_total.minor
    if abs(new_total - order.open) != request.money.minor:
        raise RequestNotPossible(NotOffered.NOT_ALLOWED_NOW)  # the order is not what the wish was made for
    if request.lines and actions.UPDATE_ROWS in order.actions:
        return changed_rows.replacing(request.lines, new_total)
    if new_total > order.open:
        raises = actions.UPDATE_ROWS in order.actions
        raise RequestNotPossible(NotOffered.LINES_NEEDED if raises else NotOffered.CANNOT_RAISE)
    if actions.CANCEL_AMOUNT in order.actions:
        return Call("PATCH", "", {"CancelledAmount": order.cancelled + request.money.minor})
    if request.lines:
        return changed_rows.cancelling(changed_rows.gone(request.lines, order, request.money.minor))
    raise RequestNotPossible(NotOffered.LINES_NEEDED)


def _check_within(minor: int, most: int) -> None:
    if minor > most:
        raise RequestNotPossible(NotOffered.NOTHING_LEFT)
