"""A refund by order lines in a real browser, from the order's lines to their fate; with axe, at both widths."""

from __future__ import annotations

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from tests.axe import violations
from tests.desk import Desk
from tests.e2e.conftest import open_tab
from tests.webapp.services.operations.test_refund_lines import klarna_basket
from tests.webapp.views.test_captures import operations
from webapp.domain.permissions import Role

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", [1280, 390])
def test_pieces_of_lines_are_refunded_from_the_order(
    desk: Desk, live: str, live_app: tuple[Flask, str], browser: Browser, width: int
) -> None:
    context = browser.new_context(bypass_csp=True, viewport={"width": width, "height": 900}, locale="en-GB")
    page = open_tab(live, live_app[0], desk, context, Role.OWNER, name="Odile")
    payment = klarna_basket(desk)
    page.goto(f"{live}/orders/{desk.row(payment).order_id}")
    lines = page.get_by_role("region", name="Order lines").last
    expect(lines).to_contain_text("2 captured")
    look(page, "order with lines")
    page.get_by_role("link", name="Refund up to").click()
    expect(page.get_by_label("Mug")).to_be_hidden()
    page.get_by_label("By order lines").check()
    page.get_by_label("Mug").fill("3")
    page.get_by_label("Reason").select_option(label="Returned")
    look(page, "form by lines")
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("#error-summary")).to_be_focused()
    expect(page.get_by_label("Mug")).to_have_value("3")
    look(page, "errors at lines")
    page.get_by_label("Mug").fill("2")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Check the refund")
    look(page, "check of lines")
    page.get_by_role("button", name="Refund SEK").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("is on its way")
    made = operations()[-1]
    for _ in range(2):
        desk.run_now(made.id)
        desk.later(seconds=61)
    page.goto(f"{live}/orders/{desk.row(payment).order_id}")
    expect(lines).to_contain_text("2 refunded")
    look(page, "order with refunded lines")
    desk.assert_books_are_whole()
    context.close()


def look(page: Page, what: str) -> None:
    """Nothing that axe finds, and nothing that scrolls sideways: neither the page nor a table of lines in it."""
    assert violations(page) == [], what
    wide = "e => e.scrollWidth > e.clientWidth"
    assert not page.evaluate(f"({wide})(document.documentElement)"), what
    assert not page.eval_on_selector_all(".lines-table .table-scroll", f"all => all.some({wide})"), what
