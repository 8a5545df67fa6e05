"""The control side: what it answers, and that bad input is a clear refusal."""

import time
from datetime import UTC, datetime

import pytest

from tests.emulator import SECRET_KEY

PAYMENT = {"account": SECRET_KEY, "method": "credit_card", "amount_minor": 100, "currency": "JPY"}


def test_the_ledger_shows_effects_sums_and_nothing_broken(emulator, api):
    reference = emulator.payment(1000, order_number="ORD-1")
    emulator.payment(2000)
    api.post(
        f"/payments/{reference}/refund",
        json={"amount": 300, "description": "op_1 x"},
        headers={"X-KOMOJU-IDEMPOTENCY": "k"},
    )
    ledger = emulator.ledger(provider="komoju", reference=reference)
    assert [(one["kind"], one["source"], one["amount_minor"]) for one in ledger["effects"]] == [
        ("capture", "buyer", 1000),
        ("refund", "api", 300),
    ]
    refund = ledger["effects"][1]
    assert (refund["operation"], refund["key"], len(refund["request_digest"])) == ("op_1", "k", 64)
    payment = ledger["payments"][0]
    assert (payment["captured_minor"], payment["refunded_minor"], payment["order_number"]) == (
        1000,
        300,
        "ORD-1",
    )
    assert ledger["broken"] == []
    assert len(emulator.ledger()["payments"]) == 2
    assert emulator.ledger(provider="paypal") == {"effects": [], "payments": [], "broken": []}


def test_the_ledger_stays_quick_with_five_thousand_payments(emulator, api):
    from providers.emulator.records import Cause, Payment

    world = emulator.running.world
    account = emulator.account()
    with world.lock:
        for number in range(5000):
            payment = Payment("", "komoju", account, "credit_card", "JPY", 1000 + number, datetime.now(UTC))
            world.ledger.pay(world.ledger.add_payment(payment).reference, Cause("buyer"))
    started = time.monotonic()
    assert len(emulator.ledger()["payments"]) == 5000
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("call", "body", "status", "word"),
    [
        ("POST accounts", {}, 400, "provider"),
        ("POST accounts", {"provider": "paypal", "secret_key": "x"}, 400, "provider"),
        ("POST accounts", {"provider": "komoju"}, 400, "secret_key"),
        ("POST accounts", {"provider": "komoju", "secret_key": "x", "mode": "play"}, 400, "mode"),
        ("POST accounts", {"provider": "komoju", "secret_key": "x", "methods": ["a"]}, 400, "methods"),
        ("POST accounts", {"provider": "komoju", "secret_key": "x", "switches": 1}, 400, "switches"),
        ("POST accounts", {"provider": "komoju", "secret_key": "x", "webhook_url": 1}, 400, "webhook_url"),
        ("POST komoju/payments", {**PAYMENT, "account": "nobody"}, 404, "account"),
        ("POST komoju/payments", {**PAYMENT, "amount_minor": 0}, 400, "amount_minor"),
        ("POST komoju/payments", {**PAYMENT, "amount_minor": "100"}, 400, "amount_minor"),
        ("POST komoju/payments", {**PAYMENT, "amount_minor": 10.5}, 400, "amount_minor"),
        ("POST komoju/payments", {**PAYMENT, "tax": -1}, 400, "tax"),
        ("POST komoju/payments", {**PAYMENT, "currency": "yen"}, 400, "currency"),
        ("POST komoju/payments", {**PAYMENT, "capture": "later"}, 400, "capture"),
        ("POST komoju/payments", {**PAYMENT, "state": "odd"}, 400, "state"),
        ("POST komoju/payments", {**PAYMENT, "id": "short"}, 400, "id"),
        ("POST komoju/payments", {**PAYMENT, "created_at": "yesterday"}, 400, "created_at"),
        ("POST komoju/payments", {**PAYMENT, "metadata": []}, 400, "metadata"),
        ("PUT komoju/methods", {"account": "nobody"}, 404, "account"),
        ("PUT komoju/methods", {"account": SECRET_KEY, "methods": [{}]}, 400, "methods"),
        ("PUT komoju/nothing", {}, 404, "no control call"),
        ("POST komoju/payments/unknown/portal", {"action": "refund"}, 404, "payment"),
        ("POST paypal/payments", PAYMENT, 404, "no control call"),
        ("POST faults", {"kind": "gremlins"}, 400, "kind"),
        ("POST faults", {"seed": "x"}, 400, "seed"),
        ("PUT clock", {}, 400, "advance_seconds"),
        ("PUT clock", {"now": "noon"}, 400, "now"),
        ("PUT clock", {"now": "2026-01-15T03:00:00"}, 400, "now"),
        ("PUT clock", {"advance_seconds": "1"}, 400, "advance_seconds"),
        ("PUT latency", {"milliseconds": -1}, 400, "milliseconds"),
        ("POST webhooks", {}, 400, "automatic"),
        ("POST webhooks", {"ping": "nobody"}, 404, "account"),
        ("POST webhooks/7", {"action": "send"}, 404, "delivery"),
        ("POST webhooks/x", {"action": "send"}, 404, "number"),
        ("GET nothing", None, 404, "no control call"),
    ],
)
def test_bad_input_is_refused_with_a_sentence(emulator, call, body, status, word):
    method, path = call.split()
    emulator.account()
    answer = emulator.http.request(method, f"/_emulator/{path}", json=body)
    assert answer.status_code == status
    assert word in answer.json()["error"]
    assert emulator.ledger()["effects"] == []


@pytest.mark.parametrize("raw", [b"{", b"[1]"])
def test_a_body_that_is_no_json_object_is_refused(emulator, raw):
    answer = emulator.http.post("/_emulator/accounts", content=raw)
    assert (answer.status_code, "JSON" in answer.json()["error"]) == (400, True)


def test_an_account_is_the_same_for_the_same_secret_key(emulator):
    assert emulator.account("sk_1") == emulator.account("sk_1", webhook_url="http://127.0.0.1:9/")
    assert emulator.account("sk_2") != emulator.account("sk_1")
    listed = emulator.control("GET", "accounts")["accounts"]
    assert len(listed) == 2
    assert "secret_key" not in listed[0]


def test_faults_are_listed_and_removed(emulator):
    first, second = emulator.fault("hang_up", "refund"), emulator.fault("running")
    assert [one["id"] for one in emulator.control("GET", "faults")["faults"]] == [first, second]
    assert emulator.control("DELETE", f"faults/{first}") == {"removed": 1}
    assert emulator.control("DELETE", "faults") == {"removed": 1}
    assert emulator.control("POST", "faults", {"seed": 5}) == {"seeded": True}


def test_the_clock_is_put_and_moved(emulator):
    emulator.control("PUT", "clock", {"now": "2030-01-01T00:00:00Z"})
    assert emulator.control("PUT", "clock", {"advance_seconds": 86400})["now"].startswith("2030-01-02T00:00:0")


def test_a_reset_forgets_everything(emulator, api):
    emulator.payment()
    emulator.fault("hang_up")
    emulator.latency(10)
    emulator.reset()
    assert emulator.ledger() == {"effects": [], "payments": [], "broken": []}
    assert emulator.webhooks() == []
    assert api.get("/payments").status_code == 401
    emulator.account(webhook_secret="s")
    emulator.payment()
    assert [one["event_type"] for one in emulator.webhooks()] == ["payment.captured"]
