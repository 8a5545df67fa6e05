"""The address where providers' messages come in, over HTTP, and the page that lists them."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

from tests import factories
from tests.desk import Desk
from tests.webapp.services.webhooks.hooks import SECRET, body, give_secret, headers, messages
from tests.webapp.visitor import Visitor
from webapp.domain.permissions import Role
from webapp.models import ProviderAccount, WebhookState
from webapp.services.webhooks import processing
from webapp.views import webhooks

W = WebhookState


@pytest.fixture
def sender(desk_app: Flask, desk: Desk) -> FlaskClient:
    """A provider: no cookie, no token."""
    give_secret(desk)
    return desk_app.test_client(use_cookies=False)


def address(desk: Desk) -> str:
    return f"/webhooks/komoju/{desk.account().webhook_token}"


def test_a_message_is_stored_and_answered_without_cookie_or_token(desk: Desk, sender: FlaskClient) -> None:
    raw = body(desk, desk.payment(3300))
    answers = [sender.post(address(desk), data=raw, headers=headers(raw)) for _ in range(2)]
    assert [(answer.status_code, answer.text) for answer in answers] == [(200, "stored\n"), (200, "here already\n")]
    assert "Set-Cookie" not in answers[0].headers
    assert len(messages()) == 1


def test_a_wrong_signature_is_refused_R34(desk: Desk, sender: FlaskClient) -> None:
    raw = body(desk, None, "ping")
    assert sender.post(address(desk), data=raw, headers=headers(raw, "guessed")).status_code == 401


@pytest.mark.parametrize("path", ["/webhooks/komoju/wrong", "/webhooks/klarna/wrong"])
def test_a_wrong_address_says_nothing_more(desk: Desk, sender: FlaskClient, path: str) -> None:
    raw = body(desk, None, "ping")
    assert sender.post(path, data=raw, headers=headers(raw)).status_code == 404
    assert messages() == []


def replace_secret(desk: Desk, admin: Visitor, secret: str) -> None:
    page = admin.get(f"/accounts/{desk.account_id}")
    answer = admin.submit(page, f"/accounts/{desk.account_id}", credential_webhook_secret=secret)
    assert answer.status == 200


def test_a_secret_that_is_replaced_on_the_page_stays_good_for_a_while_R34(
    desk: Desk, sender: FlaskClient, visitor_as: Callable[..., Visitor]
) -> None:
    replace_secret(desk, visitor_as(Role.ADMIN), "whsec-of-the-new-kind")
    raw = body(desk, None, "ping")
    for secret, status in ((SECRET, 200), ("whsec-of-the-new-kind", 200), ("guessed", 401)):
        assert sender.post(address(desk), data=raw, headers=headers(raw, secret)).status_code == status
    desk.later(days=4)
    raw = body(desk, None, "ping")
    assert sender.post(address(desk), data=raw, headers=headers(raw)).status_code == 401


def test_a_secret_that_no_key_opens_any_more_can_be_replaced(
    desk: Desk, sender: FlaskClient, visitor_as: Callable[..., Visitor]
) -> None:
    account = desk.account()
    broken = {**account.credentials, "webhook_secret": "gAAAAA-of-a-key-that-is-gone"}
    desk.change(ProviderAccount, account.id, credentials=broken)
    replace_secret(desk, visitor_as(Role.ADMIN), "whsec-of-the-new-kind")
    raw = body(desk, None, "ping")
    assert sender.post(address(desk), data=raw, headers=headers(raw, "whsec-of-the-new-kind")).status_code == 200


def test_only_json_of_256_kib_is_read_R34(desk: Desk, sender: FlaskClient) -> None:
    large = b"x" * (webhooks.LARGEST + 1)
    assert sender.post(address(desk), data=large, headers=headers(large)).status_code == 413
    form = headers(b"{}") | {"Content-Type": "text/plain"}
    assert sender.post(address(desk), data=b"{}", headers=form).status_code == 415
    undeclared = {name: value for name, value in headers(b"{}").items() if name != "Content-Type"}
    assert sender.post(address(desk), data=b"{}", headers=undeclared).status_code == 415
    assert sender.post(address(desk), data=b"", headers=undeclared).status_code == 401  # no type needed for nothing
    just = b"x" * webhooks.LARGEST
    assert sender.post(address(desk), data=just, headers=headers(just)).status_code == 200


def test_a_body_that_takes_too_long_is_left_R34(
    desk: Desk, sender: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "READ_IN_S", -1.0)
    raw = body(desk, None, "ping")
    assert sender.post(address(desk), data=raw, headers=headers(raw)).status_code == 413
    assert messages() == []


def test_what_was_not_stored_is_asked_for_again_R36(
    desk: Desk, sender: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_delivery: object) -> None:
        raise OperationalError("insert", {}, Exception("disk is full"))

    raw = body(desk, None, "ping")
    monkeypatch.setattr(webhooks, "receive", full)
    answer = sender.post(address(desk), data=raw, headers=headers(raw))
    assert (answer.status_code, "disk" in answer.text) == (503, False)


def test_the_page_lists_what_came_and_has_it_read_again(
    desk: Desk, sender: FlaskClient, visitor_as: Callable[..., Visitor]
) -> None:
    payment = desk.payment(3300)
    raw = body(desk, payment)
    sender.post(address(desk), data=raw, headers=headers(raw))
    sender.post(address(desk), data=raw, headers=headers(raw, "guessed"))
    desk.later(seconds=11)
    processing.run_due()
    admin = visitor_as(Role.ADMIN, name="Ada")
    page = admin.get("/webhooks")
    assert "The payment was read. Nothing was new." in page.words
    assert "The signature does not fit the account's webhook secret. Nothing was done." in page.words
    assert "payment.refunded" in page.words
    again = admin.submit(page, "/again")
    assert "The payment is being read once more." in again.words
    assert {message.state for message in messages()} == {W.WAITING, W.REFUSED}
    refused = admin.get("/webhooks?state=refused")
    assert "payment.refunded" not in refused.words


def test_pages_follow_each_other_and_wrong_addresses_show_the_first(
    desk: Desk, sender: FlaskClient, visitor_as: Callable[..., Visitor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks.keeping, "PAGE", 2)
    for number in range(3):
        raw = body(desk, None, f"event.{number}")
        sender.post(address(desk), data=raw, headers=headers(raw))
    admin = visitor_as(Role.ADMIN)
    first = admin.get("/webhooks")
    assert ("event.2" in first.words, "event.0" in first.words) == (True, False)
    older = re.search(r'rel="next" href="([^"]+)"', first.text)
    assert older is not None
    second = admin.get(html.unescape(older.group(1)))
    assert ("event.2" in second.words, "event.0" in second.words) == (False, True)
    assert "event.2" in admin.get("/webhooks?at=x&id=y&state=z").words


def test_messages_of_another_mode_or_without_the_right_are_not_shown(
    desk: Desk, sender: FlaskClient, visitor_as: Callable[..., Visitor]
) -> None:
    raw = body(desk, None, "ping")
    sender.post(address(desk), data=raw, headers=headers(raw))
    assert visitor_as(Role.SUPPORT, name="Sue").get("/webhooks").status == 403
    admin = visitor_as(Role.ADMIN)
    assert "ping" in admin.get("/webhooks").words
    live = Visitor(admin.client.application, factories.user(desk.shop_id, Role.ADMIN, name="Lia").id, mode="live")
    assert "No messages" in live.get("/webhooks").words
