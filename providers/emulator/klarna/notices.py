"""What Klarna tells the shop: a push without a body, and the end of a fraud review (page, section 6)."""

from ..clock import wire_time
from ..records import Account, Effect, Payment
from ..webhooks import Delivery
from ..wire import to_json
from ..world import World

NAME = "klarna"
PLACEHOLDER = "{checkout.order.id}"
FRAUD_EVENTS = {
    "fraud_accepted": "FRAUD_RISK_ACCEPTED",
    "fraud_rejected": "FRAUD_RISK_REJECTED",
    "fraud_stopped": "FRAUD_RISK_STOPPED",
}


def push(world: World, payment: Payment) -> Delivery:
    """The order has come; nothing but the address says which."""
    account = world.ledger.accounts[payment.account]
    return world.outbox.queue(account, world.ledger.new_ref(), "push", "", {}, _url(account, payment))


def listen(world: World) -> None:
    """A push for every new order, and a notice for every verdict."""

    def on_effect(effect: Effect, payment: Payment) -> None:
        if effect.provider != NAME:
            return
        if effect.kind == "authorise":
            push(world, payment)
        elif effect.kind in FRAUD_EVENTS:
            _tell(world, payment, FRAUD_EVENTS[effect.kind])

    world.ledger.listeners.append(on_effect)


def _tell(world: World, payment: Payment, event: str) -> None:
    account = world.ledger.accounts[payment.account]
    body = {"order_id": payment.reference, "event_type": event, "timestamp": wire_time(world.clock.now())}
    headers = {"Content-Type": "application/json"}
    world.outbox.queue(account, world.ledger.new_ref(), event, to_json(body).decode(), headers, _url(account, payment))


def _url(account: Account, payment: Payment) -> str | None:
    return account.webhook_url and account.webhook_url.replace(PLACEHOLDER, payment.reference)
