"""When a refund cannot be asked for: the pages say why, and nothing is filed."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import update

from tests import factories
from tests.desk import Desk
from tests.webapp.views.test_refunds import fill, form_of, operations
from tests.webapp.visitor import Visitor
from webapp.domain.operations import OperationState
from webapp.domain.permissions import Role
from webapp.models import Payment
from webapp.services import runtime
from webapp.services.operations import filing
from webapp.services.unit_of_work import in_transaction


def test_a_payment_of_another_shop_is_not_there_I18(desk: Desk, merchant: Visitor) -> None:
    payment = desk.payment(3300)
    other_shop = factories.shop("coffee")
    stranger = factories.user(other_shop.id)
    page = Visitor(merchant.client.application, stranger.id).get(f"/payments/{payment}/refund")
    assert page.status == 404
    assert merchant.get(f"/payments/{uuid.uuid4()}/refund").status == 404


def test_a_payment_of_the_other_mode_is_not_there(desk: Desk, desk_app: Any) -> None:
    payment = desk.payment(3300)
    live = Visitor(desk_app, desk.user_id, mode="live")
    assert live.get(f"/payments/{payment}/refund").status == 404


def test_who_may_not_refund_sees_who_can(desk: Desk, visitor_as: Callable[..., Visitor]) -> None:
    payment = desk.payment(3300)
    page = visitor_as(Role.VIEWER, name="Vera").get(f"/payments/{payment}/refund")
    assert page.status == 403
    assert "Ana" in page.words


def test_a_frozen_payment_and_one_that_cannot_be_refunded_say_why(desk: Desk, merchant: Visitor) -> None:
    held = desk.payment(5000, capture="manual")
    page = form_of(merchant, held)
    assert "Nothing was captured on this payment" in page.words
    assert not page.has_form("/refund")
    disputed = desk.payment(3300)
    freeze(disputed)
    page = form_of(merchant, disputed)
    assert "The payment is frozen" in page.words
    assert not page.has_form("/refund")


def freeze(payment_id: uuid.UUID) -> None:
    changes = {"frozen_at": factories.LONG_AGO, "frozen_reason": "difference"}
    in_transaction(lambda tx: tx.execute(update(Payment).where(Payment.id == payment_id).values(changes)))


def test_a_payment_frozen_while_the_form_was_open_files_nothing(desk: Desk, merchant: Visitor) -> None:
    payment = desk.payment(3300)
    check = merchant.submit(form_of(merchant, payment), "/refund", **fill(desk))
    freeze(payment)
    page = merchant.submit(check, "/send")
    assert page.status == 409
    assert "The payment is frozen" in page.words
    assert operations() == 0


def test_an_unknown_earlier_result_closes_the_form_and_offers_to_ask(desk: Desk, merchant: Visitor) -> None:
    desk.emulator.fault("timeout_after", call="refund", times=1, seconds=0.05)
    payment = desk.payment(3300)
    operation = desk.ask(payment, 1000)
    desk.run(operation)
    page = form_of(merchant, payment)
    assert not page.has_form("/refund")
    assert [each.text for each in page.buttons("/ask")] == ["Ask the provider"]
    assert "try again" not in page.words.lower()


def test_a_refund_that_failed_earlier_is_told_with_its_reason(desk: Desk, merchant: Visitor) -> None:
    desk.emulator.fault("error_before", call="refund", status=404, times=1)
    payment = desk.payment(3300)
    operation = desk.ask(payment, 1000)
    desk.run(operation)
    assert desk.operation(operation).state is OperationState.REJECTED
    page = form_of(merchant, payment)
    assert "An earlier request was not done" in page.words
    assert page.has_form("/refund")


def test_a_full_disk_is_told_in_plain_words_R24(desk: Desk, merchant: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    payment = desk.payment(3300)
    check = merchant.submit(form_of(merchant, payment), "/refund", **fill(desk))
    monkeypatch.setattr(filing, "LEAST_DISK_FREE", 2.0)
    monkeypatch.setattr(filing.shutil, "disk_usage", lambda _folder: type("Usage", (), {"free": 1, "total": 10})())
    with runtime.using(replace(runtime.current(), data_dir="/")):
        page = merchant.submit(check, "/send")
    assert page.status == 503
    assert "nearly full" in page.words
    assert operations() == 0
