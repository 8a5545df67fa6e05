"""The methods an account offers (KOMOJU page, section 9)."""


def test_methods_are_an_array_with_one_element_per_slug_and_currency(api):
    methods = api.get("/payment_methods").json()
    pairs = [(method["type_slug"], method["currency"]) for method in methods]
    assert len(pairs) == len(set(pairs))
    assert {("credit_card", "JPY"), ("credit_card", "USD")} <= set(pairs)
    assert all({"name_en", "name_ja", "name_ko"} <= method.keys() for method in methods)


def test_a_method_disappears_when_the_account_loses_it(emulator, api):
    emulator.account(methods=[{"type_slug": "paypay", "currency": "JPY"}])
    assert api.get("/payment_methods").json() == [{"type_slug": "paypay", "currency": "JPY"}]
