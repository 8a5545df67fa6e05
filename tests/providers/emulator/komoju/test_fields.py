"""Bodies and their fields, right and wrong."""

import pytest


@pytest.mark.parametrize("call", ["capture", "refund", "refund_request"])
def test_a_call_without_a_body_is_a_bad_request(emulator, api, call):
    reference = emulator.payment(capture="manual")
    answer = api.post(f"/payments/{reference}/{call}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_request")
    assert emulator.effects(reference, call) == []


@pytest.mark.parametrize("body", [b"[1]", b"nonsense"])
def test_a_body_that_is_no_object_is_a_bad_request(emulator, api, body):
    reference = emulator.payment()
    assert api.post(f"/payments/{reference}/refund", content=body).status_code == 400


def test_a_form_body_is_accepted(emulator, api):
    reference = emulator.payment(3300)
    answer = api.post(f"/payments/{reference}/refund", data={"amount": "700", "description": "op_1 x"})
    assert answer.json()["refunds"][0]["amount"] == 700


@pytest.mark.parametrize("amount", [0, -5, 3301, "700", 7.5, True])
def test_an_impossible_refund_amount_is_unprocessable(emulator, api, amount):
    reference = emulator.payment(3300)
    answer = api.post(f"/payments/{reference}/refund", json={"amount": amount})
    assert (answer.status_code, answer.json()["error"]["param"]) == (422, "amount")
    assert emulator.effects(reference, "refund") == []
