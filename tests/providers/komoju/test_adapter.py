"""The adapter's calls on the wire, and over HTTP against the emulator (KOMOJU page, sections 1, 2, 8 to 10, 16)."""

import json
import socket
from datetime import UTC, datetime, timedelta

import pytest

from providers import registry
from providers.errors import CredentialsRefused, OutcomeUnknown, PaymentNotFound, ProviderUnavailable, RequestRefused
from providers.kinds import OperationKind, Outcome, ProviderState
from providers.komoju.lists import PaymentQuery
from providers.komoju.sessions import SessionLine, SessionRequest
from providers.money import Money
from tests.emulator import SECRET_KEY
from tests.providers.komoju import samples
from tests.providers.komoju.samples import AUTHORIZATION, CARD, E_COMPLETED, E_CREATED, KEY, Wire, facts, wish

SESSION = SessionRequest(
    key=KEY,
    money=Money(3300, "JPY"),
    return_url="https://ops.example.test/komoju/return/lnk_9",
    order_number="ORD-1004",
    capture_by_hand=True,
    payment_types=["credit_card", "paypay"],
    lines=[SessionLine("Kettle", 3300)],
    metadata={"op": "op_56"},
)


@pytest.fixture
def komoju(emulator):
    emulator.account()
    base = emulator.komoju_url
    built = registry.build("komoju", "emulator", {"secret_key": SECRET_KEY}, emulator_base=base)
    yield built
    built.close()


def test_every_call_carries_basic_auth_and_the_version_and_a_write_its_key():
    wire = Wire(200, samples.B)
    made = samples.provider(wire)
    call = made.prepare(wish(OperationKind.REFUND, 700, facts()))
    assert made.send(call).outcome is Outcome.DONE
    request = wire.request
    assert str(request.url) == f"https://komoju.com/api/v1/payments/{CARD}/refund"
    assert request.headers["authorization"] == AUTHORIZATION
    assert request.headers["x-komoju-api-version"] == "2025-01-28"
    assert request.headers["x-komoju-idempotency"] == KEY
    assert request.headers["content-type"] == "application/json"
    assert request.content == b'{"amount":700,"description":"op_52 mug broken"}' == call.body


def test_a_read_carries_no_key_and_a_cancel_no_body():
    wire = Wire(200, samples.A)
    samples.provider(wire).fetch_payment(CARD)
    assert wire.request.headers["x-komoju-api-version"] == "2025-01-28"
    assert "x-komoju-idempotency" not in wire.request.headers
    wire = Wire(200, samples.D)
    samples.provider(wire).send(samples.call(OperationKind.CANCEL, body=None))
    assert wire.request.content == b""
    assert "content-type" not in wire.request.headers


def test_what_is_shown_of_a_call_is_redacted():
    made = samples.provider(Wire(500))
    assert "mug" not in made.redact(made.prepare(wish(OperationKind.REFUND, 700, facts())))


@pytest.mark.parametrize("ref", ["", "short", CARD.upper(), CARD + "1", f"../{CARD}", CARD[:-1] + "?"])
def test_an_id_of_another_form_is_never_sent(ref):
    wire = Wire(200, samples.A)
    made = samples.provider(wire)
    for read in (made.fetch_payment, made.fetch_session, made.fetch_event):
        with pytest.raises(PaymentNotFound):
            read(ref)
    assert wire.requests == []


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (401, None, CredentialsRefused),
        (403, {"error": {"code": "forbidden"}}, CredentialsRefused),
        (404, {"error": {"code": "not_found"}}, PaymentNotFound),
        (404, b"<html>", OutcomeUnknown),
        (400, {"error": {"code": "bad_request"}}, OutcomeUnknown),
        (302, None, OutcomeUnknown),
        (429, None, OutcomeUnknown),
        (503, b"<html>", OutcomeUnknown),
        (200, b"<html>", OutcomeUnknown),
        (204, None, OutcomeUnknown),
        (200, {**samples.A, "id": "z" * 25}, OutcomeUnknown),
    ],
)
def test_a_read_that_fails_has_its_error(status, body, error):
    with pytest.raises(error):
        samples.provider(Wire(status, body)).fetch_payment(CARD)


def test_a_read_takes_the_earlier_authorised_sum():
    assert samples.provider(Wire(200, samples.A)).fetch_payment(CARD, 3300).cancelled == Money(1100, "JPY")


