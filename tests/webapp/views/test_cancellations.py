"""Cancelling before capture: form, check, result; after capture the page leads to the refund."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from providers.kinds import OperationKind
from tests import factories
from tests.desk import Desk
from tests.klarna_desk import order, use_klarna
from tests.webapp.visitor import Visitor
from webapp.domain.permissions import Role
from webapp.services.payments.reading import read_payment


def test_a_hold_is_released_whole_after_form_and_check(desk: Desk, merchant: Visitor) -> None:
    payment = desk.payment(8000, capture="manual", order_number="10023")
    form = merchant.get(f"/payments/{payment}/cancel")
    assert form.h1 == "Cancel the payment of order 10023"
    assert "The hold is released" in form.words
    check = merchant.submit(form, "/cancel", reason="", comment="")
    assert check.buttons("/send")[-1].text == "Release ¥8,000"
    assert "¥8,000 → ¥0" in check.words
    result = merchant.submit(check, "/send")
    assert result.h1 == "Release of ¥8,000 is on its way"
    again = merchant.submit(check, "/send")
    assert again.h1 == result.h1
    assert desk.row(payment).cancel_reserved_minor == 8000
    operation = again.the_form("/stop").action.split("/")[-2]
    desk.run(uuid.UUID(operation))
    assert merchant.get(f"/operations/{operation}").h1 == "¥8,000 is released"
    assert desk.row(payment).cancelled_minor == 8000
    desk.assert_books_are_whole()


def test_reason_and_comment_follow_the_same_rules_as_for_refunds(desk: Desk, merchant: Visitor) -> None:
    payment = desk.payment(8000, capture="manual")
    form = merchant.get(f"/payments/{payment}/cancel")
    other = str(factories.reason(desk.shop_id, "other"))
    page = merchant.submit(form, "/cancel", reason=other, comment="")
    assert page.status == 422
    assert page.field_errors == ["Enter a comment, because the reason is Other"]
    check = merchant.submit(page, "/cancel", comment="Customer called")
    back = merchant.press(check, "/send", "Change comment")
    assert back.the_form("/cancel").values["comment"] == "Customer called"


def test_a_captured_payment_is_refunded_and_not_cancelled(desk: Desk, merchant: Visitor) -> None:
    payment = desk.payment(3300)
    page = merchant.get(f"/payments/{payment}/cancel")
    assert not page.has_form("/cancel")
    assert "The money is captured already. It can only be refunded." in page.words
    assert page.link(f"/payments/{payment}/refund") == "Refund this payment"


def test_the_rest_after_a_part_capture_is_released_and_the_captured_part_stays(desk: Desk, merchant: Visitor) -> None:
    payment = order(use_klarna(desk), 20000)
    desk.emulator.portal(desk.row(payment).provider_ref, "capture", provider="klarna", amount_minor=8000)
    read_payment(payment)
    desk.later(seconds=61)
    order_page = merchant.get(f"/orders/{desk.row(payment).order_id}")
    assert order_page.link(f"/payments/{payment}/cancel") == "Release the rest, SEK120.00"
    form = merchant.get(f"/payments/{payment}/cancel")
    assert form.h1.startswith("Release the rest of the payment of order")
    told = "SEK120.00 is given back to the buyer; SEK80.00 stays captured. Nothing is refunded."
    check = merchant.submit(form, "/cancel", reason="", comment="")
    assert told in form.words
    assert told in check.words
    assert check.h1.startswith("Check the release of the rest of order")
    result = merchant.submit(check, "/send")
    operation = uuid.UUID(result.the_form("/stop").action.split("/")[-2])
    desk.run_now(operation)
    desk.run_now(operation)
    row = desk.row(payment)
    assert (row.captured_minor, row.cancelled_minor, row.refunded_minor) == (8000, 12000, 0)
    words = merchant.get(f"/operations/{operation}").words
    assert "この金額は請求されません" in words, "of the released amount alone: SEK80.00 was charged"
    assert not merchant.get(f"/payments/{payment}/cancel").has_form("/cancel")
    desk.assert_books_are_whole()


def test_a_payment_that_waits_for_cash_is_closed_and_nothing_was_taken(desk: Desk, merchant: Visitor) -> None:
    payment = desk.payment(5400, method="konbini")
    page = merchant.get(f"/payments/{payment}/cancel")
    assert "After this nobody can pay any more, and nothing was taken." in page.words
    assert page.has_form("/cancel")


def test_captured_while_the_form_was_open_comes_back_with_the_present_state_R16(desk: Desk, merchant: Visitor) -> None:
    payment = desk.payment(8000, capture="manual")
    check = merchant.submit(merchant.get(f"/payments/{payment}/cancel"), "/cancel", reason="", comment="")
    desk.ask(payment, kind=OperationKind.CAPTURE)
    page = merchant.submit(check, "/send")
    assert page.status == 409
    assert desk.row(payment).cancel_reserved_minor == 0


def test_support_may_not_cancel_and_sees_who_can(desk: Desk, visitor_as: Callable[..., Visitor]) -> None:
    payment = desk.payment(8000, capture="manual")
    page = visitor_as(Role.SUPPORT).get(f"/payments/{payment}/cancel")
    assert page.status == 403
    assert "Ana" in page.words
