"""In the demo, what is done in Svea's portal and what Klarna decides reach the orders by the providers' messages."""

from __future__ import annotations

import time
from dataclasses import replace

from flask import Flask
from sqlalchemy import select

from tasks.local.demo import __main__ as demo
from tasks.local.demo.outdoor_shop import KLARNA, KLARNA_ORDERS, OUTDOOR_SHOP, SVEA, SVEA_ORDERS
from tasks.local.demo.shapes import DemoOrder
from tests.desk import Desk
from webapp.models import Order, Payment, WebhookMessage
from webapp.services.unit_of_work import in_transaction
from webapp.services.webhooks import processing

CHECKED, DELIVERED = (
    next(each for each in orders if each.number == number)
    for orders, number in ((KLARNA_ORDERS, "OUT-3008"), (SVEA_ORDERS, "OUT-3101"))
)
SMALL = replace(OUTDOOR_SHOP, orders=((KLARNA, (CHECKED,)), (SVEA, (DELIVERED,))), after_the_runs=())
MOST_S = 60.0


def payment_of(order: DemoOrder) -> Payment:
    query = select(Payment).join(Order, Order.id == Payment.order_id).where(Order.number == order.number)
    return in_transaction(lambda tx: tx.execute(query).scalar_one())


def events(count: int) -> list[str]:
    """What was heard, once so many messages have come."""
    until = time.monotonic() + MOST_S
    query = select(WebhookMessage.event).order_by(WebhookMessage.received_at)
    found: list[str] = []
    while len(found) < count and time.monotonic() < until:
        time.sleep(0.05)
        found = in_transaction(lambda tx: list(tx.scalars(query)))
    return found


def test_movements_in_the_portals_reach_the_orders_by_messages(
    live_app: tuple[Flask, str], live: str, desk: Desk
) -> None:
    with live_app[0].app_context():
        demo.make(desk.emulator.base_url, live, (SMALL,))
    checked, delivered = payment_of(CHECKED), payment_of(DELIVERED)
    assert events(0) == [], "what was there before is no news"
    assert (checked.kept["fraud_status"], delivered.captured_minor) == ("PENDING", 0)
    desk.later(minutes=2)
    desk.emulator.portal(delivered.provider_ref, "capture", provider="svea")
    desk.emulator.portal(checked.provider_ref, "fraud_accepted", provider="klarna")
    assert sorted(events(2)) == ["CheckoutOrder.Delivered", "FRAUD_RISK_ACCEPTED"]
    processing.run_due()
    assert payment_of(DELIVERED).captured_minor == DELIVERED.total_minor
    assert payment_of(CHECKED).kept["fraud_status"] == "ACCEPTED"