def test_example_e_a_page_is_created_to_the_byte():
    wire = Wire(200, E_CREATED)
    page = samples.provider(wire).create_session(SESSION)
    asked = {
        "mode": "payment",
        "amount": 3300,
        "currency": "JPY",
        "return_url": "https://ops.example.test/komoju/return/lnk_9",
        "default_locale": "ja",
        "payment_types": ["credit_card", "paypay"],
        "expires_in_seconds": 86400,
        "metadata": {"op": "op_56"},
        "line_items": [{"description": "Kettle", "amount": 3300, "quantity": 1}],
        "payment_data": {"external_order_num": "ORD-1004", "capture": "manual"},
    }
    assert json.loads(wire.request.content) == asked
    assert wire.request.headers["x-komoju-idempotency"] == KEY
    assert (page.status, page.expired, page.payment, page.money) == ("pending", False, None, Money(3300, "JPY"))
    assert page.url == "https://komoju.com/sessions/0a3s6d9f2g5h8j1k4l7z0x3c6"


def test_example_e_a_completed_page_is_not_a_paid_one():
    page = samples.provider(Wire(200, E_COMPLETED)).fetch_session(E_COMPLETED["id"])
    assert (page.status, page.completed_at) == ("completed", datetime(2026, 1, 19, 0, 7, 10, tzinfo=UTC))
    assert page.payment is not None
    assert page.payment.state is ProviderState.AUTHORISED
    assert page.payment.captured == Money(0, "JPY")


@pytest.mark.parametrize("wrong", [{"status": "expired"}, {"session_url": None}, {"amount": -1}, {"id": 5}])
def test_a_page_of_another_shape_is_unknown(wrong):
    with pytest.raises(OutcomeUnknown):
        samples.provider(Wire(200, {**E_CREATED, **wrong})).create_session(SESSION)


def test_a_refused_page_says_why_and_a_failed_one_is_unknown():
    refused = {"error": {"code": "invalid_currency", "message": "No.", "param": "currency"}}
    with pytest.raises(RequestRefused, match=r"invalid_currency: No\."):
        samples.provider(Wire(422, refused)).create_session(SESSION)
    for status, error in ((500, OutcomeUnknown), (409, OutcomeUnknown), (401, CredentialsRefused)):
        with pytest.raises(error):
            samples.provider(Wire(status)).create_session(SESSION)
    missing = {"error": {"code": "not_found"}}
    with pytest.raises(PaymentNotFound):
        samples.provider(Wire(404, missing)).cancel_session("0" * 25, KEY)


@pytest.mark.parametrize("seconds", [0, 86401])
def test_a_page_lives_for_a_day_at_most(seconds):
    with pytest.raises(ValueError, match="24 hours"):
        SessionRequest(KEY, Money(1, "JPY"), "https://a.test", "1", expires_in_s=seconds)


def test_example_f_a_lost_page_is_looked_for_by_order_number():
    wire = Wire(200, samples.F)
    page = samples.provider(wire).list_payments(PaymentQuery(order_number="ORD-1004"))
    assert str(wire.request.url).endswith("/payments?external_order_num=ORD-1004&per_page=50&page=1")
    assert (page.rows, page.next_page, page.total) == ([], None, 0)
    empty = samples.provider(Wire(200, {**samples.F, "last_page": 0}))
    assert empty.list_payments(PaymentQuery()).next_page is None


@pytest.mark.parametrize("wrong", [[], {"data": None}, {**samples.F, "page": "1"}, {**samples.F, "data": [5]}])
def test_a_list_of_another_shape_is_unknown(wrong):
    with pytest.raises(OutcomeUnknown):
        samples.provider(Wire(200, wrong)).list_payments(PaymentQuery())


def test_a_list_is_filtered_and_paged_over_http(emulator, komoju):
    refs = [emulator.payment(100 + n, order_number=f"ORD-{n}") for n in range(60)]
    first = komoju.list_payments(PaymentQuery(statuses=["captured", "refunded"], currency="JPY"))
    assert (len(first.rows), first.next_page, first.total) == (50, 2, 60)
    second = komoju.list_payments(PaymentQuery(), page=2)
    assert (len(second.rows), second.next_page) == (10, None)
    assert {row.provider_ref for row in [*first.rows, *second.rows]} == set(refs)
    (found,) = komoju.list_payments(PaymentQuery(order_number="ORD-7")).rows
    assert found.captured == Money(107, "JPY")
    now = datetime.now(UTC)
    assert komoju.list_payments(PaymentQuery(created_after=now + timedelta(days=1))).total == 0
    assert komoju.list_payments(PaymentQuery(created_before=now + timedelta(days=1))).total == 60


def test_methods_are_read_with_the_same_slug_in_two_currencies(komoju):
    offers = komoju.fetch_methods()
    assert {offer.currency for offer in offers if offer.slug == "credit_card"} == {"JPY", "USD"}
    assert {"en", "ja", "ko"} == offers[0].names.keys()


def test_a_page_is_opened_replayed_read_and_cancelled_over_http(komoju):
    page = komoju.create_session(SESSION)
    assert komoju.create_session(SESSION) == page
    assert komoju.fetch_session(page.ref) == page
    cancelled = komoju.cancel_session(page.ref, "another-key")
    assert cancelled.status == "cancelled"
    assert cancelled.cancelled_at is not None
    with pytest.raises(RequestRefused):
        komoju.cancel_session(page.ref, "a-third-key")


