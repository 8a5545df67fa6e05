"""Cancel or refund: the page says what will happen and why, the fetched state decides, each step has its own fate."""

from __future__ import annotations

import uuid

import pytest

from providers.kinds import OperationKind
from tests import factories
from tests.desk import Desk
from tests.klarna_desk import order, use_klarna
from tests.webapp.views.test_captures import all_words, operations
from tests.webapp.visitor import Seen, Visitor
from webapp.domain.permissions import Role
from webapp.models import Shop
from webapp.services.payments.reading import read_payment

K = OperationKind


@pytest.fixture
def klarna(desk: Desk) -> Desk:
    return use_klarna(desk)


def part_captured(desk: Desk) -> uuid.UUID:
    """10 kronor, 4 of them captured in the portal."""
    payment = order(desk, 1000)
    desk.emulator.portal(desk.row(payment).provider_ref, "capture", provider="klarna", amount_minor=400)
    read_payment(payment)
    desk.later(seconds=61)
    return payment


def form_of(merchant: Visitor, payment: uuid.UUID) -> Seen:
    return merchant.get(f"/payments/{payment}/cancel-or-refund")


def filled(desk: Desk) -> dict[str, str]:
    return {"reason": str(factories.reason(desk.shop_id)), "comment": "Box was wet"}


def test_a_part_captured_payment_is_released_and_then_refunded_and_the_wish_shows_both(
    klarna: Desk, merchant: Visitor
) -> None:
    payment = part_captured(klarna)
    form = form_of(merchant, payment)
    assert "what is still reserved is released first, then the captured part is refunded" in form.words
    assert "Release SEK6.00Refund SEK4.00" in form.words
    assert "its state of then decides" in form.words
    missing = merchant.submit(form, "/cancel-or-refund", reason="")
    assert (missing.status, missing.field_errors) == (422, ["Choose a reason for the refund"])
    check = merchant.submit(form, "/cancel-or-refund", **filled(klarna))
    assert check.buttons("/send")[-1].text == "Cancel or refund SEK10.00"
    result = merchant.submit(check, "/send")
    release, refund = operations()
    assert [(one.kind, one.amount_minor) for one in (release, refund)] == [(K.CANCEL, 600), (K.REFUND, 400)]
    assert result.h1 == "Cancel or refund of SEK10.00 is on its way"
    assert "Release of SEK6.00 is on its way" in result.words
    assert "Refund of SEK4.00 is on its way" in result.words
    assert merchant.submit(check, "/send").h1 == result.h1, "the same form finds the same wish (R16)"
    assert len(operations()) == 2
    klarna.run_now(release.id)
    klarna.later(seconds=61)
    klarna.run_now(release.id)
    half = merchant.get(f"/wishes/{release.wish_id}")
    assert "SEK6.00 is released" in half.words
    assert half.h1.endswith("is on its way"), "the wish is its least finished part (R6)"
    assert "It is step 1 of 2 of one request." in merchant.get(f"/operations/{release.id}").words
    on_order = merchant.get(f"/orders/{klarna.row(payment).order_id}")
    assert all_words(on_order).count("of 2 of Cancel or refund of SEK10.00") == 2
    klarna.run_now(refund.id)
    klarna.run_now(refund.id)
    done = merchant.get(f"/wishes/{release.wish_id}")
    assert done.h1 == "Cancel or refund of SEK10.00 is done"
    klarna.assert_books_are_whole()


def test_a_step_that_was_stopped_does_not_let_the_wish_look_done(klarna: Desk, merchant: Visitor) -> None:
    klarna.change(Shop, klarna.shop_id, stop_window_s=600)
    payment = part_captured(klarna)
    result = merchant.submit(
        merchant.submit(form_of(merchant, payment), "/cancel-or-refund", **filled(klarna)), "/send"
    )
    assert result.h1.endswith("is planned")
    release, refund = operations()
    merchant.submit(merchant.get(f"/operations/{release.id}"), "/stop")
    klarna.later(seconds=601)
    for _ in range(2):
        klarna.run_now(refund.id)
    page = merchant.get(f"/wishes/{release.wish_id}")
    assert page.h1.endswith("only a part was done")
    assert klarna.row(payment).refunded_minor == 400
    assert klarna.row(payment).cancelled_minor == 0


def test_before_capture_it_is_cancelled_and_needs_no_reason(desk: Desk, merchant: Visitor) -> None:
    payment = desk.payment(8000, capture="manual")
    form = form_of(merchant, payment)
    assert "Nothing was captured yet, so the payment is cancelled" in form.words
    merchant.submit(merchant.submit(form, "/cancel-or-refund", reason="", comment=""), "/send")
    (made,) = operations()
    desk.run(made.id)
    assert desk.row(payment).cancelled_minor == 8000
    desk.assert_books_are_whole()


def test_what_was_captured_after_the_form_is_refunded_instead_R6(desk: Desk, merchant: Visitor) -> None:
    payment = desk.payment(8000, capture="manual")
    merchant.submit(merchant.submit(form_of(merchant, payment), "/cancel-or-refund", **filled(desk)), "/send")
    (made,) = operations()
    desk.emulator.portal(desk.row(payment).provider_ref, "capture")
    desk.run(made.id)
    row = desk.operation(made.id)
    assert (row.kind, row.amount_minor) == (K.REFUND, 8000)
    assert merchant.get(f"/operations/{made.id}").h1 == "¥8,000 is refunded"
    desk.assert_books_are_whole()


def test_a_bank_account_is_asked_for_where_the_refund_needs_one(desk: Desk, merchant: Visitor) -> None:
    payment = desk.payment(5400, method="konbini", state="captured")
    form = form_of(merchant, payment)
    page = merchant.submit(form, "/cancel-or-refund", **filled(desk))
    assert page.status == 422
    assert "Enter the account number" in page.field_errors
    assert operations() == []


def test_changed_meanwhile_comes_back_with_fresh_numbers_R16(desk: Desk, merchant: Visitor) -> None:
    payment = desk.payment(3300)
    check = merchant.submit(form_of(merchant, payment), "/cancel-or-refund", **filled(desk))
    desk.ask(payment, 1000)
    page = merchant.submit(check, "/send")
    assert page.status == 409
    assert "It is now ¥2,300." in page.words
    assert len(operations()) == 1


def test_nothing_left_says_so_and_another_shops_wish_is_not_there_I18(desk: Desk, merchant: Visitor) -> None:
    payment = desk.payment(3300)
    merchant.submit(merchant.submit(form_of(merchant, payment), "/cancel-or-refund", **filled(desk)), "/send")
    (made,) = operations()
    assert not form_of(merchant, payment).has_form("/cancel-or-refund")
    assert merchant.get(f"/wishes/{made.wish_id}").status == 200
    other = factories.user(factories.shop("print").id, Role.OWNER)
    assert Visitor(merchant.client.application, other.id).get(f"/wishes/{made.wish_id}").status == 404
