"""Control calls that make Svea orders and play its portal, the buyer's bank and Svea's own checks."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from typing import Any

from ..inputs import BadInput, account_of, amount, moment, object_of, optional_text, text
from ..inputs import number as seconds_of
from ..records import AUTHORISED, Cause, Effect, Json, Payment
from ..wire import Call
from ..world import World
from . import crediting, delivering, fields, orders
from .desk import Desk
from .errors import Problem
from .rules import CANCELLED, DELIVERED, EXPIRED, FAILED, KINDS, OPEN, PROCESSING, open_rows, row_total

NAME = "svea"
BUYER = Cause("buyer")
FIRST, NUMBERS = 4_000_000, 1_000_000
EXPIRES_AFTER = timedelta(days=30)
USUAL_BUYER = {
    "EmailAddress": "tess@example.test",
    "PhoneNumber": "+46700000000",
    "NationalId": "194605092222",
    "BillingAddress": {"FullName": "Tess T Persson", "StreetAddress": "Testgatan 1", "CountryCode": "SE"},
}
STATES = ("pending", "authorised", "captured", "refunded", "cancelled", "expired", "failed")


def add(world: World, body: Json) -> Payment:
    """An order as if a buyer had finished it: `method` is a payment type, `rows` its rows on the wire."""
    kind = text(body, "method")
    if kind not in KINDS:
        raise BadInput(f"method has to be one of {', '.join(KINDS)}.")
    usual = "captured" if KINDS[kind].at_once else "authorised"
    state = (optional_text(body, "state") or usual).replace("authorized", "authorised")
    if state not in STATES:
        raise BadInput(f"state has to be one of {', '.join(STATES)}.")
    payment = world.ledger.add_payment(_read(world, kind, body))
    if state != "pending":
        _bring_to(world, payment.reference, state)
    if body.get("settled") is True:
        portal(world, payment.reference, {"action": "settle"})
    if "lag_seconds" in body:
        _hide(world, payment.reference, seconds_of(body, "lag_seconds"))
    return world.ledger.get(payment.reference)


def _read(world: World, kind: str, body: Json) -> Payment:
    account = account_of(world.ledger, NAME, body)
    minor, rows = amount(body, "amount_minor"), _rows(body)
    if sum(row_total(row) for row in rows) != minor:
        raise BadInput("amount_minor is not what the rows come to.")
    created = moment(body, "created_at") or world.clock.now()
    picture: Json = {
        "type": kind,
        "status": PROCESSING,
        "system_status": optional_text(body, "system_status") or KINDS[kind].system_status,
        "order_amount": minor,
        "cancelled_amount": 0,
        "rows": [],
        "deliveries": [],
        "buyer": {**USUAL_BUYER, **object_of(body, "buyer")},
        "last_row": 0,
        "tasks": {},
        "event": {},
        "visible_at": 0.0,
    }
    orders.number_rows(picture, rows)
    picture["rows"] = rows
    return Payment(
        reference=_reference(world, body),
        provider=NAME,
        account=account.id,
        method=kind,
        currency=text(body, "currency"),
        amount_minor=minor,
        created_at=created,
        deadline_at=created + EXPIRES_AFTER,
        order_number=optional_text(body, "order_number"),
        picture=picture,
    )


def _rows(body: Json) -> list[Json]:
    given = body.get("rows")
    if given is None:
        minor = amount(body, "amount_minor")
        given = [{"Name": "Goods", "ArticleNumber": "SKU-1", "Quantity": 100, "UnitPrice": minor, "VatPercent": 2500}]
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        raise BadInput("rows has to be a list of objects.")
    try:
        return [fields.row({str(name).lower(): value for name, value in one.items()}) for one in given]
    except Problem as problem:
        raise BadInput(f"A row is not valid: {problem}") from None


def _reference(world: World, body: Json) -> str:
    wanted = optional_text(body, "id")
    if wanted is not None:
        if not (wanted.isascii() and wanted.isdigit()):
            raise BadInput("id has to be a number.")
        return wanted
    while True:
        reference = str(FIRST + world.random.randrange(NUMBERS))
        if reference not in world.ledger.payments:
            return reference


def _bring_to(world: World, reference: str, state: str) -> None:
    desk = desk_for(world, reference)
    if state == "failed":
        desk.picture["status"] = FAILED
        desk.post("fail", 0)
        return
    desk.picture["status"] = OPEN
    desk.payment = replace(desk.payment, status=AUTHORISED)
    world.ledger.keep(desk.payment)
    desk.post("authorise", desk.payment.total_minor)
    if state in ("captured", "refunded"):
        _deliver(desk_for(world, reference))
    if state == "refunded":
        _give_back(desk_for(world, reference), None)
    if state == "cancelled":
        _cancel(desk_for(world, reference), None)
    if state == "expired":
        _expire(desk_for(world, reference))


def desk_for(world: World, reference: str) -> Desk:
    """The order under the portal's hand."""
    payment = world.ledger.get(reference)
    call = Call(NAME, "portal", "POST", "", {"id": reference}, {}, {}, "", "")
    return Desk(world, world.ledger.accounts[payment.account], call, payment, deepcopy(payment.picture))


