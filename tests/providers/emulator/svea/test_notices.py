"""Svea's events: which effects make which, to whom they go, and that they come twice or out of order."""

import hashlib
import hmac
import json
import time

import pytest

from tests.providers.svea.desk import MERCHANT, SECRET, svea_order

SUBSCRIPTIONS = "/v2/callbacks/subscriptions"
TARGET = "http://127.0.0.1:9/webhooks/svea/t"


def listening(svea, **fields):
    """An account with an address of its own, where nothing is sent yet."""
    body = {"provider": "svea", "secret_key": SECRET, "publishable_key": MERCHANT, "webhook_url": TARGET}
    body["switches"] = {"task_seconds": 0, "deliver": False, **fields.pop("switches", {})}  # held back
    svea.emulator.control("POST", "accounts", {**body, **fields})


def events(svea):
    """What was or would be sent: names and bodies."""
    return [(one["event_type"], json.loads(one["body"])) for one in svea.emulator.webhooks()]


@pytest.mark.parametrize(
    ("method", "moves", "name", "field"),
    [
        ("Card", [], "CheckoutOrder.Created", "IsPending"),
        ("Card", ["capture"], "CheckoutOrder.Delivered", "DeliveryId"),
        ("Card", ["cancel"], "CheckoutOrder.Closed", "CloseReason"),
        ("Card", ["expire"], "CheckoutOrder.Closed", "CloseReason"),
        ("Swish", ["refund"], "CheckoutOrder.CreditSucceeded", "CreditId"),
        ("Invoice", ["hold", "release"], "CheckoutOrder.PendingStatusReleased", "TimestampUtc"),
    ],
)
def test_each_effect_has_its_event(svea, method, moves, name, field):
    listening(svea)
    ref = svea_order(svea.emulator, method=method)
    for action in moves:
        svea.emulator.portal(ref, action, provider="svea")
    last_name, body = events(svea)[-1]
    assert (last_name, body["EventName"], body["CheckoutOrderId"]) == (name, name, int(ref))
    assert field in body
    assert body["TimestampUtc"].endswith("Z")


@pytest.mark.parametrize(("fails", "name"), [(False, "CreditSucceeded"), (True, "CreditFailed")])
def test_a_late_credit_ends_by_itself_and_says_so(svea, fails, name):
    listening(svea, switches={"late_credit_seconds": 60, "late_credit_fails": fails})
    ref = svea_order(svea.emulator, method="Trustly")
    path = f"/orders/{ref}/deliveries/{svea.order(ref)['Deliveries'][0]['Id']}"
    assert svea.call("PATCH", path, {"CreditedAmount": 500}).status_code == 200
    waiting = svea.order(ref)["Deliveries"][0]
    assert (waiting["CreditedAmount"], waiting["Actions"]) == (0, [])
    svea.emulator.advance(61)
    after = svea.order(ref)["Deliveries"][0]
    assert (after["CreditedAmount"], after["Actions"]) == (0 if fails else 500, ["CanCreditAmount"])
    assert events(svea)[-1][0] == f"CheckoutOrder.{name}"


def test_events_are_signed_only_where_a_secret_is_known(svea):
    listening(svea, webhook_secret="s3", switches={"signature_header": "X-Signed"})
    svea_order(svea.emulator)
    (signed,) = svea.emulator.webhooks()
    assert signed["headers"]["X-Signed"] == hmac.new(b"s3", signed["body"].encode(), hashlib.sha256).hexdigest()
    listening(svea)
    svea_order(svea.emulator)
    assert not any("sign" in name.lower() for name in svea.emulator.webhooks()[-1]["headers"])


def test_a_subscription_hears_nothing_before_its_ping_was_answered(svea):
    wanted = {"CallbackUri": TARGET, "Events": ["CheckoutOrder.Created"]}
    ref = svea.call("POST", SUBSCRIPTIONS, wanted).json()["SubscriptionId"]
    svea_order(svea.emulator)
    assert svea.call("POST", f"{SUBSCRIPTIONS}/{ref}/verify").status_code == 204
    svea_order(svea.emulator)
    assert [name for name, _ in events(svea)] == ["Ping"]
    (listed,) = svea.call("GET", f"{SUBSCRIPTIONS}/").json()
    assert (listed["SubscriptionId"], listed["Verified"]) == (ref, False)


def test_a_verified_subscription_hears_what_it_asked_for_until_its_address_changes(svea, receiver):
    wanted = {"CallbackUri": receiver.url, "Events": ["CheckoutOrder.Created"]}
    ref = svea.call("POST", SUBSCRIPTIONS, wanted).json()["SubscriptionId"]
    svea.call("POST", f"{SUBSCRIPTIONS}/{ref}/verify")
    receiver.wait_for(1)
    until = time.monotonic() + 5
    while svea.emulator.webhooks()[0]["state"] != "sent" and time.monotonic() < until:
        time.sleep(0.01)  # the sender notes the answer after the receiver gave it
    order = svea_order(svea.emulator)
    svea.emulator.portal(order, "cancel", provider="svea")
    assert [name for name, _ in events(svea)] == ["Ping", "CheckoutOrder.Created"]
    assert svea.call("PUT", f"{SUBSCRIPTIONS}/{ref}", {**wanted, "CallbackUri": TARGET}).status_code == 204
    assert svea.call("GET", f"{SUBSCRIPTIONS}/").json()[0]["Verified"] is False
    assert svea.call("DELETE", f"{SUBSCRIPTIONS}/{ref}").status_code == 204
    assert svea.call("DELETE", f"{SUBSCRIPTIONS}/{ref}").status_code == 404


def test_events_come_twice_and_out_of_order_when_told_so(svea, receiver):
    listening(svea, webhook_url=receiver.url)
    ref = svea_order(svea.emulator)
    svea.emulator.portal(ref, "capture", provider="svea")
    svea.emulator.control("POST", "webhooks/1", {"action": "double"})
    svea.emulator.control("POST", "webhooks", {"release": "newest_first"})
    names = [json.loads(raw)["EventName"].partition(".")[2] for _, raw in receiver.wait_for(3)]
    assert sorted(names) == ["Created", "Created", "Delivered"]
    assert names[-1] == "Created"


@pytest.mark.parametrize(
    "body",
    [{}, {"CallbackUri": "http://x.test/", "Events": ["Ping"]}, {"CallbackUri": "https://x.test/", "Events": []}],
)
def test_subscriptions_that_are_refused(svea, body):
    assert svea.call("POST", SUBSCRIPTIONS, body).status_code == 400


def test_the_control_side_can_send_a_ping(svea):
    refused = svea.emulator.http.post("/_emulator/webhooks", json={"ping": SECRET})
    assert (refused.status_code, refused.json()["code"]) == (409, "no_subscription")
    listening(svea)
    svea.emulator.control("POST", "webhooks", {"ping": SECRET})
    assert events(svea)[-1][0] == "Ping"
