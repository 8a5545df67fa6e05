"""KOMOJU's events: which effects make which, their signature, and reading them again (page, section 10)."""

import json

from ..clock import wire_time
from ..records import REFUNDED, Account, Effect, Json, Payment
from ..webhooks import Delivery, sign_hex
from ..wire import Answer, Call, json_answer, to_json
from ..world import World
from .errors import Problem
from .fields import moment, page_numbers
from .render import event_json, list_json, payment_json

EVENTS = {
    "authorise": "payment.authorized",
    "capture": "payment.captured",
    "cancel": "payment.cancelled",
    "expire": "payment.expired",
    "fail": "payment.failed",
    "update": "payment.updated",
    "refund": "payment.refund.created",
    "dispute": "payment.refund.created",
    "refund_request_rejected": "refund_request.updated",
}


def announce(world: World, effect: Effect, payment: Payment) -> None:
    """Make the events of one effect; the refund that empties a payment makes two."""
    names = [EVENTS[effect.kind]] if effect.kind in EVENTS else []
    if effect.kind in ("refund", "dispute") and payment.status == REFUNDED:
        names.append("payment.refunded")
    account = world.ledger.accounts[payment.account]
    for name in names:
        emit(world, account, name, payment_json(payment, account))


def emit(world: World, account: Account, name: str, data: Json | None) -> Delivery:
    """Make one event; without data it is a `ping`."""
    event_id = world.ledger.new_ref()
    body = to_json(event_json(event_id, name, data, wire_time(world.clock.now())))
    headers = {
        "X-Komoju-ID": world.ledger.new_ref(),
        "X-Komoju-Signature": sign_hex(account.webhook_secret or "", body),
        "X-Komoju-Event": name,
        "User-Agent": "Komoju-Webhook",
        "Content-Type": "application/json",
    }
    return world.outbox.queue(account, event_id, name, body.decode(), headers)


def listing(world: World, account: Account, call: Call) -> Answer:
    """GET /events, newest first."""
    page, per_page = page_numbers(call.query)
    start, end = moment(call.query, "start_time"), moment(call.query, "end_time")
    rows = [
        json.loads(event.body)
        for event in world.outbox.events(account.id)
        if (start is None or event.created_at >= start) and (end is None or event.created_at <= end)
    ]
    return json_answer(200, list_json(rows, "event_list", call.query, page, per_page))


def read(world: World, account: Account, call: Call) -> Answer:
    """GET /events/{id}."""
    for event in world.outbox.events(account.id):
        if event.event_id == call.args["id"]:
            return json_answer(200, json.loads(event.body))
    raise Problem(404, "The requested resource could not be found.")
