"""The methods an account offers (KOMOJU page, section 9)."""

from tests.emulator import SECRET_KEY


def test_methods_are_an_array_with_one_element_per_slug_and_currency(api):
    methods = api.get("/payment_methods").json()
    pairs = [(method["type_slug"], method["currency"]) for method in methods]
    assert len(pairs) == len(set(pairs))
    assert {("credit_card", "JPY"), ("credit_card", "USD")} <= set(pairs)
    assert all({"name_en", "name_ja", "name_ko"} <= method.keys() for method in methods)


def test_a_method_disappears_when_the_account_loses_it(emulator, api):
    paypay = {"type_slug": "paypay", "currency": "JPY"}
    emulator.account(methods=[paypay])
    assert api.get("/payment_methods").json() == [paypay]


def test_the_control_side_changes_what_an_account_offers_and_nothing_else_of_it(emulator, api):
    account = emulator.account(switches={"caps": True}, webhook_url="http://127.0.0.1:9/hook")
    before = emulator.control("GET", "accounts")
    changed = emulator.control("PUT", "komoju/methods", {"account": SECRET_KEY, "methods": []})
    assert changed == {"account": account, "methods": 0}
    assert api.get("/payment_methods").json() == []
    assert emulator.control("GET", "accounts") == before
    emulator.control("PUT", "komoju/methods", {"account": account, "methods": None})
    assert len(api.get("/payment_methods").json()) > 1
