"""A Klarna account from its form to its first push: texts among the settings, likely servers, unsigned messages."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask

from providers.kinds import NotOffered
from tests.pages import Desk
from tests.webapp.services.webhooks.hooks import messages
from tests.webapp.views.test_settings_pages import rows
from webapp.domain.permissions import Role
from webapp.formatting.money_words import provider_name, why_not
from webapp.models import ProviderAccount, Shop, WebhookState
from webapp.services import accounts

SignIn = Callable[..., Desk]
NEW = "/accounts/new/klarna"
ORDER = "5d1c7f0a-4b52-4a49-9c0e-2f6f0b6f1a11"
VALUES = {
    "name": "Main",
    "mode": "test",
    "host": "klarna-eu-playground",
    "credential_username": "PK123456_1",
    "credential_password": "klarna-canary-1",
    "text_country": "SE",
    "text_currency": "SEK",
}


def made(desk: Desk, **changed: str):
    return desk.send(desk.get(NEW), NEW, **{**VALUES, **changed})


def test_country_and_currency_are_kept_among_the_settings_and_reach_the_adapter(signed_in: SignIn, shop: Shop) -> None:
    desk = signed_in(Role.ADMIN)
    page = made(desk)
    (account,) = rows(ProviderAccount)
    expected = {"update_part_captured": False, "country": "SE", "currency": "SEK", "new_methods_on": True}
    assert account.settings == expected
    assert "klarna-canary-1" not in page.text + str(account.credentials)
    assert "PK123456_1" not in page.text
    page = desk.send(page, f"/accounts/{account.id}", text_country="NO", text_currency="NOK")
    (account,) = rows(ProviderAccount)
    assert (account.settings["country"], account.settings["currency"]) == ("NO", "NOK")
    opened = accounts.open_adapter(accounts.account_of(account))
    assert opened._settings["country"] == "NO"
    opened.close()


def test_what_is_no_country_currency_or_key_is_refused_beside_its_field(signed_in: SignIn, shop: Shop) -> None:
    desk = signed_in(Role.ADMIN)
    for field, wrong in (("text_country", "Sweden"), ("text_country", ""), ("text_currency", "kr")):
        page = desk.send(desk.get(NEW), NEW, 422, **{**VALUES, field: wrong})
        assert page.errors == ["Enter it in the form that is asked for"]
    page = desk.send(desk.get(NEW), NEW, 422, **{**VALUES, "credential_password": ""})
    assert page.errors == ["Enter the keys that the provider gave you"]
    assert rows(ProviderAccount) == []


def test_keys_that_look_made_for_another_server_are_taken_with_a_warning(signed_in: SignIn, shop: Shop) -> None:
    desk = signed_in(Role.ADMIN)
    assert "look made for another server" not in made(desk).text
    page = made(desk, name="Other", credential_username="PM777")
    assert "look made for another server (kustom-playground)" in page.text
    page = made(desk, name="Emulated", host="emulator", credential_username="PM777")
    assert "look made for another server" not in page.text


def test_r36_every_push_is_stored_and_makes_its_order_be_read(signed_in: SignIn, shop: Shop, quick_app: Flask) -> None:
    page = made(signed_in(Role.ADMIN))
    (account,) = rows(ProviderAccount)
    assert f"/webhooks/klarna/{account.webhook_token}?order_id={{checkout.order.id}}" in page.text
    sender = quick_app.test_client(use_cookies=False)
    address = f"/webhooks/klarna/{account.webhook_token}"
    answers = [sender.post(f"{address}?order_id={ORDER}") for _ in range(2)]
    assert [(answer.status_code, answer.text) for answer in answers] == [(200, "stored\n")] * 2
    assert [(one.payment_ref, one.event, one.state) for one in messages()] == [
        (ORDER, "push", WebhookState.WAITING)
    ] * 2
    assert sender.post(f"{address}?order_id=1%20OR%201=1").status_code == 200
    assert messages()[-1].state is WebhookState.IGNORED


def test_every_reason_and_every_provider_has_its_words(quick_app: Flask) -> None:
    with quick_app.test_request_context():
        assert len({why_not(reason) for reason in NotOffered}) == len(NotOffered)
        assert (provider_name("klarna"), provider_name("digital_river")) == ("Klarna", "Digital River")
