"""The bank's messages: one for each effect, signed over the raw bytes, and read only with the right secret."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from random import Random

import pytest

from providers.emulator.clock import Clock
from providers.emulator.records import Cause, Payment
from providers.emulator.webhooks import Delivery
from providers.errors import SignatureWrong
from providers.sandbox.adapter import SandboxProvider
from providers.sandbox.bank import Bank
from providers.sandbox.capabilities import SandboxCapabilities
from providers.sandbox.notices import SIGNATURE


class Still(Clock):
    """One moment for ever."""

    def now(self) -> datetime:
        """The moment."""
        return datetime(2026, 1, 5, tzinfo=UTC)


def told(webhook_url: str | None) -> tuple[SandboxProvider, list[Delivery]]:
    """An adapter of an account, and what was said about a captured payment and a refund of 300."""
    bank = Bank(Still(), Random(3))
    account = bank.open_account("shop", webhook_url=webhook_url, webhook_secret="shared")
    payment = Payment("pay", "sandbox", account, "sandbox", "JPY", 1000, bank.clock.now(), manual_capture=True)
    bank.ledger.add_payment(payment)
    bank.ledger.authorise("pay", Cause("buyer"))
    bank.ledger.capture("pay", Cause("buyer"))
    bank.ledger.refund("pay", Cause("portal"), 300)
    return SandboxProvider(bank, account, SandboxCapabilities()), bank.notices.outbox.due()


def test_each_effect_is_told_once_with_the_payment_as_it_was_then() -> None:
    _provider, messages = told("https://desk.example/webhooks/sandbox/token")
    assert [one.event_type for one in messages] == ["payment.authorise", "payment.capture", "payment.refund"]
    assert [json.loads(one.body)["data"]["amount_refunded"] for one in messages] == [0, 0, 300]
    assert len({one.event_id for one in messages}) == 3


def test_a_message_is_read_with_the_right_secret_alone() -> None:
    """R34: over the raw bytes, old or new secret, never by a field of the message."""
    provider, messages = told("https://desk.example/webhooks/sandbox/token")
    message, raw = messages[2], messages[2].body.encode()
    notification = provider.read_notification(message.headers, raw, ["before", "shared"], {})
    assert (notification.event_id, notification.payment_ref) == (message.event_id, "pay")
    for headers, body, secrets in (
        (message.headers, raw, ["other"]),
        (message.headers, raw, [""]),
        (message.headers, raw + b" ", ["shared"]),
        (message.headers | {SIGNATURE: ""}, raw, ["shared"]),
        ({}, raw, ["shared"]),
    ):
        with pytest.raises(SignatureWrong):
            provider.read_notification(headers, body, secrets, {})


def test_an_account_without_an_address_is_told_nothing() -> None:
    _provider, messages = told(None)
    assert messages == []
