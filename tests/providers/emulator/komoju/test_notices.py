"""Events: which come when, their form, and the signatures of the page's section 10 to the byte."""

import hashlib
import hmac
import json

from providers.emulator.komoju.render import event_json
from providers.emulator.webhooks import sign_hex
from providers.emulator.wire import to_json

SECRET = "komoju-webhook-secret-1"
LONG = (
    '{"id":"1d2k5v8x0r3t6y9u2i5o8p1a4","type":"payment.refund.created","resource":"event","data":'
    '{"id":"7h2m9q4w1e8r5t2y9u6i3o0p7","resource":"payment","status":"captured","amount":3000,"tax":300,'
    '"total":3300,"payment_method_fee":0,"currency":"JPY","external_order_num":"ORD-1001",'
    '"amount_refunded":1100,"refunds":[{"id":"3f8g1h4j7k0l3z6x9c2v5b8n1","resource":"refund","amount":1100,'
    '"currency":"JPY","payment":"7h2m9q4w1e8r5t2y9u6i3o0p7","description":"one item returned",'
    '"created_at":"2026-01-15T03:00:00Z","chargeback":false}],"refund_requests":[]},'
    '"created_at":"2026-01-15T03:00:01Z","reason":null}'
)


def kinds(emulator):
    return [one["event_type"] for one in emulator.webhooks()]


def test_the_long_worked_signature():
    event = json.loads(LONG)
    raw = to_json(event_json(event["id"], event["type"], event["data"], event["created_at"]))
    assert raw == LONG.encode()
    assert len(raw) == 596
    assert sign_hex(SECRET, raw) == "c387d8072153868346eadf8423c544d7efc685bf3b0149282aade475764c4b2a"


def test_the_short_worked_signature():
    raw = to_json(event_json("a" * 25, "ping", None, None))
    assert len(raw) == 67
    assert sign_hex(SECRET, raw) == "dfc1e8e3ecd899d35c4efaf74900daea4a0910377c3f993231a85884f49d3d10"


def test_an_event_is_signed_over_its_raw_bytes_and_carries_the_headers(emulator, api):
    reference = emulator.payment()
    event = emulator.webhooks()[0]
    expected = hmac.new(SECRET.encode(), event["body"].encode(), hashlib.sha256).hexdigest()
    assert event["headers"]["X-Komoju-Signature"] == expected
    assert event["headers"]["X-Komoju-Event"] == "payment.captured"
    assert event["headers"]["User-Agent"] == "Komoju-Webhook"
    body = json.loads(event["body"])
    assert (body["resource"], body["data"]["id"], body["reason"]) == ("event", reference, None)
    assert body["id"] != event["headers"]["X-Komoju-ID"]


def test_a_partial_refund_makes_one_event_and_the_last_one_two(emulator, api):
    reference = emulator.payment(1000)
    api.post(f"/payments/{reference}/refund", json={"amount": 400})
    assert kinds(emulator) == ["payment.captured", "payment.refund.created"]
    api.post(f"/payments/{reference}/refund", json={})
    assert kinds(emulator)[2:] == ["payment.refund.created", "payment.refunded"]


def test_each_change_of_state_has_its_event(emulator, api):
    for state in ("authorised", "cancelled", "expired", "failed"):
        emulator.payment(capture="manual", state=state)
    assert kinds(emulator) == [
        "payment.authorized",
        "payment.authorized",
        "payment.cancelled",
        "payment.authorized",
        "payment.expired",
        "payment.failed",
    ]


def test_a_chargeback_says_so_in_its_entry(emulator, api):
    reference = emulator.payment(1000)
    emulator.portal(reference, "dispute", amount_minor=300)
    last = json.loads(emulator.webhooks()[-1]["body"])
    assert last["type"] == "payment.refund.created"
    assert last["data"]["refunds"][0]["chargeback"] is True


def test_past_events_are_listed_newest_first_and_read_by_id(emulator, api):
    emulator.payment(1000)
    emulator.payment(2000)
    listed = api.get("/events", params={"per_page": "1", "page": "1"}).json()
    assert (listed["total"], listed["last_page"]) == (2, 2)
    assert listed["data"][0]["data"]["total"] == 2000
    event_id = listed["data"][0]["id"]
    assert api.get(f"/events/{event_id}").json() == listed["data"][0]
    assert api.get("/events/nothing").status_code == 404
    emulator.account("sk_other")
    assert emulator.http.get("/komoju/api/v1/events", auth=("sk_other", "")).json()["total"] == 0
