"""The worked exchanges A to D and F of the KOMOJU page (section 16), and the rules of its sections 4 to 6."""

import pytest

from tests.providers.emulator.conftest import under

A_ID, D_ID = "8k3n6b1v4c7x0z2a5s9d6f3g1", "4t7y0u3i6o9p2a5s8d1f4g7h0"
A_DETAILS = {"brand": "master", "last_four_digits": "4444", "month": 8, "year": 2029}
BANK = {
    "customer_name": "ﾔﾏﾀﾞ ﾀﾛｳ",
    "bank_name": "Mizuho",
    "bank_code": "0001",
    "branch_name": "Tokyo",
    "branch_number": "001",
    "account_type": "normal",
    "account_number": "0123456",
    "include_payment_method_fee": False,
}


@pytest.fixture
def captured(emulator, api):
    """The payment of A as it stands after A."""
    emulator.payment(
        3300,
        id=A_ID,
        capture="manual",
        order_number="ORD-1002",
        created_at="2026-01-15T22:10:00Z",
        session="2m5n8b1v4c7x0z3l6k9j2h5g8",
        payment_details=A_DETAILS,
    )
    emulator.control("PUT", "clock", {"now": "2026-01-16T04:00:00Z"})
    return api.post(f"/payments/{A_ID}/capture", json={"amount": 2200, "tax": 0}, headers=under("a"))


def test_exchange_a_partial_capture(captured):
    assert captured.status_code == 200
    assert captured.json() == {
        "id": A_ID,
        "resource": "payment",
        "status": "captured",
        "amount": 2200,
        "tax": 0,
        "payment_method_fee": 0,
        "total": 2200,
        "currency": "JPY",
        "amount_refunded": 0,
        "captured_at": "2026-01-16T04:00:00Z",
        "created_at": "2026-01-15T22:10:00Z",
        "payment_deadline": None,
        "external_order_num": "ORD-1002",
        "metadata": {},
        "description": None,
        "locale": "ja",
        "customer": None,
        "session": "2m5n8b1v4c7x0z3l6k9j2h5g8",
        "customer_family_name": None,
        "customer_given_name": None,
        "mcc": None,
        "statement_descriptor": None,
        "payment_details": {"type": "credit_card", "email": "buyer@example.test", **A_DETAILS},
        "refunds": [],
        "refund_requests": [],
    }


def test_exchange_b_partial_refunds_until_the_payment_is_empty(emulator, api, captured):
    emulator.control("PUT", "clock", {"now": "2026-01-18T01:20:00Z"})
    body = {"amount": 700, "description": "op_52 mug broken"}
    first = api.post(f"/payments/{A_ID}/refund", json=body, headers=under("b"))
    again = api.post(f"/payments/{A_ID}/refund", json=body, headers=under("b"))
    payment = first.json()
    assert first.content == again.content
    assert (payment["status"], payment["total"], payment["amount_refunded"]) == ("captured", 2200, 700)
    entry = payment["refunds"][0]
    assert len(entry.pop("id")) == 25
    assert entry == {
        "resource": "refund",
        "amount": 700,
        "currency": "JPY",
        "payment": A_ID,
        "description": "op_52 mug broken",
        "created_at": "2026-01-18T01:20:00Z",
        "chargeback": False,
    }
    last = {"amount": 1500, "description": "op_53 rest"}
    payment = api.post(f"/payments/{A_ID}/refund", json=last, headers=under("b2")).json()
    assert (payment["status"], payment["amount_refunded"], len(payment["refunds"])) == ("refunded", 2200, 2)


def test_exchange_c_a_full_refund_under_a_new_key_is_refused(api, captured):
    assert api.post(f"/payments/{A_ID}/refund", json={}, headers=under("c1")).json()["status"] == "refunded"
    answer = api.post(f"/payments/{A_ID}/refund", json={"description": "op_54 again"}, headers=under("c2"))
    error = answer.json()["error"]
    assert answer.status_code == 422
    assert error.pop("message")
    assert error == {"code": "not_refundable", "param": None, "details": None}


def test_exchange_c_a_konbini_payment_has_no_plain_refund(emulator, api):
    reference = emulator.payment(method="konbini", state="captured")
    answer = api.post(f"/payments/{reference}/refund", json={})
    assert answer.json()["error"]["code"] == "not_refundable"


def test_exchange_d_cancel_of_a_konbini_payment_that_waits_for_cash(emulator, api):
    emulator.payment(
        5400,
        id=D_ID,
        method="konbini",
        payment_method_fee=190,
        order_number="ORD-1003",
        created_at="2026-01-17T03:00:00Z",
        payment_deadline="2026-01-20T14:59:59Z",
    )
    payment = api.post(f"/payments/{D_ID}/cancel", headers=under("d1")).json()
    expected = {
        "status": "cancelled",
        "amount": 5400,
        "payment_method_fee": 190,
        "total": 5590,
        "amount_refunded": 0,
        "captured_at": None,
        "payment_deadline": "2026-01-20T14:59:59Z",
        "created_at": "2026-01-17T03:00:00Z",
        "external_order_num": "ORD-1003",
        "payment_details": {"type": "konbini", "store": "lawson", "email": "buyer@example.test"},
        "refunds": [],
        "refund_requests": [],
    }
    assert {name: payment[name] for name in expected} == expected
    second = api.post(f"/payments/{D_ID}/cancel", headers=under("d2"))
    assert (second.status_code, second.json()["error"]["code"]) == (422, "not_cancellable")


