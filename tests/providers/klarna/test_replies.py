"""Every row of the error table (Klarna page, section 4), and section 6 of money-safety where stricter."""

import json
from typing import Any

import pytest

from providers.http import Answer
from providers.kinds import OperationKind, Outcome
from providers.klarna import replies
from providers.port import Reply, WireCall
from tests.providers.klarna.samples import BASE, CAPTURE_ID, PATH, REFUND_ID, call

CAPTURE, CANCEL, REFUND, UPDATE = OperationKind
CORRELATION = "0e9f7c51-1a60-4b0f-9a53-2c1d7f4e8b02"


def reply(status: int, body: Any = b"", to: WireCall | None = None, **headers: str) -> Reply:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return replies.classify(to or call(), Answer(status, named, raw))


def error(code: str | None, message: str = "A sentence.") -> dict[str, Any]:
    return {"error_code": code, "error_messages": [message], "correlation_id": CORRELATION}


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (400, error("BAD_VALUE"), Outcome.REFUSED),
        (400, error("BAD_REQUEST"), Outcome.REFUSED),
        (400, error("NOT_FOUND"), Outcome.REFUSED),
        (400, error("SOMETHING_NEW"), Outcome.REFUSED),
        (400, b"<html>proxy</html>", Outcome.IN_DOUBT),
        (400, error(None), Outcome.IN_DOUBT),
        (403, error("CAPTURE_NOT_ALLOWED"), Outcome.ASK),
        (403, error("CANCEL_NOT_ALLOWED"), Outcome.ASK),
        (403, error("REFUND_NOT_ALLOWED"), Outcome.ASK),
        (403, error("NOT_ALLOWED"), Outcome.ASK),
        (400, error("REFUND_NOT_ALLOWED"), Outcome.ASK),
        (404, error("NO_SUCH_ORDER"), Outcome.REFUSED),
        (404, error("NO_SUCH_CAPTURE"), Outcome.REFUSED),
        (404, error("NOT_FOUND"), Outcome.REFUSED),
        (404, error("INVALID_ORDER_ID"), Outcome.REFUSED),
        (404, b"", Outcome.IN_DOUBT),
        (405, error("METHOD_NOT_ALLOWED"), Outcome.IN_DOUBT),
        (408, b"", Outcome.IN_DOUBT),
        (409, error("CONFLICT"), Outcome.IN_DOUBT),
        (413, error("REQUEST_TOO_LARGE"), Outcome.REFUSED),
        (413, b"<html>nginx</html>", Outcome.IN_DOUBT),
        (422, error("UNPROCESSABLE_ENTITY"), Outcome.REFUSED),
        (422, error("INVALID_ADDRESS"), Outcome.REFUSED),
        (422, error("SOMETHING_NEW"), Outcome.IN_DOUBT),
        (429, error("TOO_MANY_REQUESTS"), Outcome.NOT_APPLIED),
        (429, b"", Outcome.NOT_APPLIED),
        (500, error("INTERNAL_SERVER_ERROR"), Outcome.IN_DOUBT),
        (500, error("UNEXPECTED_ERROR"), Outcome.IN_DOUBT),
        (500, error("REFUND_NOT_ALLOWED"), Outcome.IN_DOUBT),
        (502, error("TEMPORARILY_UNAVAILABLE"), Outcome.IN_DOUBT),
        (503, b"<html>503</html>", Outcome.IN_DOUBT),
        (504, error("TEMPORARILY_UNAVAILABLE"), Outcome.IN_DOUBT),
        (202, b"", Outcome.IN_DOUBT),
        (206, b"", Outcome.IN_DOUBT),
        (301, b"", Outcome.IN_DOUBT),
        (307, b"", Outcome.IN_DOUBT),
    ],
)
def test_status_and_code_decide(status, body, outcome):
    found = reply(status, body)
    assert (found.outcome, found.http_status, found.credentials_refused, found.fresh_key) == (
        outcome,
        status,
        False,
        False,
    )
    assert found.state_conflict == (outcome is Outcome.ASK)
    assert found.money is None


