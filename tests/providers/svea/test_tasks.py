"""Tasks and credits that end later (sections 4 and 8)."""

import json

import httpx
import pytest

from providers.errors import CredentialsRefused, OutcomeUnknown, PaymentNotFound
from providers.kinds import RequestState
from providers.svea import tasks
from providers.svea.account import STAGE
from tests.providers.svea import samples
from tests.providers.svea.rigs import offline, online

PATH = "/api/v1/queue/91"


def fetched(status, body=b"", pending_id=PATH, **headers):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    provider, network = online(lambda _: httpx.Response(status, headers=headers, content=raw))
    state = provider.fetch_task(pending_id)
    assert len(network.requests) == 1
    return state


@pytest.mark.parametrize(
    ("status", "body", "state"),
    [
        (200, {"Id": 91, "Status": "InProgress"}, RequestState.PENDING),
        (200, {"id": 91, "status": "inprogress"}, RequestState.PENDING),
        (200, {"Id": 91, "Status": "Completed"}, RequestState.COMPLETED),
        (200, {"Id": 91, "ResourceUri": "/api/v1/orders/4410021"}, RequestState.COMPLETED),
        (303, b"", RequestState.COMPLETED),
        (302, b"", RequestState.COMPLETED),
        (200, {"Id": 91, "Status": "Failed"}, RequestState.REJECTED),
        (200, {"Id": 91}, RequestState.REJECTED),
    ],
)
def test_a_task_stands_as_its_answer_says(status, body, state):
    assert fetched(status, body) is state


def test_a_finished_task_is_not_followed_to_where_it_points():
    assert fetched(303, location="https://evil.example.test/") is RequestState.COMPLETED


def test_a_task_is_asked_for_with_a_signature_of_its_own():
    provider, network = online(lambda _: httpx.Response(303))
    provider.fetch_task(PATH)
    (request,) = network.requests
    assert str(request.url) == STAGE + PATH
    assert request.headers["authorization"].startswith("Svea ")


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (404, b"", PaymentNotFound),
        (401, b"", CredentialsRefused),
        (500, b"", OutcomeUnknown),
        (200, b"<html>", OutcomeUnknown),
        (200, b"[]", OutcomeUnknown),
    ],
)
def test_what_tells_nothing_of_a_task_is_an_error(status, body, error):
    with pytest.raises(error):
        fetched(status, body)


@pytest.mark.parametrize(
    "pending_id", ["https://evil.example.test/", "/api/v1/queue/91?x=1", "../x", "", "credited/1/2"]
)
def test_what_is_no_task_is_never_asked_for(pending_id):
    with pytest.raises(PaymentNotFound):
        offline().fetch_task(pending_id)


@pytest.mark.parametrize(
    ("credited", "actions", "state"),
    [
        (15000, [], RequestState.COMPLETED),
        (79900, ["CanCreditAmount"], RequestState.COMPLETED),
        (10000, [], RequestState.PENDING),
        (10000, ["CanCreditAmount"], RequestState.REJECTED),
    ],
)
def test_a_credit_by_amount_stands_as_its_delivery_does(credited, actions, state):
    body = samples.paid_at_once("DirectBank", "Trustly", credit=actions)
    body["Deliveries"][0]["CreditedAmount"] = credited
    assert fetched(200, body, "credited/4410021/880030/15000") is state


def test_a_credit_on_a_delivery_that_is_not_shown_goes_on():
    assert fetched(200, samples.order(), "credited/4410021/880030/15000") is RequestState.PENDING


@pytest.mark.parametrize(
    ("location", "path"),
    [
        (f"{STAGE}{PATH}", PATH),
        (f"{STAGE.upper().replace('HTTPS', 'https')}{PATH}", PATH),
        (PATH, PATH),
        (f"{STAGE}", None),
        ("http://[", None),
        (f"https://user@paymentadminapistage.svea.com{PATH}", None),
    ],
)
def test_a_location_is_taken_below_the_accounts_own_address_only(location, path):
    assert tasks.path_of(STAGE, location) == path


def test_a_location_below_a_base_with_a_path_loses_that_path():
    base = "http://127.0.0.1:5005/svea/pa"
    assert tasks.path_of(base, f"{base}{PATH}") == PATH
    assert tasks.path_of(base, f"http://127.0.0.1:5005{PATH}") is None
