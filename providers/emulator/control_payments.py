"""Control calls that make payments and play the provider's portal."""

import re
from datetime import datetime
from typing import Any

from .inputs import BadInput, amount, object_of, optional_text, text
from .komoju.methods import WAITS_FOR_BUYER, usual_details
from .records import AUTHORISED, CANCELLED, CAPTURED, EXPIRED, REFUNDED, STATES, Cause, Json, Payment
from .world import World

BUYER = Cause("buyer")
REFERENCE = re.compile(r"[a-z0-9]{25}")


class PaymentControl:
    """Hold the emulator's lock around every call."""

    def __init__(self, world: World) -> None:
        self._world = world

    def add(self, provider: str, body: Json) -> Json:
        """A payment as if a buyer had paid or begun to; answers `{"provider_ref": ...}`."""
        method = text(body, "method")
        capture = optional_text(body, "capture") or "auto"
        if capture not in ("auto", "manual"):
            raise BadInput("capture has to be auto or manual.")
        waits = method in WAITS_FOR_BUYER
        usual = AUTHORISED if waits or capture == "manual" else CAPTURED
        state = (optional_text(body, "state") or usual).replace("authorized", AUTHORISED)
        if state not in STATES:
            raise BadInput(f"state has to be one of {', '.join(STATES)}.")
        payment = self._read(provider, method, body, capture == "manual" and not waits, waits)
        reference = self._world.ledger.add_payment(payment).reference
        self._bring_to(reference, state)
        return {"provider_ref": reference, "account": payment.account}

    def _read(self, provider: str, method: str, body: Json, manual: bool, waits: bool) -> Payment:
        account = self._world.ledger.find_account(provider, text(body, "account"))
        if account is None:
            raise BadInput("There is no such account; add it with POST accounts.", 404)
        reference = optional_text(body, "id") or ""
        if reference and not REFERENCE.fullmatch(reference):
            raise BadInput("id has to be 25 lower-case letters and digits.")
        currency = text(body, "currency")
        if not re.fullmatch("[A-Z]{3}", currency):
            raise BadInput("currency has to be three capital letters.")
        return Payment(
            reference=reference,
            provider=provider,
            account=account.id,
            method=method,
            currency=currency,
            amount_minor=amount(body, "amount_minor"),
            tax_minor=amount(body, "tax", 0, minimum=0),
            fee_minor=amount(body, "payment_method_fee", 0, minimum=0),
            created_at=_moment(body, "created_at") or self._world.clock.now(),
            deadline_at=_moment(body, "payment_deadline"),
            manual_capture=manual,
            awaits_buyer=waits,
            refund_by_request=waits,
            order_number=optional_text(body, "order_number"),
            page=optional_text(body, "session"),
            metadata=object_of(body, "metadata"),
            details={**usual_details(method), **object_of(body, "payment_details")},
        )

    def _bring_to(self, reference: str, state: str) -> None:
        ledger = self._world.ledger
        match state:
            case "pending":
                return
            case "failed":
                ledger.fail(reference, BUYER)
                return
        at_once = state in (CAPTURED, REFUNDED) and not self._two_steps(reference)
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

    def _two_steps(self, reference: str) -> bool:
        payment = self._world.ledger.get(reference)
        return payment.awaits_buyer or payment.manual_capture

    def portal(self, reference: str, body: Json) -> Json:
        """What staff, the buyer, the buyer's bank or the provider itself does."""
        ledger, cause = self._world.ledger, Cause("portal", description=optional_text(body, "description"))
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
        effect = moves[action]()
        return {"effect": effect.seq, "status": ledger.get(reference).status}


def _moment(body: Json, name: str) -> datetime | None:
    if (value := optional_text(body, name)) is None:
        return None
    try:
        read = datetime.fromisoformat(value)
    except ValueError:
        read = None
    if read is None or read.tzinfo is None:
        raise BadInput(f"{name} has to be a moment with a zone, as 2026-01-15T03:00:00Z.")
    return read