def test_the_webhook_and_the_event_list_name_the_same_event(emulator):
    emulator.account(webhook_url="http://127.0.0.1:9/webhook", webhook_secret="hook", switches={"deliver": False})
    base = emulator.komoju_url
    made = registry.build("komoju", "emulator", {"secret_key": SECRET_KEY}, emulator_base=base)
    ref = emulator.payment(3300)
    sent = emulator.webhooks()[-1]
    given = {name: str(value) for name, value in sent["headers"].items()}
    read = made.read_notification(given, sent["body"].encode(), ["old", "hook"], {})
    assert (read.payment_ref, read.event) == (ref, "payment.captured")
    events = made.list_events(before=datetime.now(UTC) + timedelta(days=1))
    (same,) = [event for event in events.rows if event.event_id == read.event_id]
    assert (same.payment_ref, same.event, same.delivery_id) == (ref, read.event, None)
    assert made.fetch_event(read.event_id) == same
    made.close()


@pytest.mark.parametrize("status", [400, 402, 403, 404, 422])
def test_i6_a_conflict_is_asked_about_whatever_status_carries_it(emulator, status):
    emulator.account(switches={"conflict_status": status})
    base = emulator.komoju_url
    made = registry.build("komoju", "emulator", {"secret_key": SECRET_KEY}, emulator_base=base)
    ref = emulator.payment(3300, state="refunded")
    stale = wish(OperationKind.REFUND, 700, facts(), payment_ref=ref)
    assert made.send(made.prepare(stale)).outcome is Outcome.ASK
    made.close()


@pytest.mark.parametrize(("shows", "outcome"), [("captured", Outcome.DONE), ("authorised", Outcome.IN_DOUBT)])
def test_a_part_capture_is_done_only_where_the_answer_shows_it(emulator, shows, outcome):
    emulator.account(switches={"partial_capture_shows": shows})
    base = emulator.komoju_url
    made = registry.build("komoju", "emulator", {"secret_key": SECRET_KEY}, emulator_base=base)
    ref = emulator.payment(3000, tax=300, capture="manual")
    payment = facts(provider_state=ProviderState.AUTHORISED, captured_minor=0, authorised_minor=3300, kept={"tax": 300})
    call = made.prepare(wish(OperationKind.CAPTURE, 2200, payment, payment_ref=ref))
    assert made.send(call).outcome is outcome
    assert [one["amount_minor"] for one in emulator.effects(ref, "capture")] == [2200]
    made.close()


def test_r5_a_refund_that_komoju_took_as_before_tax_is_in_doubt_with_both_numbers(emulator):
    emulator.account(switches={"refund_before_tax": True})
    base = emulator.komoju_url
    made = registry.build("komoju", "emulator", {"secret_key": SECRET_KEY}, emulator_base=base)
    ref = emulator.payment(3000, tax=300)
    payment = facts(authorised_minor=3300, captured_minor=3300, kept={"tax": 300})
    settings = {"partial_refund_with_tax": True}
    call = made.prepare(wish(OperationKind.REFUND, 1000, payment, payment_ref=ref, settings=settings))
    reply = made.send(call)
    assert (reply.outcome, reply.money) == (Outcome.IN_DOUBT, Money(1100, "JPY"))
    assert "asked for 1000, shown 1100" in (reply.message or "")
    made.close()


def test_r9_the_last_check_stops_a_write_and_not_a_read(emulator):
    emulator.account()

    def too_late():
        raise ProviderUnavailable("over 5 s since the commit")

    base = emulator.komoju_url
    keys = {"secret_key": SECRET_KEY}
    made = registry.build("komoju", "emulator", keys, emulator_base=base, before_send=too_late)
    ref = emulator.payment(2200)
    assert made.fetch_payment(ref).captured == Money(2200, "JPY")
    with pytest.raises(ProviderUnavailable, match="over 5 s"):
        made.send(made.prepare(wish(OperationKind.REFUND, 700, facts(), payment_ref=ref)))
    assert emulator.effects(ref, "refund") == []
    made.close()


def test_the_key_is_in_no_text_of_an_adapter_or_its_errors():
    with socket.create_server(("127.0.0.1", 0)) as free:
        base = f"http://127.0.0.1:{free.getsockname()[1]}/komoju"
    made = registry.build("komoju", "emulator", {"secret_key": "sk_canary"}, emulator_base=base)
    with pytest.raises(ProviderUnavailable) as failure:
        made.fetch_payment(CARD)
    assert "canary" not in f"{made!r} {vars(made)!r} {failure.value!r}"
    made.close()
