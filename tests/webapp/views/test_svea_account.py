"""A Svea account from its form to its first event: its currency among the settings, events signed or not."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable

from flask import Flask

from tests.pages import Desk
from tests.webapp.services.webhooks.hooks import messages
from tests.webapp.views.test_settings_pages import rows
from webapp.domain.permissions import Role
from webapp.models import ProviderAccount, Shop, WebhookState
from webapp.services import accounts

SignIn = Callable[..., Desk]
NEW = "/accounts/new/svea"
VALUES = {
    "name": "Main",
    "mode": "test",
    "host": "svea-stage",
    "credential_merchant_id": "998877",
    "credential_shared_secret": "svea-canary-1",
    "text_currency": "SEK",
}
EVENT = {
    "EventName": "CheckoutOrder.CreditFailed",
    "CheckoutOrderId": 4410021,
    "CreditId": 771204,
    "TimestampUtc": "2025-03-05T09:49:22.0005285Z",
}


def made(desk: Desk, **changed: str):
    return desk.send(desk.get(NEW), NEW, **{**VALUES, **changed})


def test_the_form_keeps_the_secret_to_itself_and_the_currency_reaches_the_adapter(
    signed_in: SignIn, shop: Shop
) -> None:
    page = made(signed_in(Role.ADMIN))
    (account,) = rows(ProviderAccount)
    assert account.settings["currency"] == "SEK"
    assert "svea-canary-1" not in page.text + str(account.credentials)
    opened = accounts.open_adapter(accounts.account_of(account))
    assert opened._currency == "SEK"
    opened.close()


def test_a_currency_or_a_header_that_cannot_be_is_refused_beside_its_field(signed_in: SignIn, shop: Shop) -> None:
    desk = signed_in(Role.ADMIN)
    wrong = [("text_currency", "JPY"), ("text_currency", ""), ("text_event_signature_algorithm", "md5")]
    for field, value in [*wrong, ("text_event_signature_header", "a b")]:
        page = desk.send(desk.get(NEW), NEW, 422, **{**VALUES, field: value})
        assert page.errors == ["Enter it in the form that is asked for"]
    assert rows(ProviderAccount) == []


def test_r36_an_unsigned_event_is_stored_once_and_makes_its_order_be_read(
    signed_in: SignIn, shop: Shop, quick_app: Flask
) -> None:
    made(signed_in(Role.ADMIN))
    (account,) = rows(ProviderAccount)
    sender, address = quick_app.test_client(use_cookies=False), f"/webhooks/svea/{account.webhook_token}"
    answers = [sender.post(address, json=EVENT) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    (message,) = messages()
    assert (message.payment_ref, message.event, message.state) == ("4410021", EVENT["EventName"], WebhookState.WAITING)
    assert sender.post(address, json={"EventName": "Ping", "TimestampUtc": "t"}).status_code == 200
    assert messages()[-1].state is WebhookState.IGNORED


def test_r34_where_the_account_names_a_header_an_event_has_to_be_signed(
    signed_in: SignIn, shop: Shop, quick_app: Flask
) -> None:
    signed = {"text_event_signature_header": "Svea-Signature", "credential_webhook_secret": "s3"}
    made(signed_in(Role.ADMIN), **signed)
    (account,) = rows(ProviderAccount)
    sender, address = quick_app.test_client(use_cookies=False), f"/webhooks/svea/{account.webhook_token}"
    raw = json.dumps(EVENT).encode()
    header = {"Svea-Signature": hmac.new(b"s3", raw, hashlib.sha256).hexdigest()}
    kind = {"content_type": "application/json"}
    assert sender.post(address, data=raw, **kind).status_code != 200
    assert sender.post(address, data=raw + b" ", headers=header, **kind).status_code != 200
    assert sender.post(address, data=raw, headers=header, **kind).status_code == 200