@pytest.mark.parametrize("text", ["Order is expired.", "", "Captured amount is higher than the remaining amount"])
def test_i6_the_text_never_decides(text):
    assert reply(403, error("CAPTURE_NOT_ALLOWED", text)).outcome is Outcome.ASK


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, b""),
        (401, b"<html>401</html>"),
        (401, error("UNAUTHORIZED")),
        (403, b""),
        (403, b"<html>403</html>"),
        (403, error(None)),
        (403, error("SOMETHING_NEW")),
        (403, b'"NOT_ALLOWED"'),
    ],
)
def test_a_fault_of_the_account_is_not_applied_and_says_so(status, body):
    found = reply(status, body)
    assert (found.outcome, found.credentials_refused, found.fresh_key) == (Outcome.NOT_APPLIED, True, False)


def test_r14_a_buyer_who_could_not_be_charged_is_asked_again_in_hours_and_under_a_new_key():
    found = reply(403, error("PAYMENT_METHOD_FAILED"), call(CAPTURE))
    assert (found.outcome, found.fresh_key, found.credentials_refused) == (Outcome.NOT_APPLIED, True, False)
    assert found.retry_after_s == 4 * 3600
    assert found.code == "PAYMENT_METHOD_FAILED"


@pytest.mark.parametrize(
    ("status", "headers", "wait"),
    [
        (429, {"x_ratelimit_reset": "40"}, 40),
        (429, {"x_ratelimit_reset": "1"}, 5),
        (429, {}, 5),
        (429, {"x_ratelimit_reset": "soon"}, 5),
        (429, {"x_ratelimit_reset": "999999999999"}, 24 * 3600),
        (429, {"retry_after": "30"}, 30),
        (409, {}, 5),
        (409, {"x_ratelimit_reset": "1"}, 5),
        (503, {"retry_after": "20"}, 20),
        (503, {"x_ratelimit_reset": "1"}, None),
    ],
)
def test_how_long_to_wait(status, headers, wait):
    assert reply(status, b"", **headers).retry_after_s == wait


def test_example_a_a_capture_is_done_and_names_its_id():
    location = f"{BASE}{PATH}/captures/{CAPTURE_ID}"
    found = reply(201, to=call(CAPTURE), location=location, capture_id=CAPTURE_ID, klarna_correlation_id=CORRELATION)
    assert (found.outcome, found.movement_id, found.money, found.snapshot) == (Outcome.DONE, CAPTURE_ID, None, None)
    assert CORRELATION in found.redacted


def test_without_its_header_the_id_is_the_end_of_the_location_and_else_is_left_to_the_look_up():
    assert reply(201, location=f"{BASE}{PATH}/refunds/{REFUND_ID}").movement_id == REFUND_ID
    assert reply(201, location=f"{BASE}{PATH}/refunds/{REFUND_ID}/").movement_id == REFUND_ID
    assert reply(201).movement_id is None
    assert reply(201).outcome is Outcome.DONE


def test_i5_an_answer_about_another_order_is_in_doubt():
    elsewhere = f"{BASE}/ordermanagement/v1/orders/{REFUND_ID}/refunds/{REFUND_ID}"
    assert reply(201, location=elsewhere, refund_id=REFUND_ID).outcome is Outcome.IN_DOUBT


@pytest.mark.parametrize("kind", [CANCEL, UPDATE])
def test_a_release_and_another_amount_are_done_without_an_id(kind):
    found = reply(204, to=call(kind), location="https://elsewhere.test/1")
    assert (found.outcome, found.movement_id) == (Outcome.DONE, None)


def test_the_body_of_a_success_is_nothing_or_a_text_and_never_a_page():
    assert reply(201, f'"{REFUND_ID}"'.encode()).outcome is Outcome.DONE
    assert reply(201, b" \n").outcome is Outcome.DONE
    assert reply(200, b"<html>Please log in</html>").outcome is Outcome.IN_DOUBT


def test_what_is_kept_of_an_error_is_short_and_names_the_correlation():
    found = reply(403, error("NOT_ALLOWED", "x" * 2000))
    assert len(found.message or "") == 500
    assert CORRELATION in found.redacted
    assert reply(403, error("NOT_ALLOWED"), klarna_correlation_id="abc-1").redacted.count("abc-1") == 1


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", b"\xff\xfe", b'{"error_code": 7}', b'{"error_messages": {"a": 1}, "error_code": "X"}', b"null"],
)
def test_an_error_body_that_is_something_else_says_nothing_and_fails_never(body):
    assert replies.read_error(body) == replies.ApiError()
