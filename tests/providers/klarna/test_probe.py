"""What an account offers, asked by one session that makes no order (Klarna page, section 8)."""

import json
from uuid import uuid4

import httpx
import pytest

from providers import registry
from providers.errors import OutcomeUnknown, RequestRefused
from providers.klarna.adapter import KlarnaProvider
from tests.providers.klarna.desk import ORDER, adapter, klarna_account


def test_r30_methods_are_what_one_session_offers_and_no_order_is_made(desk):
    offers = desk.klarna.fetch_methods()
    assert [(one.slug, one.currency, one.names) for one in offers] == [
        ("pay_later", "SEK", {"en": "Pay in 30 days"}),
        ("pay_now", "SEK", {"en": "Pay now"}),
        ("pay_over_time", "SEK", {"en": "Pay over time"}),
    ]
    klarna_account(desk.emulator, methods=[{"identifier": "KLARNA"}, {"identifier": "klarna", "name": "twice"}])
    assert [(one.slug, one.names) for one in desk.klarna.fetch_methods()] == [("klarna", {"en": ""})]
    assert desk.emulator.ledger()["effects"] == []


def test_r30_a_country_that_the_account_does_not_sell_in_is_a_refusal_and_no_empty_list(desk):
    klarna_account(desk.emulator, switches={"countries": ["DE"]})
    with pytest.raises(RequestRefused) as refusal:
        desk.klarna.fetch_methods()
    assert refusal.value.code == "BAD_VALUE"
    without = adapter(desk.emulator.url_of("klarna"), settings={"country": "SE"})
    with pytest.raises(RequestRefused, match="country and currency"):
        without.fetch_methods()
    without.close()


@pytest.mark.parametrize("fault", ["error_before", "html_body", "hang_up", "rate_limited"])
def test_a_probe_that_fails_is_no_list(desk, fault):
    desk.emulator.fault(fault, "session_create", nth=1)
    with pytest.raises(OutcomeUnknown):
        desk.klarna.fetch_methods()


def test_every_write_carries_its_key_and_the_probe_none(emulator):
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"session_id": "1", "payment_method_categories": None})

    keys, settings = {"username": "PK1", "password": "x"}, {"country": "SE", "currency": "SEK"}
    transport = httpx.MockTransport(answer)
    made = registry.build("klarna", "klarna-eu-playground", keys, transport=transport, settings=settings)
    assert isinstance(made, KlarnaProvider)
    assert made.fetch_methods() == []
    key = str(uuid4())
    made.extend_hold(ORDER, key)
    made.set_references(ORDER, key, "SO-1")
    probe, *writes = seen
    assert "klarna-idempotency-key" not in probe.headers
    assert json.loads(probe.content)["order_amount"] == 10000
    assert [(one.method, one.headers["klarna-idempotency-key"]) for one in writes] == [("POST", key), ("PATCH", key)]
    assert [one.headers.get("content-type") for one in writes] == [None, "application/json"]
