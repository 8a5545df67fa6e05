"""The adapter over a network that is a function: signed calls, reads, subscriptions, methods."""

import json
from dataclasses import replace

import httpx
import pytest

from providers.errors import CredentialsRefused, OutcomeUnknown, PaymentNotFound, RequestRefused
from providers.infos import WrongCredentials
from providers.kinds import OperationKind, Outcome
from providers.money import Money
from providers.port import MoneyRequest
from providers.registry import build
from providers.svea.account import EMULATOR_PATH, INFO, LIVE, STAGE, checkout_base
from providers.svea.signing import authorization
from providers.svea.subscriptions import EVENTS, PATH, SubscriptionRequest
from tests.providers.svea import samples
from tests.providers.svea.rigs import CREDENTIALS, online

REF = "6c7a2f0e-9a1b-4c53-b1a5-0a4f1f2f3a4b"


def answering(status=200, body=b"", **headers):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return online(lambda _: httpx.Response(status, headers=headers, content=raw))


def is_signed(request):
    time = request.headers["timestamp"]
    return request.headers["authorization"] == authorization(*CREDENTIALS.values(), request.content, time)


def capture():
    return MoneyRequest(
        OperationKind.CAPTURE,
        "op",
        "k",
        samples.ORDER_REF,
        Money(79900, "SEK"),
        True,
        "",
        samples.facts(samples.open_invoice()),
    )


def test_a_call_is_signed_over_the_bytes_that_go_out_and_anew_each_time():
    provider, network = answering(202, location=f"{STAGE}/api/v1/queue/91")
    call = provider.prepare(capture())
    replies = [provider.send(call), provider.send(call)]
    assert {reply.outcome for reply in replies} == {Outcome.ACCEPTED}
    assert all(is_signed(request) and request.content == call.body for request in network.requests)
    assert network.requests[0].headers["content-type"] == "application/json"
    assert "svea" not in call.to_bytes().decode().lower()
    assert provider.redact(call).startswith("POST /api/v1/orders/4410021/deliveries")


def test_r9_the_last_check_runs_before_a_write_and_not_before_a_read():
    checks = []
    provider, _ = answering(200, samples.open_invoice())
    provider._before_send = lambda: checks.append(1)
    provider.fetch_payment(samples.ORDER_REF)
    assert checks == []


def test_an_order_is_read_with_a_signature_and_without_a_body():
    provider, network = answering(200, samples.part_delivered())
    assert provider.fetch_payment(samples.ORDER_REF).captured == Money(50000, "SEK")
    (request,) = network.requests
    assert (request.method, str(request.url), request.content) == ("GET", f"{STAGE}/api/v1/orders/4410021", b"")
    assert is_signed(request)


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (404, {"Code": 404, "Message": "Not found"}, PaymentNotFound),
        (404, b"<html>", OutcomeUnknown),
        (401, b"", CredentialsRefused),
        (403, b"", CredentialsRefused),
        (500, b"", OutcomeUnknown),
        (204, b"", OutcomeUnknown),
        (200, b"<html>", OutcomeUnknown),
        (200, {**samples.order(), "Id": 7}, OutcomeUnknown),
        (200, {"Id": 4410021}, OutcomeUnknown),
    ],
)
def test_a_read_that_tells_nothing_is_an_error(status, body, error):
    with pytest.raises(error):
        answering(status, body)[0].fetch_payment(samples.ORDER_REF)


@pytest.mark.parametrize("ref", ["", "abc", "1/2", "12?x=1"])
def test_what_is_no_order_id_never_leaves_this_process(ref):
    provider, network = answering()
    with pytest.raises(PaymentNotFound):
        provider.fetch_payment(ref)
    assert network.requests == []


def test_methods_are_the_catalogue_in_the_accounts_currency_with_the_campaigns_found():
    campaigns = [{"CampaignCode": 213060, "Description": "3 months", "InitialFee": 29.5}]
    provider, network = answering(200, campaigns)
    offers = {one.slug: one for one in provider.fetch_methods()}
    assert {"invoice", "card", "swish", "trustly", "account_credit", "zero_sum"} <= offers.keys()
    assert offers["payment_plan"].subtypes == ("PAYMENTPLAN", "213060")
    assert {one.currency for one in offers.values()} == {"SEK"}
    (request,) = network.requests
    address = "https://checkoutapistage.svea.com/api/util/GetAvailablePartPaymentCampaigns?IsCompany=false"
    assert str(request.url) == address
    assert is_signed(request)


