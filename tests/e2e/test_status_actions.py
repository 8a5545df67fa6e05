"""Status actions in a real browser: the table is edited, a status changed by button, and the capture happens."""

from __future__ import annotations

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from tests.axe import violations
from tests.desk import Desk
from tests.e2e.conftest import open_tab
from tests.e2e.test_jobs import workers
from tests.webapp.services.status_actions.actions_desk import authorised, operations
from webapp.domain.permissions import Role

pytestmark = pytest.mark.browser


def test_a_table_is_edited_and_a_change_of_status_captures(
    desk: Desk, live: str, live_app: tuple[Flask, str], signed_in_page: Page, browser: Browser
) -> None:
    payment = authorised(desk, order_number="TEA-1")
    shop, order = f"{live}/shops/{desk.shop_id}", f"{live}/orders/{desk.row(payment).order_id}"
    context = browser.new_context(bypass_csp=True, viewport={"width": 390, "height": 900}, locale="en-GB")
    page = open_tab(live, live_app[0], desk, context, Role.ADMIN, name="Ada")
    page.goto(f"{shop}/status-actions")
    page.get_by_label("shipped, Every provider").select_option("Capture")
    page.get_by_role("button", name="Save the tables").click()
    expect(page.locator("#error-summary")).to_be_focused()
    assert violations(page) == []
    page.get_by_label("Why is it changed?").fill("Parcels leave with the money")
    page.get_by_role("button", name="Save the tables").click()
    expect(page.locator("#history")).to_contain_text("shipped, Every provider: Nothing → Capture")
    for address in (f"{shop}/status-actions", f"{shop}/statuses"):
        page.goto(address)
        assert violations(page) == [], address
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, f"{address} is too wide"
    merchant = signed_in_page
    merchant.goto(order)
    merchant.get_by_role("link", name="What would a status set going?").click()
    merchant.get_by_label("Status").select_option("shipped")
    merchant.get_by_role("button", name="Ask", exact=True).click()
    expect(merchant.locator("#answer")).to_contain_text("Capture of ¥3,300 would be asked for.")
    expect(merchant.locator("#answer")).to_be_focused()
    assert violations(merchant) == []
    merchant.goto(order)
    merchant.get_by_label("Status", exact=True).select_option("shipped")
    merchant.get_by_role("button", name="Change status").dblclick()
    expect(merchant.locator("#messages")).to_contain_text("The status is changed.")
    with workers():
        expect(merchant.locator(".payment .tag", has_text="Captured")).to_be_visible(timeout=30_000)
    assert len(operations(payment)) == 1
    assert desk.row(payment).captured_minor == 3300
    context.close()
