"""Orders made and moved from the control side, and what Klarna tells about them (page, sections 3.6, 6, 8)."""

import json

import pytest

from tests.providers.emulator.klarna.conftest import PASSWORD, USER

HOOK = "http://127.0.0.1:9/hook?order_id={checkout.order.id}"
ORDER = {"account": f"{USER}:{PASSWORD}", "amount_minor": 1000, "currency": "SEK"}


@pytest.mark.parametrize(
    ("state", "status", "captured", "refunded"),
    [
        ("authorised", "AUTHORIZED", 0, 0),
        ("authorized", "AUTHORIZED", 0, 0),
        ("pending_fraud", "AUTHORIZED", 0, 0),
        ("part_captured", "PART_CAPTURED", 500, 0),
        ("captured", "CAPTURED", 1000, 0),
        ("part_refunded", "CAPTURED", 1000, 500),
        ("refunded", "CAPTURED", 1000, 1000),
        ("cancelled", "CANCELLED", 0, 0),
        ("expired", "EXPIRED", 0, 0),
        ("closed", "CLOSED", 1000, 0),
    ],
)
def test_an_order_can_be_made_in_any_state(shop, state, status, captured, refunded):
    order = shop.read(shop.order(1000, state=state))
    assert (order["status"], order["captured_amount"], order["refunded_amount"]) == (status, captured, refunded)
    assert order["fraud_status"] == ("PENDING" if state == "pending_fraud" else "ACCEPTED")


def test_an_order_is_what_the_call_says(shop):
    ref = "5D1C7F0A-4B52-4A49-9C0E-2F6F0B6F1A11"
    line = {"name": "Mug", "quantity": 2, "unit_price": 500, "total_amount": 1000}
    made = shop.order(
        1000, id=ref, country="DE", currency="EUR", method="card", order_number="SO-1", lines=[line], email="a@b.test"
    )
    order = shop.read(made)
    assert made == ref.lower()
    assert (order["purchase_country"], order["purchase_currency"], order["merchant_reference1"]) == (
        "DE",
        "EUR",
        "SO-1",
    )
    assert order["order_lines"] == [line]
    assert order["initial_payment_method"]["type"] == "CARD"
    assert order["billing_address"]["email"] == "a@b.test"


@pytest.mark.parametrize(
    ("changed", "status", "word"),
    [
        ({"id": "short"}, 400, "UUID"),
        ({"state": "odd"}, 400, "state"),
        ({"currency": "kr"}, 400, "currency"),
        ({"country": "sweden"}, 400, "country"),
        ({"amount_minor": 0}, 400, "amount_minor"),
        ({"lines": [{"name": "Mug", "quantity": 1, "unit_price": 1, "total_amount": 1}]}, 400, "sum"),
        ({"account": "nobody"}, 404, "account"),
        ({"expires_at": "soon"}, 400, "expires_at"),
        ({"state": "part_captured", "captured_minor": 1001}, 409, "higher"),
    ],
)
def test_bad_input_is_refused_with_a_sentence(shop, changed, status, word):
    answer = shop.emulator.http.post("/_emulator/klarna/payments", json={**ORDER, **changed})
    assert (answer.status_code, word in answer.json()["error"]) == (status, True)


@pytest.mark.parametrize(
    ("state", "action", "fields", "kind", "minor"),
    [
        ("authorised", "capture", {}, "capture", 1000),
        ("authorised", "capture", {"amount_minor": 300}, "capture", 300),
        ("captured", "refund", {}, "refund", 1000),
        ("part_refunded", "refund", {}, "refund", 500),
        ("authorised", "cancel", {}, "cancel", 1000),
        ("part_captured", "release", {}, "cancel", 500),
        ("authorised", "update", {"amount_minor": 900}, "lower", 100),
        ("authorised", "update", {"amount_minor": 1100}, "raise", 100),
        ("part_captured", "expire", {}, "expire", 500),
        ("authorised", "extend", {}, "extend", 0),
        ("captured", "close", {}, "close", 0),
        ("pending_fraud", "fraud_rejected", {}, "fraud_rejected", 0),
    ],
)
def test_the_portal_moves_an_order_behind_our_back(shop, state, action, fields, kind, minor):
    ref = shop.order(1000, state=state)
    done = shop.portal(ref, action, **fields)
    last = shop.emulator.effects(ref)[-1]
    assert (last["seq"], last["kind"], last["amount_minor"], last["source"]) == (done["effect"], kind, minor, "portal")
    assert shop.emulator.ledger()["broken"] == []


