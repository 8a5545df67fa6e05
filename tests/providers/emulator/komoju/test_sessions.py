"""Hosted pages: exchange E of the KOMOJU page, and what a buyer does on them."""

import pytest

from tests.providers.emulator.conftest import under

E_BODY = {
    "mode": "payment",
    "amount": 3300,
    "currency": "JPY",
    "return_url": "https://ops.example.test/komoju/return/lnk_9",
    "default_locale": "ja",
    "payment_types": ["credit_card", "paypay"],
    "expires_in_seconds": 86400,
    "metadata": {"op": "op_56"},
    "line_items": [{"description": "Kettle", "amount": 3300, "quantity": 1}],
    "payment_data": {"external_order_num": "ORD-1004", "capture": "manual"},
}


def create(api, **changes):
    return api.post("/sessions", json={**E_BODY, **changes}, headers=under("e"))


def pay(emulator, session, **form):
    return emulator.http.post(f"/komoju/sessions/{session['id']}", data=form)


def test_exchange_e_a_page_is_made_paid_and_read(emulator, api):
    emulator.control("PUT", "clock", {"now": "2026-01-19T00:00:00Z"})
    session = create(api).json()
    url = f"{emulator.komoju_url}/sessions/{session['id']}"
    expected = {
        "resource": "session",
        "mode": "payment",
        "amount": 3300,
        "currency": "JPY",
        "session_url": url,
        "return_url": "https://ops.example.test/komoju/return/lnk_9",
        "default_locale": "ja",
        "created_at": "2026-01-19T00:00:00Z",
        "cancelled_at": None,
        "completed_at": None,
        "status": "pending",
        "expired": False,
        "metadata": {"op": "op_56"},
        "payment_methods": [
            {"type": "credit_card", "amount": 3300, "currency": "JPY", "brands": ["visa", "master"]},
            {"type": "paypay", "amount": 3300, "currency": "JPY", "offsite": True},
        ],
        "payment_data": {"external_order_num": "ORD-1004", "capture": "manual"},
        "line_items": [{"description": "Kettle", "amount": 3300, "quantity": 1}],
    }
    assert {name: session[name] for name in expected} == expected
    assert "payment" not in session
    emulator.control("PUT", "clock", {"now": "2026-01-19T00:07:10Z"})
    back = pay(emulator, session, method="credit_card", do="pay")
    assert back.headers["location"] == f"{E_BODY['return_url']}?session_id={session['id']}"
    read = api.get(f"/sessions/{session['id']}").json()
    assert (read["status"], read["completed_at"]) == ("completed", "2026-01-19T00:07:10Z")
    assert read["payment_methods"] == []
    payment = read["payment"]
    assert (payment["status"], payment["total"], payment["session"]) == ("authorized", 3300, session["id"])
    assert payment["external_order_num"] == "ORD-1004"


def test_a_repeat_of_a_creation_gives_the_same_page(api):
    assert create(api).json()["id"] == create(api).json()["id"]


def test_a_konbini_page_is_completed_but_not_paid(emulator, api):
    session = create(api, payment_types=["konbini"], payment_data={}).json()
    pay(emulator, session, method="konbini", do="pay")
    read = api.get(f"/sessions/{session['id']}").json()
    assert (read["status"], read["payment"]["status"]) == ("completed", "authorized")


def test_a_page_is_cancelled_once_and_then_closed(emulator, api):
    session = create(api).json()
    assert api.post(f"/sessions/{session['id']}/cancel").json()["status"] == "cancelled"
    assert api.post(f"/sessions/{session['id']}/cancel").status_code == 422
    assert pay(emulator, session, method="paypay", do="pay").status_code == 410


def test_a_page_expires_after_its_time(emulator, api):
    session = create(api, expires_in_seconds=60).json()
    emulator.advance(61)
    read = api.get(f"/sessions/{session['id']}").json()
    assert (read["expired"], read["status"]) == (True, "pending")
    assert pay(emulator, session, method="paypay", do="pay").status_code == 410


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"amount": None}, "missing_parameter"),
        ({"amount": 0}, "unprocessable_entity"),
        ({"currency": "XXX"}, "invalid_currency"),
        ({"expires_in_seconds": 86401}, "unprocessable_entity"),
        ({"payment_types": ["bit_cash"]}, "invalid_payment_type"),
        ({"mode": "customer"}, "unprocessable_entity"),
        ({"payment_data": "x"}, "unprocessable_entity"),
        ({"metadata": {"x" * 31: "y"}}, "unprocessable_entity"),
    ],
)
def test_a_wrong_page_is_refused(api, change, code):
    answer = create(api, **change)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, code)


def test_another_accounts_page_is_not_found(emulator, api):
    session = create(api).json()
    emulator.account("sk_other")
    answer = emulator.http.get(f"/komoju/api/v1/sessions/{session['id']}", auth=("sk_other", ""))
    assert answer.status_code == 404