def portal(world: World, reference: str, body: Json) -> Effect | None:
    """What staff do in Svea's portal, whatever the order lists; what a bank or Svea itself does."""
    desk = desk_for(world, reference)
    minor = amount(body, "amount_minor") if "amount_minor" in body else None
    moves: dict[str, Callable[[], Any]] = {
        "capture": lambda: _deliver(desk),
        "cancel": lambda: _cancel(desk, minor),
        "refund": lambda: _give_back(desk, minor),
        "expire": lambda: _expire(desk),
        "settle": lambda: _settle(desk),
        "hold": lambda: _system_status(desk, "Pending", "held"),
        "release": lambda: _system_status(desk, KINDS[desk.picture["type"]].system_status, "released"),
        "finish": lambda: crediting.end_late_credit(desk, fails=False),
        "fail": lambda: crediting.end_late_credit(desk, fails=True),
    }
    action = text(body, "action")
    if action not in moves:
        raise BadInput(f"action has to be one of {', '.join(moves)}.")
    try:
        moves[action]()
    except Problem as problem:
        raise BadInput(str(problem), 409) from None
    return world.ledger.effects[-1]


def _deliver(desk: Desk) -> None:
    minor = desk.rest
    delivering.add_delivery(desk, desk.world.random.randrange(10**6, 10**7), minor, open_rows(desk.picture))
    desk.picture |= {"rows": [], "status": DELIVERED}
    desk.post("capture", minor)


def _cancel(desk: Desk, minor: int | None) -> None:
    """All that is open, or an amount of it."""
    part = desk.rest if minor is None else minor
    desk.picture["cancelled_amount"] += part
    if part >= desk.rest:
        desk.picture["status"] = DELIVERED if desk.picture["deliveries"] else CANCELLED
        for row in desk.picture["rows"]:
            row["IsCancelled"] = True
    desk.post("cancel", part)


def _give_back(desk: Desk, minor: int | None) -> None:
    """All that is left, or an amount, of the first delivery that has so much left."""
    for delivery in desk.picture["deliveries"]:
        part = crediting.left_of(delivery) if minor is None else minor
        if 0 < part <= crediting.left_of(delivery):
            crediting.give_back(desk, delivery, part, [])
            return
    raise Problem(400, "No delivery has so much left.")


def _expire(desk: Desk) -> None:
    desk.picture |= {"status": EXPIRED, "event": {}}
    desk.post("expire", desk.rest)


def _settle(desk: Desk) -> None:
    for delivery in desk.picture["deliveries"]:
        delivery["settled"] = True
    desk.post("settle", 0)


def _system_status(desk: Desk, word: str, kind: str) -> None:
    desk.picture |= {"system_status": word, "event": {}}
    desk.post(kind, 0)


def _hide(world: World, reference: str, seconds: float) -> None:
    """Payment Admin does not know the order yet (the push came first)."""
    payment = world.ledger.get(reference)
    visible_at = world.clock.now().timestamp() + seconds
    world.ledger.keep(replace(payment, picture={**payment.picture, "visible_at": visible_at}))
