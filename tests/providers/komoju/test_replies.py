"""Every row of the error table (KOMOJU page, section 11), and section 6 of money-safety where stricter."""

import json
from typing import Any

import pytest

from providers.http import Answer
from providers.kinds import OperationKind, Outcome
from providers.komoju import replies
from providers.money import Money
from providers.port import Reply, WireCall
from tests.providers.komoju.samples import B_ENTRY, CARD, KONBINI, A, B, C, D, call

CAPTURE, CANCEL = OperationKind.CAPTURE, OperationKind.CANCEL
REQUEST_PATH = f"/payments/{CARD}/refund_request"


def reply(status: int, body: Any = None, to: WireCall | None = None, **headers: str) -> Reply:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return replies.classify(to or call(), Answer(status, named, raw))


def error(code: str | None, param: str | None = None) -> dict[str, Any]:
    return {"error": {"code": code, "message": "An English sentence.", "param": param, "details": None}}


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (400, error("bad_request"), Outcome.REFUSED),
        (400, error("something_new"), Outcome.IN_DOUBT),
        (402, error("request_failed"), Outcome.ASK),
        (402, b"", Outcome.ASK),
        (404, error("not_found"), Outcome.REFUSED),
        (404, b"<html>gateway</html>", Outcome.IN_DOUBT),
        (405, error("method_not_allowed"), Outcome.IN_DOUBT),
        (408, error("timeout"), Outcome.IN_DOUBT),
        (409, error("conflict"), Outcome.IN_DOUBT),
        (418, b"", Outcome.IN_DOUBT),
        (422, error("unprocessable_entity"), Outcome.REFUSED),
        (422, error("missing_parameter", "amount"), Outcome.REFUSED),
        (422, error("missing_parameter"), Outcome.REFUSED),
        (422, error("amount_too_large", "amount"), Outcome.REFUSED),
        (422, error("invalid_payment_type"), Outcome.REFUSED),
        (422, error("invalid_token"), Outcome.REFUSED),
        (422, error("invalid_currency"), Outcome.REFUSED),
        (422, error("something_new"), Outcome.IN_DOUBT),
        (422, b"not json", Outcome.IN_DOUBT),
        (429, error("too_many"), Outcome.NOT_APPLIED),
        (500, error("internal_server_error"), Outcome.IN_DOUBT),
        (502, error("bad_gateway"), Outcome.IN_DOUBT),
        (502, b"<html>502</html>", Outcome.IN_DOUBT),
        (503, error("service_unavailable"), Outcome.IN_DOUBT),
        (504, error("gateway_timeout"), Outcome.IN_DOUBT),
        (500, error("not_refundable"), Outcome.IN_DOUBT),
        (301, b"", Outcome.IN_DOUBT),
        (307, b"", Outcome.IN_DOUBT),
    ],
)
def test_every_row_of_the_error_table_has_its_outcome(status, body, outcome):
    read = reply(status, body)
    assert (read.outcome, read.http_status) == (outcome, status)
    assert not read.credentials_refused
    assert read.money is None
    assert read.movement_id is None


@pytest.mark.parametrize("code", ["not_refundable", "not_cancellable", "not_capturable"])
@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 409, 422])
def test_i6_a_state_conflict_is_looked_up_whatever_4xx_carries_it(status, code):
    read = reply(status, error(code))
    assert (read.outcome, read.credentials_refused, read.code) == (Outcome.ASK, False, code)


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("body", [error("unauthorized"), error("forbidden"), b"", b"<html>"])
def test_refused_credentials_are_not_applied_and_said_to_be_that(status, body):
    read = reply(status, body)
    assert (read.outcome, read.credentials_refused) == (Outcome.NOT_APPLIED, True)


def test_example_c_keeps_code_and_message():
    read = reply(422, C)
    assert (read.outcome, read.code) == (Outcome.ASK, "not_refundable")
    assert read.message == "This payment cannot be refunded."
    assert "not_refundable" in read.redacted


@pytest.mark.parametrize("body", [b"[]", b"5", b'{"error": "text"}', b'{"error": {"code": 5}}', b"\xff"])
def test_a_body_that_is_no_error_form_is_never_parsed_blindly(body):
    read = reply(500, body)
    assert (read.outcome, read.code, read.message) == (Outcome.IN_DOUBT, None, None)
    assert read.redacted == f"HTTP 500, {len(body)} bytes that are no error form"


def test_a_long_message_is_cut():
    body = {"error": {"code": "bad_request", "message": "x" * 5000}}
    assert len(reply(400, body).message or "") == 500


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("", 5), ("0", 5), ("4", 5), ("30", 30), ("999999999999", 86400), ("-5", 5), ("soon", 5), ("１０", 5)],
)
@pytest.mark.parametrize("status", [409, 429])
def test_a_wait_is_at_least_five_seconds_and_at_most_a_day(status, value, seconds):
    assert reply(status, error("x"), retry_after=value).retry_after_s == seconds


