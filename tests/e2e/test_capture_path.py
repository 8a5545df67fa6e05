"""Capture and cancel-or-refund in a real browser: by lines, in two steps, clicked twice, and with axe on a phone."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from providers.kinds import OperationKind
from tests.axe import violations
from tests.desk import Desk
from tests.e2e.conftest import open_tab
from tests.klarna_desk import order, use_klarna
from tests.svea_desk import basket, use_svea
from tests.webapp.views.test_cancel_or_refund import part_captured
from webapp.domain.permissions import Role
from webapp.models import Operation
from webapp.services.unit_of_work import in_transaction

pytestmark = pytest.mark.browser
K = OperationKind


def operations() -> Sequence[Operation]:
    return in_transaction(lambda tx: tx.scalars(select(Operation).order_by(Operation.step)).all())


def test_pieces_of_a_svea_order_are_captured_from_its_page(desk: Desk, live: str, signed_in_page: Page) -> None:
    page = signed_in_page
    use_svea(desk)
    payment = basket(desk)
    page.goto(f"{live}/orders/{desk.row(payment).order_id}")
    page.get_by_role("link", name="Capture up to").click()
    expect(page.get_by_label("Mug")).to_be_hidden()
    page.get_by_label("By order lines").check()
    page.get_by_label("Mug").fill("4")
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("#error-summary")).to_be_focused()
    page.get_by_label("Mug").fill("2")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Check the capture")
    page.get_by_role("button", name="Capture SEK").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("is on its way")
    (made,) = operations()
    for _ in range(3):
        desk.run_now(made.id)
        desk.later(seconds=61)
    expect(page.get_by_role("heading", level=1)).to_contain_text("is captured", timeout=15_000)
    assert desk.row(payment).captured_minor == 20000
    desk.assert_books_are_whole()


def test_a_part_captured_payment_is_undone_in_two_steps_by_a_double_click_R16(
    desk: Desk, live: str, signed_in_page: Page
) -> None:
    page = signed_in_page
    use_klarna(desk)
    payment = part_captured(desk)
    page.goto(f"{live}/payments/{payment}/cancel-or-refund")
    page.get_by_label("Reason").select_option(label="Returned")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Cancel or refund SEK").dblclick()
    expect(page.get_by_role("heading", level=1)).to_contain_text("is on its way")
    made = operations()
    assert [(one.kind, one.amount_minor) for one in made] == [(K.CANCEL, 600), (K.REFUND, 400)]
    for one in made:
        for _ in range(2):
            desk.run_now(one.id)
            desk.later(seconds=61)
    expect(page.get_by_role("heading", level=1)).to_contain_text("is done", timeout=15_000)
    expect(page.locator("#step-1")).to_contain_text("is refunded")
    desk.assert_books_are_whole()


def test_axe_finds_nothing_on_a_phone(desk: Desk, live: str, live_app: tuple[Flask, str], browser: Browser) -> None:
    context = browser.new_context(bypass_csp=True, viewport={"width": 390, "height": 900}, locale="en-GB")
    page = open_tab(live, live_app[0], desk, context, Role.OWNER, name="Odile")
    use_klarna(desk)
    undone, held = part_captured(desk), order(desk, 1000)

    def look(what: str) -> None:
        assert violations(page) == [], what
        assert not page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"), what

    page.goto(f"{live}/payments/{held}/capture")
    page.get_by_label("By order lines").check()
    look("capture")
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("#error-summary")).to_be_focused()
    look("errors of the capture")
    page.get_by_label("A part").check()
    page.get_by_label("Amount").fill("3")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Check the capture")
    look("check of the capture")
    page.goto(f"{live}/payments/{undone}/cancel-or-refund")
    look("cancel or refund")
    page.get_by_label("Reason").select_option(label="Returned")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("button", name="Cancel or refund SEK")).to_be_visible()
    look("check of cancel or refund")
    page.get_by_role("button", name="Cancel or refund SEK").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("is on its way")
    look("wish of two steps")
    page.goto(f"{live}/operations/{operations()[0].id}")
    look("one step")
    page.goto(f"{live}/orders/{desk.row(undone).order_id}")
    look("order")
    context.close()