def test_exchange_f_a_list_without_hits_and_with_one(emulator, api):
    query = {"external_order_num": "ORD-1004", "per_page": "50", "page": "1"}
    assert api.get("/payments", params=query).json() == {
        "resource": "payment_list",
        "total": 0,
        "page": 1,
        "per_page": 50,
        "last_page": 1,
        "start_time": None,
        "end_time": None,
        "data": [],
    }
    reference = emulator.payment(order_number="ORD-1004")
    assert [row["id"] for row in api.get("/payments", params=query).json()["data"]] == [reference]


def test_the_list_has_pages_and_filters(emulator, api):
    references = [emulator.payment(capture=capture) for capture in ("auto", "manual", "auto")]
    second = api.get("/payments", params={"per_page": "2", "page": "2"}).json()
    assert ([row["id"] for row in second["data"]], second["last_page"]) == ([references[0]], 2)
    waiting = api.get("/payments", params={"status": "authorized,pending"}).json()
    assert [row["id"] for row in waiting["data"]] == [references[1]]
    assert api.get("/payments", params={"start_time": "2999-01-01T00:00:00Z"}).json()["total"] == 0
    assert api.get("/payments", params={"status": "failed"}).status_code == 422
    assert api.get("/payments", params={"page": "0"}).status_code == 422


def test_a_refund_amount_is_tax_included_unless_the_switch_says_before_tax(emulator, api):
    reference = emulator.payment(3000, tax=300)
    assert api.post(f"/payments/{reference}/refund", json={"amount": 1000}).json()["amount_refunded"] == 1000
    emulator.account(switches={"refund_before_tax": True})
    assert api.post(f"/payments/{reference}/refund", json={"amount": 1000}).json()["amount_refunded"] == 2100


def test_a_capture_with_tax_takes_their_sum(emulator, api):
    reference = emulator.payment(3000, tax=300, capture="manual")
    payment = api.post(f"/payments/{reference}/capture", json={"amount": 2000, "tax": 200}).json()
    assert (payment["amount"], payment["tax"], payment["total"]) == (2000, 200, 2200)
    assert emulator.effects(reference, "capture")[0]["amount_minor"] == 2200


def test_patch_changes_description_and_metadata_only(emulator, api):
    reference = emulator.payment()
    payment = api.patch(
        f"/payments/{reference}", json={"description": "late", "metadata": {"op": "op_1"}, "amount": 1}
    ).json()
    assert (payment["description"], payment["metadata"], payment["amount"]) == ("late", {"op": "op_1"}, 3300)


@pytest.mark.parametrize(("given", "kept"), [("0123456", "0123456"), (123456, "0123456"), (7654321, "7654321")])
def test_a_refund_request_takes_the_account_number_as_text_or_number(emulator, api, given, kept):
    reference = emulator.payment(5400, method="konbini", state="captured")
    body = {**BANK, "amount": 5400, "account_number": given, "description": "op_7 wrong item"}
    wish = api.post(f"/payments/{reference}/refund_request", json=body).json()["refund_requests"][0]
    assert (wish["account_number"], wish["status"], wish["description"]) == (
        kept,
        "pending",
        "op_7 wrong item",
    )
    assert wish["payment"] == reference
    assert emulator.effects(reference, "refund_request")[0]["operation"] == "op_7"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"customer_name": None}, "missing_parameter"),
        ({"account_number": "123"}, "unprocessable_entity"),
        ({"account_number": None}, "missing_parameter"),
        ({"account_number": True}, "unprocessable_entity"),
        ({"account_type": "gold"}, "unprocessable_entity"),
        ({"include_payment_method_fee": None}, "missing_parameter"),
        ({"amount": None}, "missing_parameter"),
        ({"amount": 9999}, "unprocessable_entity"),
    ],
)
def test_a_refund_request_with_a_missing_or_wrong_field_is_refused(emulator, api, change, code):
    reference = emulator.payment(5400, method="konbini", state="captured")
    answer = api.post(f"/payments/{reference}/refund_request", json={**BANK, "amount": 5400, **change})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, code)
    assert emulator.effects(reference, "refund_request") == []


@pytest.mark.parametrize(("action", "status", "refunded"), [("finish", "completed", 5400), ("fail", "rejected", 0)])
def test_a_refund_request_is_completed_or_rejected_on_command(emulator, api, action, status, refunded):
    reference = emulator.payment(5400, method="bank_transfer", state="captured")
    api.post(f"/payments/{reference}/refund_request", json={**BANK, "amount": 5400, "description": "op_8"})
    emulator.portal(reference, action)
    payment = api.get(f"/payments/{reference}").json()
    assert (payment["refund_requests"][0]["status"], payment["amount_refunded"]) == (status, refunded)


def test_a_card_payment_takes_no_refund_request(emulator, api):
    reference = emulator.payment(5400)
    answer = api.post(f"/payments/{reference}/refund_request", json={**BANK, "amount": 5400})
    assert answer.json()["error"]["code"] == "not_refundable"


def test_konbini_is_authorized_until_the_buyer_pays(emulator, api):
    reference = emulator.payment(method="konbini")
    assert api.post(f"/payments/{reference}/capture", json={}).json()["error"]["code"] == "not_capturable"
    emulator.portal(reference, "pay")
    assert api.get(f"/payments/{reference}").json()["status"] == "captured"
