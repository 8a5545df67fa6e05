"""Error answers: form, codes and the switch for their status."""

import json

import pytest

from providers.emulator.komoju.errors import error_answer


@pytest.mark.parametrize("status", [400, 402, 403])
def test_the_status_of_conflict_codes_is_a_switch(emulator, api, status):
    emulator.account(switches={"conflict_status": status})
    reference = emulator.payment(state="cancelled")
    answer = api.post(f"/payments/{reference}/cancel")
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, "not_cancellable")


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "bad_request"),
        (403, "forbidden"),
        (404, "not_found"),
        (503, "service_unavailable"),
        (418, "unknown_error"),
    ],
)
def test_an_error_has_the_usual_code_of_its_status(status, code):
    error = json.loads(error_answer(status, "Why.").body)["error"]
    assert error == {"code": code, "message": "Why.", "param": None, "details": None}
