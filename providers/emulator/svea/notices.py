"""Svea's events (section 8): which effects make which, and the subscriptions that they go to.

An account with a webhook address has a subscription from the start; with its webhook secret events are signed
(switch `signature_header` names the header). Others are made over the wire and want a `Ping` answered first.
"""

from dataclasses import replace
from datetime import timedelta

from ..records import Account, Effect, Json, Payment, Refused
from ..webhooks import Delivery, sign_hex
from ..wire import to_json
from ..world import World

EVENTS = {
    "authorise": "CheckoutOrder.Created",
    "capture": "CheckoutOrder.Delivered",
    "refund": "CheckoutOrder.CreditSucceeded",
    "credit_failed": "CheckoutOrder.CreditFailed",
    "released": "CheckoutOrder.PendingStatusReleased",
    "raise": "CheckoutOrder.Updated",
    "lower": "CheckoutOrder.Updated",
}
SIGNATURE = "Svea-Signature"


def announce(world: World, effect: Effect, payment: Payment) -> None:
    """Tell every verified subscription of one effect."""
    picture = payment.picture
    name, more = EVENTS.get(effect.kind), dict(picture["event"])
    if effect.kind in ("cancel", "expire"):
        closed = picture["status"] in ("Cancelled", "Expired")
        name = "CheckoutOrder.Closed" if closed else "CheckoutOrder.Updated"
        more = {"CloseReason": picture["status"]} if closed else {}
    if name is None:
        return
    if effect.kind == "authorise":
        more = {"IsPending": picture["system_status"] == "Pending"}
    account = world.ledger.accounts[payment.account]
    body = {"EventName": name, "CheckoutOrderId": int(payment.reference), **more}
    for row in subscriptions(account):
        if name in row["Events"] and is_verified(world, row):
            send(world, account, row, body)


def subscriptions(account: Account) -> list[Json]:
    """Those made over the wire, and that of the account's own address."""
    made: list[Json] = list(account.switches.get("subscriptions", []))
    if account.webhook_url is None:
        return made
    usual = {
        "SubscriptionId": "of-the-account",
        "CallbackUri": account.webhook_url,
        "Events": [*EVENTS.values(), "CheckoutOrder.Closed"],
        "Secret": account.webhook_secret or "",
        "ping": None,
    }
    return [usual, *made]


def is_verified(world: World, row: Json) -> bool:
    """Whether the Ping was answered with a 2xx; the account's own address needs none."""
    if row["SubscriptionId"] == "of-the-account":
        return True
    ping = world.outbox.deliveries.get(row["ping"] or 0)
    return ping is not None and ping.state == "sent"


def send(world: World, account: Account, row: Json, body: Json) -> Delivery:
    """Queue one event for one subscription."""
    # Later events of one instant have a later time, as Svea's clock has more digits than ours has steps.
    moment = world.clock.now() + timedelta(microseconds=len(world.outbox.deliveries) % 1000)
    stamp = f"{moment:%Y-%m-%dT%H:%M:%S.%f}0Z"
    body = {**body, "CorrelationId": world.ledger.new_uuid(), "TimestampUtc": stamp}
    raw = to_json(body)
    headers = {"Content-Type": "application/json"}
    if row["Secret"]:
        headers[str(account.switches.get("signature_header", SIGNATURE))] = sign_hex(row["Secret"], raw)
    return world.outbox.queue(
        account, world.ledger.new_uuid(), body["EventName"], raw.decode(), headers, url=row["CallbackUri"]
    )


def ping(world: World, account: Account) -> Delivery:
    """A Ping to the account's first subscription."""
    rows = subscriptions(account)
    if not rows:
        raise Refused("no_subscription", "The account has no subscription.")
    return send(world, account, rows[0], {"EventName": "Ping"})


def keep(world: World, account: Account, rows: list[Json]) -> None:
    """Remember the subscriptions that were made over the wire."""
    world.ledger.open_account(replace(account, switches={**account.switches, "subscriptions": rows}))
