"""The order list and the order page in a real browser: filters, pages, and the part that refreshes itself."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.axe import violations
from tests.desk import Desk
from tests.webapp.services.orders.conftest import NOON, Shelf

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", [1280, 390])
def test_filters_and_pages_swap_the_list_and_keep_the_address_in_step(
    desk: Desk, live: str, signed_in_page: Page, width: int
) -> None:
    page, shelf = signed_in_page, Shelf(desk)
    page.set_viewport_size({"width": width, "height": 900})
    for each in range(28):
        order = shelf.order(f"A-{each:02}", ordered_at=NOON + timedelta(minutes=each))
        if each < 2:
            shelf.payment(order, refunded_minor=3300)
    page.goto(f"{live}/orders")
    page.evaluate("window.kept = true")
    page.get_by_role("link", name="Older", exact=True).click()
    expect(page.get_by_role("link", name="A-00")).to_be_visible()
    expect(page).to_have_url(re.compile("at=before-"))
    page.get_by_label("Payment state").select_option("refunded")
    expect(page.locator("#list-facts")).to_have_text(re.compile("^2 orders"))
    expect(page).to_have_url(f"{live}/orders?state=refunded")
    page.get_by_role("link", name="Payment state: Refunded").click()
    expect(page.locator("#list-facts")).to_have_text(re.compile("^28 orders"))
    expect(page.get_by_label("Payment state")).to_have_value("")
    assert page.evaluate("window.kept") is True, "the whole page was loaded"
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert violations(page) == []
    page.go_back()
    expect(page.locator("#list-facts")).to_have_text(re.compile("^2 orders"))


def test_the_order_page_follows_the_work_and_leaves_a_half_written_note_alone(
    desk: Desk, live: str, signed_in_page: Page
) -> None:
    page = signed_in_page
    payment_id = desk.payment(3300, order_number="A-1")
    operation_id = desk.ask(payment_id, 1000)
    page.goto(f"{live}/orders?q=A-1")
    expect(page.get_by_role("heading", level=1)).to_have_text("Order A-1")
    expect(page.locator("#under-way")).to_have_text("1 operation is under way.")
    note = page.get_by_label("Note for colleagues")
    note.fill("half a")
    desk.run(operation_id)
    expect(page.get_by_text("Refund of ¥1,000 was done")).to_be_visible(timeout=10_000)
    expect(page.locator("#under-way")).to_have_text("")
    expect(note).to_be_focused()
    expect(note).to_have_value("half a")
    assert violations(page) == []
