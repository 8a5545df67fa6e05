"""What can be done to an order, and when not (page, section 3); the product and the portal do it alike.

An order's own picture stands in `Payment.picture`, its sums in the ledger. Every move raises `Refused` with
Klarna's code, and then nothing has changed.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ..clock import wire_time
from ..records import Cause, Effect, Json, Payment, Refused
from ..world import World
from .errors import REFUSED

LONGEST_HOLD = timedelta(days=180)
USUAL_DAYS = 28
OPEN = ("AUTHORIZED", "PART_CAPTURED")
STATUS_WORDS = {
    "AUTHORIZED": "authorised",
    "PART_CAPTURED": "part_captured",
    "CAPTURED": "captured",
    "CANCELLED": "cancelled",
    "EXPIRED": "expired",
    "CLOSED": "closed",
}
RAISABLE = {
    "INVOICE": None,
    "B2B_INVOICE": None,
    "BASE_ACCOUNT": None,
    "DIRECT_DEBIT": None,
    "FIXED_AMOUNT": {"AT", "DE", "DK", "FI", "FR", "NL", "NO", "SE"},
}
"""Initial methods whose amount may go up; None: in every country but CH (section 3.4)."""


@dataclass(frozen=True)
class Words:
    """What comes along with a capture or a refund."""

    reference: str | None = None
    description: str | None = None
    lines: list[Json] = field(default_factory=list)
    shipping: list[Json] = field(default_factory=list)


def remaining(payment: Payment) -> int:
    """What can still be captured, in minor units."""
    return payment.authorised_minor - payment.cancelled_minor - payment.captured_minor


def order(world: World, reference: str) -> Payment:
    """The order as it stands now: a hold whose time is over has lapsed. `Refused("not_found")` for none."""
    payment = world.ledger.get(reference)
    expires_at = datetime.fromisoformat(payment.picture["expires_at"])
    if payment.picture["status"] in OPEN and world.clock.now() >= expires_at:
        expire(world, payment, Cause("portal"))
    return world.ledger.get(reference)


def capture(world: World, payment: Payment, amount: int, cause: Cause, words: Words) -> str:
    """Take a part or all of what remains; the id of the capture."""
    code, picture = REFUSED["capture"], payment.picture
    if picture["status"] == "EXPIRED":
        raise Refused(code, "The order is expired.")
    if picture["fraud_status"] != "ACCEPTED":
        raise Refused(code, "The order is not accepted yet.")
    if picture["status"] not in OPEN:
        raise Refused(code, f"The order is {picture['status']}.")
    if picture.get("method_fails"):
        raise Refused("PAYMENT_METHOD_FAILED", "The buyer could not be charged.")
    if amount < 1 or (amount > remaining(payment) and _capped(world, payment)):
        raise Refused(code, "Captured amount is higher than the remaining authorized amount.")
    capture_id = world.ledger.new_uuid()
    entry = {
        "capture_id": capture_id,
        "captured_amount": amount,
        "refunded_amount": 0,
        "captured_at": wire_time(world.clock.now()),
        "reference": words.reference,
        "description": words.description,
        "klarna_reference": f"{picture['klarna_reference']}-{len(picture['captures']) + 1}",
        "order_lines": words.lines,
        "shipping_info": words.shipping,
    }
    status = "CAPTURED" if amount >= remaining(payment) else "PART_CAPTURED"
    _post(world, payment, "capture", amount, cause, status=status, captures=[*picture["captures"], entry])
    return capture_id


def refund(world: World, payment: Payment, amount: int, cause: Cause, words: Words) -> str:
    """Give back a part or all of what was captured; the id of the refund."""
    code, picture = REFUSED["refund"], payment.picture
    if not picture["captures"]:
        raise Refused(code, "Order has no captures.")
    if picture["status"] == "CLOSED":
        raise Refused(code, "The order is closed.")
    if amount < 1 or (amount > payment.captured_minor - payment.refunded_minor and _capped(world, payment)):
        raise Refused(code, "Refunded amount is higher than the captured amount.")
    refund_id = world.ledger.new_uuid()
    entry = {
        "refund_id": refund_id,
        "refunded_amount": amount,
        "refunded_at": wire_time(world.clock.now()),
        "reference": words.reference,
        "description": words.description,
        "credit_invoice": False,
        "order_lines": words.lines,
    }
    captures = _spread(picture["captures"], amount, words.lines)
    _post(world, payment, "refund", amount, cause, captures=captures, refunds=[*picture["refunds"], entry])
    return refund_id


def _spread(captures: list[Json], amount: int, lines: list[Json]) -> list[Json]:
    """Which captures a refund belongs to: those with lines of the same reference first (section 3.3)."""
    named = {line.get("reference") for line in lines} - {None}

    def is_named(entry: Json) -> bool:
        return any(line.get("reference") in named for line in entry["order_lines"])

    changed = {entry["capture_id"]: entry for entry in captures}
    for entry in sorted(captures, key=is_named, reverse=True):
        part = min(amount, entry["captured_amount"] - entry["refunded_amount"])
        changed[entry["capture_id"]] = {**entry, "refunded_amount": entry["refunded_amount"] + part}
        amount -= part
    return list(changed.values())


def cancel(world: World, payment: Payment, cause: Cause) -> Effect:
    """Give up the whole order; only where nothing was captured."""
    code, status = REFUSED["cancel"], payment.picture["status"]
    if payment.picture["captures"]:
        raise Refused(code, "Order has previous captures.")
    if status != "AUTHORIZED":
        raise Refused(code, f"The order is {status}.")
    return _post(world, payment, "cancel", remaining(payment), cause, status="CANCELLED")


def release(world: World, payment: Payment, cause: Cause) -> Effect:
    """Give up what a part-captured order still holds; the switch `released_status` says its unconfirmed word then."""
    if payment.picture["status"] != "PART_CAPTURED" or remaining(payment) <= 0:
        raise Refused("NOT_ALLOWED", "There is nothing to release.")
    status = world.ledger.accounts[payment.account].switches.get("released_status", "CAPTURED")
    return _post(world, payment, "cancel", remaining(payment), cause, status=status)


def update(world: World, payment: Payment, total: int, lines: list[Json], cause: Cause) -> Effect:
    """Another order amount with new lines; without lines the old ones are gone (section 3.4)."""
    picture = payment.picture
    if picture["status"] not in OPEN:
        raise Refused("NOT_ALLOWED", f"The order is {picture['status']}.")
    if total < payment.captured_minor:
        raise Refused("NOT_ALLOWED", "Resulting authorization amount cannot be less than the captured amount.")
    change = total - payment.captured_minor - remaining(payment)
    if change > 0 and not _may_rise(world, payment):
        raise Refused("NOT_ALLOWED", "The amount cannot be raised.")
    kind = "raise" if change > 0 else "lower" if change else "update"
    status = "CAPTURED" if total == payment.captured_minor > 0 else picture["status"]
    return _post(world, payment, kind, abs(change), cause, status=status, order_amount=total, order_lines=lines)


def _may_rise(world: World, payment: Payment) -> bool:
    picture = payment.picture
    if world.ledger.accounts[payment.account].switches.get("refuse_raise") or picture["type"] not in RAISABLE:
        return False
    countries = RAISABLE[picture["type"]]
    return picture["country"] != "CH" if countries is None else picture["country"] in countries


def extend(world: World, payment: Payment, cause: Cause) -> Effect:
    """Now and the account's days from here, never over 180 days after the purchase (section 3.5)."""
    picture = payment.picture
    if picture["status"] not in OPEN:
        raise Refused("NOT_ALLOWED", f"Order is {picture['status'].lower()}.")
    days = timedelta(days=world.ledger.accounts[payment.account].switches.get("hold_days", USUAL_DAYS))
    now = world.clock.now()
    until = min(now + days, payment.created_at + LONGEST_HOLD)
    before = datetime.fromisoformat(picture["expires_at"])
    kept = before if before.date() == until.date() else max(before, until)
    return _post(world, payment, "extend", 0, cause, expires_at=kept.isoformat())