@pytest.mark.parametrize(
    ("state", "body", "status"),
    [
        ("cancelled", {"action": "capture"}, 409),
        ("authorised", {"action": "refund"}, 409),
        ("authorised", {"action": "dance"}, 400),
        ("authorised", {}, 400),
    ],
)
def test_the_portal_refuses_what_the_state_does_not_allow(shop, state, body, status):
    ref = shop.order(1000, state=state)
    assert shop.emulator.http.post(f"/_emulator/klarna/payments/{ref}/portal", json=body).status_code == status


def test_a_push_has_no_body_names_the_order_in_its_address_and_can_be_repeated(shop):
    shop.account(webhook_url=HOOK, switches={"deliver": False})
    ref = shop.order()
    shop.portal(ref, "push")
    first, second = shop.emulator.webhooks()
    assert first["url"] == second["url"] == f"http://127.0.0.1:9/hook?order_id={ref}"
    assert (first["body"], first["headers"], first["state"]) == ("", {}, "held")


def test_the_end_of_a_review_is_told_with_the_orders_id(shop):
    shop.account(webhook_url=HOOK, switches={"deliver": False})
    ref = shop.order(state="pending_fraud")
    for action in ("fraud_accepted", "fraud_stopped"):
        shop.portal(ref, action)
    notices = [json.loads(one["body"]) for one in shop.emulator.webhooks()[1:]]
    assert [one["event_type"] for one in notices] == ["FRAUD_RISK_ACCEPTED", "FRAUD_RISK_STOPPED"]
    assert {one["order_id"] for one in notices} == {ref}
    assert shop.read(ref)["fraud_status"] == "STOPPED"


def test_klarna_has_no_ping(shop):
    answer = shop.emulator.http.post("/_emulator/webhooks", json={"ping": f"{USER}:{PASSWORD}"})
    assert answer.status_code == 409


def session(shop, **changed):
    line = {"name": "Lamp", "quantity": 1, "unit_price": 25000, "tax_rate": 2500, "total_amount": 25000}
    body = {
        "purchase_country": "SE",
        "purchase_currency": "SEK",
        "order_amount": 25000,
        "order_tax_amount": 5000,
        "order_lines": [{**line, "total_tax_amount": 5000}],
        **changed,
    }
    return shop.http.post("/payments/v1/sessions", json=body)


def test_a_session_shows_the_categories_of_the_account(shop):
    answer = session(shop)
    assert answer.status_code == 200
    assert [one["identifier"] for one in answer.json()["payment_method_categories"]] == [
        "pay_later",
        "pay_now",
        "pay_over_time",
    ]
    shop.account(methods=[])
    assert session(shop).json()["payment_method_categories"] == []


@pytest.mark.parametrize(
    "changed",
    [
        {"purchase_country": None},
        {"purchase_currency": "kronor"},
        {"order_amount": 24999},
        {"order_amount": None},
        {"order_lines": []},
        {"order_tax_amount": 4999},
        {"order_lines": [{"name": "x", "quantity": 1, "unit_price": 25000, "total_amount": 25000, "tax_rate": 10001}]},
        {
            "order_lines": [
                {"name": "x", "quantity": 1, "unit_price": 25000, "total_amount": 25000, "type": "return_fee"}
            ]
        },
    ],
)
def test_a_session_by_the_narrower_rules_of_the_payments_api(shop, changed):
    assert session(shop, **changed).status_code == 400


def test_an_account_that_does_not_sell_somewhere_says_so(shop):
    shop.switch(countries=["DE"])
    assert session(shop).json()["error_code"] == "BAD_VALUE"
