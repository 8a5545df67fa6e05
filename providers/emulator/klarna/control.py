"""Control calls that make Klarna orders and play its portal, its review and its clock."""

import re
from collections.abc import Callable
from datetime import timedelta

from ..inputs import BadInput, account_of, amount, moment, optional_text, text
from ..records import Cause, Effect, Json, Payment, Refused
from ..world import World
from . import moves, notices
from .errors import Problem
from .fields import lines
from .moves import Words

NAME = "klarna"
BUYER, PORTAL = Cause("buyer"), Cause("portal")
ORDER_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
STATES = (
    "authorised",
    "pending_fraud",
    "part_captured",
    "captured",
    "part_refunded",
    "refunded",
    "cancelled",
    "expired",
    "closed",
)


def add(world: World, body: Json) -> Payment:
    """An order as if a buyer had made it.

    `amount_minor`, `currency`; usual: `country` SE, `method` INVOICE, `state` authorised, `lines` one line with
    25 % tax, `captured_minor` and `refunded_minor` (of the states in part) the half.
    """
    state = (optional_text(body, "state") or "authorised").replace("authorized", "authorised")
    if state not in STATES:
        raise BadInput(f"state has to be one of {', '.join(STATES)}.")
    payment = world.ledger.add_payment(_read(world, body, state))
    world.ledger.post(payment.reference, "authorise", payment.amount_minor, BUYER, status="authorised")
    _bring_to(world, payment.reference, state, body)
    return world.ledger.get(payment.reference)


def _read(world: World, body: Json, state: str) -> Payment:
    account = account_of(world.ledger, NAME, body)
    reference = (optional_text(body, "id") or world.ledger.new_uuid()).lower()
    if not ORDER_ID.fullmatch(reference):
        raise BadInput("id has to be a UUID.")
    currency, country = text(body, "currency"), optional_text(body, "country") or "SE"
    if not re.fullmatch("[A-Z]{3}", currency) or not re.fullmatch("[A-Z]{2}", country):
        raise BadInput("currency has to be three capital letters, and country two.")
    method, total = (optional_text(body, "method") or "INVOICE").upper(), amount(body, "amount_minor")
    created_at = moment(body, "created_at") or world.clock.now()
    days = timedelta(days=account.switches.get("hold_days", moves.USUAL_DAYS))
    picture: Json = {
        "status": "AUTHORIZED",
        "fraud_status": "PENDING" if state == "pending_fraud" else "ACCEPTED",
        "order_amount": total,
        "original_order_amount": total,
        "country": country,
        "locale": f"en-{country}",
        "type": method,
        "expires_at": (moment(body, "expires_at") or created_at + days).isoformat(),
        "klarna_reference": world.ledger.new_ref()[:8].upper(),
        "merchant_reference1": optional_text(body, "order_number"),
        "merchant_reference2": optional_text(body, "merchant_reference2"),
        "email": optional_text(body, "email") or "buyer@example.test",
        "order_lines": _lines(body, total),
        "captures": [],
        "refunds": [],
        "acknowledged": False,
    }
    return Payment(
        reference=reference,
        provider=NAME,
        account=account.id,
        method=method.lower(),
        currency=currency,
        amount_minor=total,
        created_at=created_at,
        order_number=optional_text(body, "order_number"),
        picture=picture,
    )


def _lines(body: Json, total: int) -> list[Json]:
    if "lines" in body:
        try:
            return lines({"order_lines": body["lines"]}, total)
        except Problem as problem:
            raise BadInput(str(problem)) from None
    return [
        {
            "type": "physical",
            "reference": "SKU-1",
            "name": "Goods",
            "quantity": 1,
            "quantity_unit": "pcs",
            "unit_price": total,
            "tax_rate": 2500,
            "total_amount": total,
            "total_discount_amount": 0,
            "total_tax_amount": total // 5,
        }
    ]


def _bring_to(world: World, reference: str, state: str, body: Json) -> None:
    def now() -> Payment:
        return world.ledger.get(reference)

    total = now().amount_minor
    if state in ("part_captured", "captured", "part_refunded", "refunded", "closed"):
        usual = max(total // 2, 1) if state == "part_captured" else total
        moves.capture(world, now(), amount(body, "captured_minor", usual), BUYER, Words())
    if state in ("part_refunded", "refunded"):
        usual = max(total // 2, 1) if state == "part_refunded" else now().captured_minor
        moves.refund(world, now(), amount(body, "refunded_minor", usual), PORTAL, Words())
    if state == "cancelled":
        moves.cancel(world, now(), PORTAL)
    if state == "expired":
        moves.expire(world, now(), PORTAL)
    if state == "closed":
        moves.mark(world, now(), "close", PORTAL, status="CLOSED")


def portal(world: World, reference: str, body: Json) -> Effect | None:
    """What staff, the buyer's bank or Klarna do; `amount_minor` is all that is left where it is not given."""
    payment, action = moves.order(world, reference), text(body, "action")
    words = Words(optional_text(body, "reference"), optional_text(body, "description"))
    verdicts = {"fraud_accepted": "ACCEPTED", "fraud_rejected": "REJECTED", "fraud_stopped": "STOPPED"}

    def of(usual: int) -> int:
        if usual < 1 and "amount_minor" not in body:
            raise Refused("NOT_ALLOWED", "Nothing is left.")
        return amount(body, "amount_minor", usual)

    actions: dict[str, Callable[[], object]] = {
        "capture": lambda: moves.capture(world, payment, of(moves.remaining(payment)), PORTAL, words),
        "refund": lambda: moves.refund(
            world, payment, of(payment.captured_minor - payment.refunded_minor), PORTAL, words
        ),
        "cancel": lambda: moves.cancel(world, payment, PORTAL),
        "release": lambda: moves.release(world, payment, PORTAL),
        "update": lambda: moves.update(
            world, payment, amount(body, "amount_minor"), _lines(body, amount(body, "amount_minor")), PORTAL
        ),
        "expire": lambda: moves.expire(world, payment, PORTAL),
        "extend": lambda: moves.extend(world, payment, PORTAL),
        "close": lambda: moves.mark(world, payment, "close", PORTAL, status="CLOSED"),
        "method_fails": lambda: moves.mark(world, payment, "method_fails", PORTAL, method_fails=True),
        "method_works": lambda: moves.mark(world, payment, "method_works", PORTAL, method_fails=False),
        "push": lambda: notices.push(world, payment),
    }
    for name, verdict in verdicts.items():
        actions[name] = _verdict(world, payment, name, verdict)
    if action not in actions:
        raise BadInput(f"action has to be one of {', '.join(actions)}.")
    before = len(world.ledger.effects)
    actions[action]()
    return world.ledger.effects[-1] if len(world.ledger.effects) > before else None


def _verdict(world: World, payment: Payment, name: str, verdict: str) -> Callable[[], Effect]:
    return lambda: moves.mark(world, payment, name, PORTAL, fraud_status=verdict)