def test_companies_have_campaigns_of_their_own_and_none_is_no_error():
    provider, network = answering(200, [])
    assert provider.fetch_campaigns(companies=True) == []
    assert str(network.requests[0].url).endswith("IsCompany=true")
    assert "payment_plan" in {one.slug for one in provider.fetch_methods()}


def test_r30_without_a_currency_there_are_no_methods_to_name():
    provider, _ = online(lambda _: httpx.Response(200, json=[]), currency="")
    assert provider.fetch_methods() == []


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (401, b"", CredentialsRefused),
        (500, b"", OutcomeUnknown),
        (200, b"{}", OutcomeUnknown),
        (200, b"null", OutcomeUnknown),
    ],
)
def test_r30_methods_that_cannot_be_read_are_an_error(status, body, error):
    with pytest.raises(error):
        answering(status, body)[0].fetch_methods()


def test_a_subscription_is_added_listed_replaced_verified_and_ended():
    wanted = SubscriptionRequest("https://desk.example.test/webhooks/svea/t", secret="s3")
    provider, network = answering(200, {"SubscriptionId": REF})
    assert provider.add_subscription(wanted) == REF
    provider.put_subscription(REF, replace(wanted, secret=""))
    provider.verify_subscription(REF)
    provider.delete_subscription(REF)
    asked = [(request.method, request.url.path) for request in network.requests]
    one = f"{PATH}/{REF}"
    assert asked == [("POST", PATH), ("PUT", one), ("POST", f"{one}/verify"), ("DELETE", one)]
    bodies = [json.loads(request.content or b"{}") for request in network.requests]
    usual = {"CallbackUri": wanted.callback_uri, "Events": list(EVENTS)}
    assert bodies == [{**usual, "Secret": "s3"}, usual, {}, {}]
    assert all(is_signed(request) for request in network.requests)


@pytest.mark.parametrize("wrap", [lambda rows: rows, lambda rows: {"Subscriptions": rows}])
def test_subscriptions_are_read_bare_and_wrapped(wrap):
    rows = [{"SubscriptionId": REF, "CallbackUri": "https://x.test/", "Events": ["Ping"], "Verified": True}]
    provider, network = answering(200, wrap(rows))
    (found,) = provider.list_subscriptions()
    assert (found.ref, found.is_verified, list(found.events)) == (REF, True, ["Ping"])
    assert network.requests[0].url.path == f"{PATH}/"


def test_subscriptions_that_cannot_be_read_are_an_error():
    with pytest.raises(OutcomeUnknown):
        answering(200, b"null")[0].list_subscriptions()


@pytest.mark.parametrize(("status", "error"), [(400, RequestRefused), (403, CredentialsRefused), (502, OutcomeUnknown)])
def test_a_subscription_that_is_refused_says_how(status, error):
    with pytest.raises(error):
        answering(status, {"Code": 9, "Message": "No"})[0].verify_subscription(REF)


def test_an_id_of_a_subscription_cannot_lead_elsewhere():
    provider, network = answering()
    with pytest.raises(ValueError, match="subscription"):
        provider.delete_subscription("../orders/1")
    assert network.requests == []


def test_the_checkout_stands_beside_each_payment_admin():
    assert checkout_base(LIVE) == "https://checkoutapi.svea.com"
    assert checkout_base(STAGE) == "https://checkoutapistage.svea.com"
    assert checkout_base(f"http://127.0.0.1:5005/svea{EMULATOR_PATH}") == "http://127.0.0.1:5005/svea/checkout"


def test_the_registry_builds_it_and_names_a_credential_that_cannot_be_sent():
    assert build("svea", "svea-stage", CREDENTIALS).capabilities is not None
    with pytest.raises(WrongCredentials) as refusal:
        build("svea", "svea", {**CREDENTIALS, "merchant_id": "99:88"})
    assert "99:88" not in str(refusal.value)
    assert [one.name for one in INFO.credentials if one.secret] == ["shared_secret", "webhook_secret"]
