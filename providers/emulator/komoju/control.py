"""Control calls that make KOMOJU payments and play its portal."""

import re
from dataclasses import replace
from typing import Any

from ..inputs import BadInput, account_of, amount, moment, object_of, optional_text, text
from ..records import AUTHORISED, CANCELLED, CAPTURED, EXPIRED, REFUNDED, STATES, Cause, Effect, Json, Payment
from ..world import World
from .methods import WAITS_FOR_BUYER, usual_details

NAME = "komoju"
BUYER = Cause("buyer")
REFERENCE = re.compile(r"[a-z0-9]{25}")


def add(world: World, body: Json) -> Payment:
    """A payment as if a buyer had paid or begun to."""
    method = text(body, "method")
    capture = optional_text(body, "capture") or "auto"
    if capture not in ("auto", "manual"):
        raise BadInput("capture has to be auto or manual.")
    waits = method in WAITS_FOR_BUYER
    usual = AUTHORISED if waits or capture == "manual" else CAPTURED
    state = (optional_text(body, "state") or usual).replace("authorized", AUTHORISED)
    if state not in STATES:
        raise BadInput(f"state has to be one of {', '.join(STATES)}.")
    payment = replace(_read(world, method, body), manual_capture=capture == "manual" and not waits)
    reference = world.ledger.add_payment(payment).reference
    _bring_to(world, reference, state)
    return world.ledger.get(reference)


def _read(world: World, method: str, body: Json) -> Payment:
    account = account_of(world.ledger, NAME, body)
    reference = optional_text(body, "id") or ""
    if reference and not REFERENCE.fullmatch(reference):
        raise BadInput("id has to be 25 lower-case letters and digits.")
    currency = text(body, "currency")
    if not re.fullmatch("[A-Z]{3}", currency):
        raise BadInput("currency has to be three capital letters.")
    waits = method in WAITS_FOR_BUYER
    return Payment(
        reference=reference,
        provider=NAME,
        account=account.id,
        method=method,
        currency=currency,
        amount_minor=amount(body, "amount_minor"),
        tax_minor=amount(body, "tax", 0, minimum=0),
        fee_minor=amount(body, "payment_method_fee", 0, minimum=0),
        created_at=moment(body, "created_at") or world.clock.now(),
        deadline_at=moment(body, "payment_deadline"),
        awaits_buyer=waits,
        refund_by_request=waits,
        order_number=optional_text(body, "order_number"),
        page=optional_text(body, "session"),
        metadata=object_of(body, "metadata"),
        details={**usual_details(method), **object_of(body, "payment_details")},
    )


def _bring_to(world: World, reference: str, state: str) -> None:
    ledger = world.ledger
    match state:
        case "pending":
            return
        case "failed":
            ledger.fail(reference, BUYER)
            return
    payment = ledger.get(reference)
    at_once = state in (CAPTURED, REFUNDED) and not (payment.awaits_buyer or payment.manual_capture)
    if not at_once:
        ledger.authorise(reference, BUYER)
    if state in (CAPTURED, REFUNDED):
        ledger.pay(reference, BUYER)
    if state == REFUNDED:
        ledger.refund(reference, Cause("portal"))
    if state == CANCELLED:
        ledger.cancel(reference, Cause("portal"))
    if state == EXPIRED:
        ledger.expire(reference, Cause("portal"))


def portal(world: World, reference: str, body: Json) -> Effect:
    """What staff, the buyer, the buyer's bank or the provider itself does."""
    ledger, cause = world.ledger, Cause("portal", description=optional_text(body, "description"))
    minor = amount(body, "amount_minor") if "amount_minor" in body else None
    request_id = optional_text(body, "request")
    moves: dict[str, Any] = {
        "capture": lambda: ledger.capture(reference, cause, minor),
        "cancel": lambda: ledger.cancel(reference, cause),
        "refund": lambda: ledger.refund(reference, cause, minor),
        "expire": lambda: ledger.expire(reference, cause),
        "dispute": lambda: ledger.dispute(reference, cause, minor),
        "settle": lambda: ledger.settle(reference, cause),
        "pay": lambda: ledger.pay(reference, BUYER),
        "authorise": lambda: ledger.authorise(reference, BUYER),
        "refuse": lambda: ledger.fail(reference, BUYER),
        "finish": lambda: ledger.finish_request(reference, cause, request_id),
        "fail": lambda: ledger.reject_request(reference, cause, request_id),
    }
    action = text(body, "action")
    if action not in moves:
        raise BadInput(f"action has to be one of {', '.join(moves)}.")
    effect: Effect = moves[action]()
    return effect
