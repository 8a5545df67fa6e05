"""Who may call, keys (page, section 5), limits, and every fault that section 12 names."""

import base64

import httpx
import pytest

KEY, OTHER = "3b0e2c64-8f1e-4a77-9d53-6a2f4c1e7b90", "7f3c2c64-8f1e-4a77-9d53-6a2f4c1e7b91"
SOME = {"captured_amount": 1000}


def captured(shop, ref: str) -> int:
    return shop.read(ref)["captured_amount"]


def test_the_key_counts_and_the_body_does_not(shop):
    ref = shop.order()
    first = shop.post(ref, "captures", SOME, KEY)
    edited = shop.post(ref, "captures", {"captured_amount": 2000}, KEY)
    assert (edited.status_code, edited.headers["capture-id"]) == (201, first.headers["capture-id"])
    assert captured(shop, ref) == 1000
    shop.post(ref, "captures", SOME, OTHER)
    shop.post(ref, "captures", SOME)
    assert captured(shop, ref) == 3000


def test_a_key_is_forgotten_after_24_hours(shop):
    ref = shop.order()
    shop.post(ref, "captures", SOME, KEY)
    shop.emulator.advance(24 * 3600 + 1)
    shop.post(ref, "captures", SOME, KEY)
    assert captured(shop, ref) == 2000
    assert [one["rule"] for one in shop.emulator.ledger()["broken"]] == ["I2"]


@pytest.mark.parametrize(("replayed", "second"), [(False, 201), (True, 403)])
def test_only_2xx_are_remembered_unless_a_switch_says_so(shop, replayed, second):
    shop.switch(replay_errors=replayed)
    ref = shop.order(state="pending_fraud")
    assert shop.post(ref, "captures", SOME, KEY).status_code == 403
    shop.portal(ref, "fraud_accepted")
    assert shop.post(ref, "captures", SOME, KEY).status_code == second


def test_a_patch_is_remembered_too_and_a_payment_session_never(shop):
    ref = shop.order()
    shop.post(ref, "authorization", {"order_amount": 9000}, KEY)
    shop.post(ref, "authorization", {"order_amount": 8000}, KEY)
    assert shop.read(ref)["order_amount"] == 9000
    line = {"name": "x", "quantity": 1, "unit_price": 100, "total_amount": 100}
    body = {"purchase_country": "SE", "purchase_currency": "SEK", "order_amount": 100, "order_lines": [line]}
    ids = {
        shop.http.post("/payments/v1/sessions", json=body, headers={"Klarna-Idempotency-Key": KEY}).json()["session_id"]
        for _ in range(2)
    }
    assert len(ids) == 2


def test_while_a_call_runs_its_key_is_a_conflict(shop):
    ref = shop.order()
    shop.emulator.fault("late_effect", "capture", nth=1, seconds=60, hold=0)
    with pytest.raises(httpx.HTTPError):
        shop.post(ref, "captures", SOME, KEY)
    running = shop.post(ref, "captures", SOME, KEY)
    assert (running.status_code, running.json()["error_code"]) == (409, "CONFLICT")
    shop.emulator.advance(61)
    assert shop.post(ref, "captures", SOME, KEY).status_code == 201
    assert captured(shop, ref) == 1000


def test_a_key_has_to_be_short_ascii(shop):
    assert shop.post(shop.order(), "captures", SOME, "k" * 256).json()["error_code"] == "BAD_VALUE"


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "Basic",
        "Basic !!!",
        "Bearer abc",
        "Basic " + base64.b64encode(b"PK1_shop:wrong").decode(),
        "Basic " + base64.b64encode(b"\xff:x").decode(),
        "Basic " + base64.b64encode(b"PK1_shop").decode(),
    ],
)
def test_bad_credentials_are_a_401_with_a_correlation_id_and_no_body(shop, authorization):
    ref = shop.order()
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = httpx.get(f"{shop.http.base_url}ordermanagement/v1/orders/{ref}", headers=headers, trust_env=False)
    assert (answer.status_code, answer.content) == (401, b"")
    assert answer.headers["klarna-correlation-id"]


def test_every_answer_has_a_correlation_id(shop):
    ref = shop.order()
    answers = [
        shop.http.get(f"/ordermanagement/v1/orders/{ref}"),
        shop.post(ref, "captures", SOME),
        shop.post(ref, "cancel"),
        shop.http.get("/ordermanagement/v1/orders"),
        shop.http.delete(f"/ordermanagement/v1/orders/{ref}"),
    ]
    assert len({answer.headers["klarna-correlation-id"] for answer in answers}) == 5


@pytest.mark.parametrize(
    ("fault", "fields", "status", "code", "moved"),
    [
        ("rate_limited", {"seconds": 7}, 429, "TOO_MANY_REQUESTS", 0),
        ("error_before", {"status": 500}, 500, "INTERNAL_SERVER_ERROR", 0),
        ("error_after", {"status": 500}, 500, "INTERNAL_SERVER_ERROR", 1000),
        ("error_before", {"status": 503}, 503, "TEMPORARILY_UNAVAILABLE", 0),
        ("error_before", {"status": 409}, 409, "CONFLICT", 0),
        ("running", {}, 409, "CONFLICT", 0),
        ("error_before", {"status": 403, "bare": True}, 403, None, 0),
        ("error_before", {"status": 403, "code": "PAYMENT_METHOD_FAILED"}, 403, "PAYMENT_METHOD_FAILED", 0),
        ("refuse_repeat", {}, 201, None, 1000),
    ],
)
def test_faults_on_demand(shop, fault, fields, status, code, moved):
    ref = shop.order()
    shop.emulator.fault(fault, "capture", nth=1, **fields)
    answer = shop.post(ref, "captures", SOME, KEY)
    assert answer.status_code == status
    assert (answer.json()["error_code"] if answer.content else None) == code
    assert captured(shop, ref) == moved
    assert fault != "rate_limited" or answer.headers["x-ratelimit-reset"] == "7"


def test_a_connection_cut_after_execution_and_a_slow_answer(shop):
    ref = shop.order()
    shop.emulator.fault("timeout_after", "capture", nth=1, seconds=0)
    with pytest.raises(httpx.HTTPError):
        shop.post(ref, "captures", SOME, KEY)
    assert captured(shop, ref) == 1000
    shop.emulator.fault("slow_bytes", "read", nth=1, seconds=0.1)
    assert captured(shop, ref) == 1000


def test_a_refused_repeat_an_amount_gone_wrong_and_an_old_read(shop):
    ref = shop.order(state="captured")
    shop.emulator.advance(120)
    shop.post(ref, "refunds", {"refunded_amount": 100}, KEY)
    shop.emulator.fault("refuse_repeat", "refund", nth=1)
    assert shop.post(ref, "refunds", {"refunded_amount": 100}, KEY).json()["error_code"] == "REFUND_NOT_ALLOWED"
    shop.emulator.fault("wrong_amount", "refund", nth=1, amount_minor=-1)
    shop.post(ref, "refunds", {"refunded_amount": 100}, OTHER)
    assert shop.read(ref)["refunded_amount"] == 199
    shop.emulator.fault("stale_read", "read", nth=1, seconds=60)
    assert shop.read(ref)["refunded_amount"] == 0


def test_a_buyer_who_cannot_be_charged(shop):
    ref = shop.order()
    shop.portal(ref, "method_fails")
    assert shop.refused(ref, "captures", SOME) == (403, "PAYMENT_METHOD_FAILED")
    shop.portal(ref, "method_works")
    assert shop.post(ref, "captures", SOME).status_code == 201
