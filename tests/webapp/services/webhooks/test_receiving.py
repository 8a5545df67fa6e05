"""At the door: verified over the raw bytes, stored once, never believed (section 9 of money safety)."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.desk import Desk
from tests.webapp.services.webhooks.hooks import SECRET, body, give_secret, headers, messages, tell
from webapp.models import ProviderAccount, WakeUp, WebhookState
from webapp.services import kill_points, runtime
from webapp.services.errors import NotFound
from webapp.services.kill_points import KillPoint
from webapp.services.unit_of_work import in_transaction
from webapp.services.vault import webhook_place
from webapp.services.webhooks import receiving
from webapp.services.webhooks.receiving import PROCESS, Delivery, Verdict, receive


@pytest.fixture
def ear(desk: Desk) -> Desk:
    """A desk whose account has a webhook secret."""
    give_secret(desk)
    return desk


def words() -> list[uuid.UUID]:
    query = select(WakeUp.row_id).where(WakeUp.task == PROCESS)
    return list(in_transaction(lambda tx: tx.scalars(query).all()))


def test_a_genuine_message_is_stored_with_its_wake_up_and_nothing_is_fetched_R36(ear: Desk) -> None:
    payment = ear.payment(3300)
    read_at = ear.row(payment).last_read_at
    raw = body(ear, payment)
    assert tell(ear, raw) is Verdict.STORED
    (message,) = messages()
    assert (message.state, message.event, message.payment_ref) == (
        WebhookState.WAITING,
        "payment.refunded",
        ear.row(payment).provider_ref,
    )
    assert words() == [message.id]
    assert ear.row(payment).last_read_at == read_at


def test_the_body_is_sealed_and_only_harmless_headers_are_kept(ear: Desk) -> None:
    raw = body(ear, ear.payment(3300))
    tell(ear, raw)
    (message,) = messages()
    assert message.body is not None
    assert raw.decode() not in message.body
    assert runtime.current().vault.open(message.body, webhook_place(message.id)) == raw.decode()
    assert set(message.headers) == {"content-type", "x-komoju-id"}
    assert "canary" not in str(message.headers)


def test_the_same_event_again_is_answered_well_and_changes_nothing_R36(ear: Desk) -> None:
    raw = body(ear, ear.payment(3300))
    assert [tell(ear, raw) for _ in range(3)] == [Verdict.STORED, Verdict.REPEATED, Verdict.REPEATED]
    assert len(messages()) == len(words()) == 1


def test_a_forged_message_leaves_a_line_and_never_the_place_of_the_genuine_one_R34(ear: Desk) -> None:
    raw = body(ear, ear.payment(3300))
    assert tell(ear, raw, "guessed") is Verdict.REFUSED
    assert tell(ear, raw, "guessed again") is Verdict.REFUSED
    (line,) = messages()
    assert (line.state, line.body, line.payment_ref) == (WebhookState.REFUSED, None, None)
    assert words() == []
    assert tell(ear, raw) is Verdict.STORED


def test_a_flood_of_forged_messages_does_not_fill_the_disk_R40(ear: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving, "MOST_REFUSED", 3)
    payment = ear.payment(3300)
    assert {tell(ear, body(ear, payment), "guessed") for _ in range(6)} == {Verdict.REFUSED}
    assert len(messages()) == 3


def test_one_byte_more_is_another_message_R34(ear: Desk) -> None:
    raw = body(ear, ear.payment(3300))
    delivery = Delivery("komoju", ear.account().webhook_token, headers(raw), raw + b" ")
    assert receive(delivery) is Verdict.REFUSED


@pytest.mark.parametrize("secret", ["", " "])
def test_an_account_without_a_usable_secret_believes_nobody_R34(desk: Desk, secret: str) -> None:
    if secret:
        give_secret(desk, secret)
    assert tell(desk, body(desk, desk.payment(3300)), secret) is Verdict.REFUSED


def test_the_secret_before_is_good_for_three_days_R34_R37(ear: Desk) -> None:
    payment = ear.payment(3300)
    give_secret(ear, "the old one", "webhook_secret_before")
    assert tell(ear, body(ear, payment), "the old one") is Verdict.REFUSED
    ear.change(ProviderAccount, ear.account_id, webhook_secret_since=in_transaction(runtime.current().clock.now))
    assert tell(ear, body(ear, payment), "the old one") is Verdict.STORED
    assert tell(ear, body(ear, payment), SECRET) is Verdict.STORED
    ear.clock.ahead += timedelta(days=3, minutes=1)
    assert tell(ear, body(ear, payment), "the old one") is Verdict.REFUSED


@pytest.mark.parametrize("event", ["ping", "settlement.created"])
def test_what_is_about_no_payment_is_kept_and_ends_there(ear: Desk, event: str) -> None:
    assert tell(ear, body(ear, None, event)) is Verdict.STORED
    (message,) = messages()
    assert (message.state, message.result, message.due_at) == (WebhookState.IGNORED, "nothing_to_fetch", None)
    assert words() == []


def test_a_signed_body_that_cannot_be_read_is_stored_and_never_lost_R38(ear: Desk) -> None:
    assert tell(ear, b"{not json") is Verdict.STORED
    assert tell(ear, b"{not json") is Verdict.REPEATED
    assert messages()[0].dedupe.startswith("sha256:")


def test_an_address_of_no_account_is_not_found_R34(ear: Desk) -> None:
    raw = body(ear, None, "ping")
    for provider, token in (("komoju", "wrong"), ("klarna", ear.account().webhook_token)):
        with pytest.raises(NotFound):
            receive(Delivery(provider, token, headers(raw), raw))


@pytest.mark.parametrize(("nth", "stored"), [(1, 0), (2, 1)])
def test_a_web_process_that_dies_is_made_good_by_the_senders_repeat_K13(ear: Desk, nth: int, stored: int) -> None:
    raw, seen = body(ear, ear.payment(3300)), 0

    def die(point: KillPoint) -> None:
        nonlocal seen
        seen += point is KillPoint.TAKING_WEBHOOK
        if point is KillPoint.TAKING_WEBHOOK and seen == nth:
            raise SystemExit("killed")

    kill_points.observe(die)
    try:
        with pytest.raises(SystemExit):
            tell(ear, raw)
    finally:
        kill_points.observe(None)
    assert len(messages()) == stored
    assert tell(ear, raw) is (Verdict.REPEATED if stored else Verdict.STORED)
    assert len(messages()) == len(words()) == 1
