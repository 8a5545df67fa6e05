"""Who may ask, and what an account has to offer."""

import httpx
import pytest

from tests.emulator import EmulatorClient


def ask(emulator: EmulatorClient, header: str | None, path: str = "/payment_methods") -> httpx.Response:
    headers = {} if header is None else {"Authorization": header}
    return emulator.http.get(f"/komoju/api/v1{path}", headers=headers)


def test_basic_with_an_empty_password_is_the_only_way_in(emulator):
    emulator.account("sk_test_example")
    assert ask(emulator, "Basic c2tfdGVzdF9leGFtcGxlOg==").status_code == 200


@pytest.mark.parametrize(
    "header",
    [
        None,
        "c2tfdGVzdF9leGFtcGxlOg==",
        "Basic c2tfdGVzdF9leGFtcGxl",
        "Basic c2tfdGVzdF9leGFtcGxlOng=",
        "Basic !!!",
        "Basic b3RoZXI6",
        "Bearer c2tfdGVzdF9leGFtcGxlOg==",
    ],
)
def test_other_credentials_are_unauthorized_in_the_usual_form(emulator, header):
    emulator.account("sk_test_example")
    answer = ask(emulator, header)
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "unauthorized"
    assert set(answer.json()["error"]) == {"code", "message", "param", "details"}


def test_an_account_id_is_no_credential(emulator):
    account = emulator.account("sk_test_example")
    answer = emulator.http.get("/komoju/api/v1/payment_methods", auth=(account, ""))
    assert answer.status_code == 401


def test_another_accounts_payment_is_not_found(emulator, api):
    emulator.account("sk_other")
    reference = emulator.payment(account="sk_other")
    assert api.get(f"/payments/{reference}").json()["error"]["code"] == "not_found"
    assert api.post(f"/payments/{reference}/refund", json={}).status_code == 404
    assert emulator.effects(reference, "refund") == []
    assert api.get("/payments").json()["total"] == 0


@pytest.mark.parametrize("path", ["/nothing", "/payments/a/b/c"])
def test_an_unknown_address_is_not_found_in_the_usual_form(api, path):
    assert api.get(path).json()["error"]["code"] == "not_found"