def test_a_wait_until_a_date_is_counted_by_the_servers_clock():
    date, later = "Wed, 21 Oct 2026 07:28:00 GMT", "Wed, 21 Oct 2026 07:30:00 GMT"
    assert reply(429, error("x"), retry_after=later, date=date).retry_after_s == 120
    assert reply(429, error("x"), retry_after=later, date="Wed, 21 Oct 2026 07:28:00 -0000").retry_after_s == 5
    assert reply(429, error("x"), retry_after=later).retry_after_s == 5
    assert reply(503, error("x"), retry_after="60").retry_after_s == 60
    assert reply(429, error("x")).retry_after_s == 5
    assert reply(503, error("x")).retry_after_s is None


def test_example_b_is_done_with_komojus_refund_id():
    read = reply(200, B)
    assert (read.outcome, read.movement_id, read.money) == (Outcome.DONE, B_ENTRY["id"], Money(700, "JPY"))
    assert read.snapshot is not None
    assert read.snapshot.refunded == Money(700, "JPY")
    assert "buyer@example.test" not in read.redacted
    assert "mug" not in read.redacted


@pytest.mark.parametrize("status", [201, 202])
def test_any_2xx_is_believed_by_its_body_alone(status):
    assert reply(status, B).outcome is Outcome.DONE


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b""),
        (204, b""),
        (202, b"{}"),
        (200, b"<html>"),
        (200, json.dumps(B).encode()[:-10]),
        (200, {**B, "id": "z" * 25}),
        (200, {**B, "currency": "USD", "refunds": [{**B_ENTRY, "currency": "USD"}]}),
        (200, A),
        (200, {**B, "refunds": [{**B_ENTRY, "description": "op_520 mug broken"}]}),
        (200, {**B, "refunds": [{**B_ENTRY, "description": None}]}),
        (200, {**B, "refunds": [B_ENTRY, {**B_ENTRY, "id": "q" * 25}]}),
        (200, {**B, "refunds": [{**B_ENTRY, "currency": "USD"}]}),
    ],
    ids=range(12),
)
def test_a_2xx_that_does_not_show_our_refund_is_in_doubt(status, body):
    read = reply(status, body)
    assert (read.outcome, read.movement_id) == (Outcome.IN_DOUBT, None)


def test_r5_another_amount_than_asked_is_in_doubt_and_shows_both_numbers():
    entry = {**B_ENTRY, "amount": 770}
    read = reply(200, {**B, "amount_refunded": 770, "refunds": [entry]})
    assert (read.outcome, read.money, read.movement_id) == (Outcome.IN_DOUBT, Money(770, "JPY"), entry["id"])
    assert read.message == "asked for 700, shown 770"


def test_example_a_a_part_capture_is_done_without_a_snapshot():
    read = reply(200, A, call(CAPTURE, 2200))
    assert (read.outcome, read.movement_id) == (Outcome.DONE, f"{CARD}:capture:2200")
    assert (read.money, read.snapshot) == (Money(2200, "JPY"), None)


def test_a_part_capture_that_shows_the_authorised_figure_is_in_doubt():
    read = reply(200, {**A, "amount": 3300, "total": 3300}, call(CAPTURE, 2200))
    assert (read.outcome, read.message) == (Outcome.IN_DOUBT, "asked for 2200, shown 3300")


def test_example_d_a_cancel_is_done():
    read = reply(200, D, call(CANCEL, 5400, payment_ref=KONBINI))
    assert (read.outcome, read.movement_id) == (Outcome.DONE, f"{KONBINI}:cancel:5400")
    assert reply(200, A, call(CANCEL, 2200)).outcome is Outcome.IN_DOUBT


def test_an_accepted_refund_request_is_pending_under_its_id():
    wish = {"id": "r" * 25, "description": "op_52 broken", "status": "pending"}
    read = reply(200, {**A, "refund_requests": [wish]}, call(path=REQUEST_PATH))
    assert (read.outcome, read.pending_id, read.money) == (Outcome.ACCEPTED, "r" * 25, None)
    assert read.snapshot is not None


@pytest.mark.parametrize("body", [b"", b"{}", A, {**A, "id": "z" * 25}])
def test_any_2xx_accepts_a_refund_request_even_without_its_id(body):
    read = reply(200, body, call(path=REQUEST_PATH))
    assert (read.outcome, read.pending_id) == (Outcome.ACCEPTED, None)
