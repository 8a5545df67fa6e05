"""Every row of section 5, made stricter by money-safety section 6."""

import json

import pytest

from providers.http import Answer
from providers.kinds import OperationKind, Outcome
from providers.port import WireCall
from providers.svea import replies
from providers.svea.account import STAGE

P = "/api/v1/orders/4410021"
TASK = f"{STAGE}/api/v1/queue/91"
ERROR = {
    "Code": 400,
    "Message": "Validation failed",
    "Errors": [{"Code": 50002, "Field": "CreditedAmount", "ErrorMessage": "Must be higher"}],
}


def call(method="PATCH", path=P, body=b'{"IsCancelled":true}', kind=OperationKind.CANCEL):
    return WireCall(method, path, body, "k", "op", kind, 5000, "SEK", "4410021")


CREDIT = call("PATCH", f"{P}/deliveries/880020", b'{"CreditedAmount":15000}', OperationKind.REFUND)
DELIVER = call("POST", f"{P}/deliveries", b'{"OrderRowIds":[]}', OperationKind.CAPTURE)


def reply(status, body=b"", of=None, **headers):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return replies.classify(of or call(), Answer(status, named, raw), STAGE)


@pytest.mark.parametrize("status", [200, 201, 204])
@pytest.mark.parametrize("body", [b"", b"\xef\xbb\xbf", b"null", b"{}"])
def test_r5_a_good_answer_is_done_without_an_amount_so_a_read_has_to_show_it(status, body):
    good = reply(status, body)
    assert (good.outcome, good.money, good.movement_id, good.snapshot) == (Outcome.DONE, None, None, None)


def test_202_with_a_task_is_accepted_under_the_tasks_path():
    accepted = reply(202, {"DeliveryId": 880017}, DELIVER, location=TASK)
    assert (accepted.outcome, accepted.pending_id) == (Outcome.ACCEPTED, "/api/v1/queue/91")
    assert "880017" in accepted.redacted


@pytest.mark.parametrize(
    "location",
    [
        "",
        "https://evil.example.test/api/v1/queue/91",
        "http://paymentadminapistage.svea.com/api/v1/queue/91",
        "https://paymentadminapi.svea.com/api/v1/queue/91",
        f"{STAGE}.evil.example.test/api/v1/queue/91",
        f"{STAGE}/api/v1/queue/91?next=1",
        f"{STAGE}/api/../queue",
        "//evil.example.test/api/v1/queue/91",
    ],
)
def test_202_without_a_task_on_our_host_is_in_doubt(location):
    assert reply(202, b"", DELIVER, location=location).outcome is Outcome.IN_DOUBT


@pytest.mark.parametrize("body", [b"", {"CreditId": "771204"}])
def test_a_credit_by_amount_is_accepted_only_because_a_bank_may_still_fail_it(body):
    accepted = reply(200, body, CREDIT)
    assert (accepted.outcome, accepted.pending_id) == (Outcome.ACCEPTED, "credited/4410021/880020/15000")


@pytest.mark.parametrize("status", [200, 202])
def test_a_good_status_with_somebody_elses_page_is_in_doubt(status):
    assert reply(status, b"<html>", DELIVER, location=TASK).outcome is Outcome.IN_DOUBT


def test_i6_400_is_asked_because_a_reached_total_is_refused_too():
    asked = reply(400, ERROR, CREDIT)
    assert (asked.outcome, asked.code) == (Outcome.ASK, "50002")
    assert asked.message == "Validation failed · CreditedAmount: Must be higher"
    assert reply(400).code == "http_400"


@pytest.mark.parametrize(
    ("path", "outcome"),
    [
        (P, Outcome.REFUSED),
        (f"{P}/deliveries", Outcome.REFUSED),
        (f"{P}/deliveries/DeliverAndLowerAmount", Outcome.REFUSED),
        (f"{P}/rows/cancelOrderRows", Outcome.REFUSED),
        (f"{P}/deliveries/880020", Outcome.ASK),
        (f"{P}/deliveries/880020/credits", Outcome.ASK),
        (f"{P}/rows/2", Outcome.ASK),
    ],
)
def test_404_is_final_for_the_order_and_asked_for_what_is_in_it(path, outcome):
    assert reply(404, {"Code": 404, "Message": "Not found"}, call(path=path)).outcome is outcome
    assert reply(404, b"<html>", call(path=path)).outcome is Outcome.IN_DOUBT


@pytest.mark.parametrize("status", [401, 403])
def test_401_and_403_moved_nothing_and_are_the_accounts_fault(status):
    refused = reply(status, ERROR)
    assert (refused.outcome, refused.credentials_refused) == (Outcome.NOT_APPLIED, True)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("", 5), ("1", 5), ("40", 40), ("9000", 300), ("Sat, 01 Mar 2025 10:16:30 GMT", 60), ("soon", 5)],
)
def test_429_moved_nothing_and_waits_within_bounds(value, seconds):
    limited = reply(429, retry_after=value, date="Sat, 01 Mar 2025 10:15:30 GMT")
    assert (limited.outcome, limited.retry_after_s) == (Outcome.NOT_APPLIED, seconds)


@pytest.mark.parametrize("status", [206, 301, 302, 303, 307, 402, 405, 408, 409, 415, 422, 500, 502, 503, 504])
def test_i5_everything_else_is_in_doubt(status):
    assert reply(status, ERROR).outcome is Outcome.IN_DOUBT


@pytest.mark.parametrize(
    ("body", "headers", "code", "message"),
    [
        ({"resultCode": 20010, "errorMessage": "Order closed"}, {}, "20010", "Order closed"),
        (b"", {"errormessage": "Order expired"}, "http_400", "Order expired"),
        ({"code": 400, "message": "M", "errors": None}, {}, "http_400", "M"),
        (b"\xef\xbb\xbf" + json.dumps({"Code": 7, "Message": "M"}).encode(), {}, "7", "M"),
        ({"Code": 1, "Message": "M", "Errors": "x"}, {}, "1", "M"),
        (b"<html>", {}, "http_400", None),
    ],
)
def test_errors_are_read_in_every_known_form(body, headers, code, message):
    asked = reply(400, body, **headers)
    assert (asked.code, asked.message) == (code, message)


def test_what_could_name_a_buyer_is_taken_out_of_an_errors_text():
    texts = "Refused for 19460509-2222, tess@example.test, +46 70 000 00 00 at 5000"
    shown = reply(400, {"Code": 1, "Message": texts})
    for private in ("1946", "tess@", "+46", "70 000"):
        assert private not in (shown.message or "") + shown.redacted
    assert "5000" in (shown.message or "")