def acknowledge(world: World, payment: Payment, cause: Cause) -> Effect:
    """The shop has taken the order in."""
    if payment.picture["status"] == "CANCELLED":
        raise Refused("NOT_ALLOWED", "The order is cancelled.")
    return _post(world, payment, "acknowledge", 0, cause, acknowledged=True)


def set_references(world: World, payment: Payment, given: Json, cause: Cause) -> Effect:
    """Overwrite the merchant references that are given."""
    if payment.picture["status"] == "CANCELLED":
        raise Refused("NOT_ALLOWED", "The order is cancelled.")
    return _post(world, payment, "references", 0, cause, **given)


def expire(world: World, payment: Payment, cause: Cause) -> Effect:
    """The time of the hold is over."""
    if payment.picture["status"] not in OPEN:
        raise Refused("NOT_ALLOWED", f"The order is {payment.picture['status']}.")
    now = world.clock.now()
    until = min(datetime.fromisoformat(payment.picture["expires_at"]), now)
    left = remaining(payment)
    return _post(world, payment, "expire", left, cause, status="EXPIRED", expires_at=until.isoformat())


def mark(world: World, payment: Payment, kind: str, cause: Cause, **changes: object) -> Effect:
    """What moves no money: a fraud verdict, a card that fails, an order that is closed."""
    return _post(world, payment, kind, 0, cause, **changes)


def _post(world: World, payment: Payment, kind: str, amount: int, cause: Cause, **changes: object) -> Effect:
    picture = {**payment.picture, **changes}
    status = STATUS_WORDS.get(picture["status"], "unknown")
    return world.ledger.post(payment.reference, kind, amount, cause, picture=picture, status=status)


def _capped(world: World, payment: Payment) -> bool:
    return bool(world.ledger.accounts[payment.account].switches.get("cap", True))
