"""Home counts what waits in the shops and the mode that the reader looks at."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime

from flask import Flask
from sqlalchemy import select

from providers.kinds import MovementKind, ProviderState
from tests import factories
from tests.pages import Desk, PageView
from tests.webapp.conftest import password_hash
from webapp.domain.alerts import AlertKind
from webapp.domain.permissions import Role
from webapp.models import Alert, Installation, LedgerMovement, MailKind, Mode, Order, OrderStatus, Payment, Shop
from webapp.services.alerts import telling
from webapp.services.mails import queueing
from webapp.services.mails.letters import Letter, Text
from webapp.services.unit_of_work import in_transaction

NOW = datetime.now(UTC)


def paid(shop: Shop, minor: int, **payment: object) -> Payment:
    status = in_transaction(lambda tx: tx.scalars(select(OrderStatus.id).where(OrderStatus.shop_id == shop.id)).first())
    account = factories.account(shop.id, "sk", name=uuid.uuid4().hex, mode=Mode.LIVE)
    order = factories.add(
        Order(
            id=uuid.uuid4(),
            shop_id=shop.id,
            mode=Mode.LIVE,
            number=uuid.uuid4().hex,
            status_id=status,
            currency="JPY",
            total_minor=minor,
            ordered_at=NOW,
            created_at=NOW,
        )
    )
    values = {
        "id": uuid.uuid4(),
        "shop_id": shop.id,
        "order_id": order.id,
        "account_id": account.id,
        "mode": Mode.LIVE,
        "provider_ref": uuid.uuid4().hex,
        "method": "card",
        "currency": "JPY",
        "created_at": NOW,
        "provider_state": ProviderState.CAPTURED,
        "authorised_minor": minor,
        "captured_minor": minor,
    }
    made: Payment = factories.add(Payment(**(values | payment)))
    for kind, amount in ((MovementKind.CAPTURE, minor), (MovementKind.REFUND, minor // 4)):
        factories.add(
            LedgerMovement(
                shop_id=shop.id,
                payment_id=made.id,
                account_id=account.id,
                kind=kind,
                amount_minor=amount,
                currency="JPY",
                provider_movement_id=uuid.uuid4().hex,
                booked_at=NOW,
            )
        )
    return made


def test_sums_of_the_days_and_frozen_payments_are_those_of_the_readers_shops(
    signed_in: Callable[..., Desk], shop: Shop
) -> None:
    paid(shop, 4000, frozen_at=NOW, frozen_reason="difference")
    paid(factories.shop("print"), 9999)
    page = signed_in(Role.VIEWER).get("/")
    assert "Frozen payments" in page.text
    cells = [each.text.strip() for each in page.all("td")][:5]
    assert cells == ["JPY", "¥4,000", "¥1,000", "¥3,000", "1"]
    assert "9,999" not in page.text


def alert(kind: AlertKind, shop: Shop | None, mode: Mode | None = Mode.LIVE, **more: object) -> None:
    place = {"shop_id": shop.id, "mode": mode} if shop else {}
    factories.add(Alert(id=uuid.uuid4(), kind=kind, wrong_since=NOW, opened_at=NOW, **place, **more))


def test_alerts_stand_before_who_may_act_on_them_in_their_shops_and_mode_R47(
    signed_in: Callable[..., Desk], shop: Shop
) -> None:
    """Each of them leads to its page."""
    of_desk = {
        AlertKind.BOOKS: ("1 Alert: the books do not add up", "/jobs"),
        AlertKind.AUDIT: ("1 Alert: the audit chain is broken", "/audit"),
        AlertKind.OUTBOX: ("1 Alert: work is not handed to the workers", "/jobs"),
    }
    forged = "Alert: messages with a wrong signature"
    for kind in of_desk:
        alert(kind, None)
    alert(AlertKind.SIGNATURES, shop, Mode.TEST)
    alert(AlertKind.SIGNATURES, shop, closed_at=NOW)
    alert(AlertKind.SIGNATURES, factories.shop("print"))
    alert(AlertKind.FROZEN, shop)  # has a row already, which counts the payments
    admin, merchant = signed_in(Role.ADMIN), signed_in(Role.MERCHANT)
    page = admin.get("/")
    for words, address in of_desk.values():
        assert (words, address) in links(page)
    assert (forged in page.text, page.text.count("Alert:")) == (False, 3)
    alert(AlertKind.SIGNATURES, shop)
    assert (f"1 {forged}", "/webhooks?state=refused") in links(admin.get("/"))
    assert "Alert:" not in merchant.get("/").text


def links(page: PageView) -> list[tuple[str, str]]:
    return [(" ".join(each.text.split()), each.attributes.get("href", "")) for each in page.all("a")]


def test_every_alert_mail_links_to_a_page_that_is_there(signed_in: Callable[..., Desk]) -> None:
    owner = signed_in(Role.OWNER)
    assert set(telling.PAGES) == set(AlertKind)
    assert {owner.get(address).status for address in telling.PAGES.values()} == {200}


def test_mails_of_no_shop_count_for_who_looks_after_all_shops(signed_in: Callable[..., Desk]) -> None:
    words = "Mails of the last 7 days that did not arrive, or maybe not"
    text = Text("The audit chain is broken", "…")
    letter = Letter(
        kind=MailKind.ALERT,
        subject_id=uuid.uuid4(),
        recipient="owner",
        shop_id=None,
        mode=None,
        language="en",
        text=text,
    )
    in_transaction(lambda tx: queueing.add(tx, letter))  # no address: it has failed
    admin = signed_in(Role.ADMIN)
    assert (f"1 {words}", "/mails?state=for_people") in links(admin.get("/"))
    assert text.subject in admin.get("/mails?state=for_people").text
    factories.shop("print")
    assert words not in admin.get("/").text
    assert text.subject not in admin.get("/mails?state=for_people").text


def test_recovery_mode_is_said_first_of_all(signed_in: Callable[..., Desk]) -> None:
    in_transaction(lambda tx: setattr(tx.get_one(Installation, 1), "recovery_since", NOW))
    assert "Recovery mode" in signed_in(Role.VIEWER).get("/").text


def test_every_page_says_that_wishes_wait_while_the_desk_is_in_recovery_R29(signed_in: Callable[..., Desk]) -> None:
    words = "What you ask for is kept and waits."
    desk = signed_in(Role.MERCHANT)
    assert words not in desk.get("/orders").text
    in_transaction(lambda tx: setattr(tx.get_one(Installation, 1), "recovery_since", NOW))
    for page in ("/orders", "/refunds", "/unknown", "/me"):
        assert words in desk.get(page).text


def test_a_person_without_a_role_is_told_who_can_help(quick_app: Flask) -> None:
    person = factories.user(password_hash=password_hash())
    assert "An admin or owner can give you one." in Desk(quick_app).sign_in(person.email).text


def test_the_part_that_refreshes_itself_comes_alone(signed_in: Callable[..., Desk]) -> None:
    answer = signed_in(Role.VIEWER).client.get("/", headers={"HX-Request": "true"})
    assert "<html" not in answer.text
    assert 'id="waiting"' in answer.text
    assert "HX-Request" in answer.headers["Vary"]
