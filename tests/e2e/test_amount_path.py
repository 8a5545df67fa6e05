"""The way of another amount in a real browser: lines come and go, errors, check, result; with scripts and without."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from tests import klarna_desk, svea_desk
from tests.axe import violations
from tests.desk import Desk
from tests.e2e.conftest import open_tab
from tests.e2e.test_refund_path import only_operation
from tests.providers.klarna.samples import KETTLE, MUGS
from webapp.domain.permissions import Role
from webapp.services.operations import kept_lines

pytestmark = pytest.mark.browser
ROWS = [
    {"Name": "Kettle", "ArticleNumber": "SKU-1", "Quantity": 100, "UnitPrice": 50000, "VatPercent": 2500},
    {"Name": "Mug", "ArticleNumber": "SKU-2", "Quantity": 200, "UnitPrice": 12450, "VatPercent": 1200},
]


def at_klarna(desk: Desk) -> uuid.UUID:
    return klarna_desk.order(klarna_desk.use_klarna(desk), 74900, lines=[KETTLE, MUGS])


def at_svea(desk: Desk) -> uuid.UUID:
    return svea_desk.order(svea_desk.use_svea(desk), 74900, rows=ROWS)


def picture(page: Page, name: str) -> None:
    """A picture to look at, where somebody wants some."""
    if folder := os.environ.get("PICTURES"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def heading(page: Page, text: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_contain_text(text)


def test_an_amount_goes_down_at_klarna_with_lines_edited_in_place(desk: Desk, live: str, signed_in_page: Page) -> None:
    page, payment = signed_in_page, at_klarna(desk)
    page.goto(f"{live}/payments/{payment}/amount")
    sums = page.locator("#line-sums")
    expect(sums).to_contain_text("SEK749.00")
    mug = page.get_by_role("group", name="Line 2")
    mug.get_by_label("Quantity").fill("1")
    mug.get_by_label("Quantity").blur()
    expect(sums).to_contain_text("SEK624.50")
    expect(page.locator("#line_1_sum")).to_have_text("SEK124.50")
    page.get_by_role("button", name="Add a line").click()
    lamp = page.get_by_role("group", name="Line 3")
    expect(lamp.get_by_label("Name")).to_be_focused()
    expect(mug.get_by_label("Quantity")).to_have_value("1")
    lamp.get_by_label("Name").fill("Lamp")
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("#error-summary")).to_be_focused()
    expect(page.locator("#line_2_quantity-error")).to_contain_text("Enter the quantity using numbers")
    page.get_by_role("button", name="Remove line 3").click()
    expect(lamp).to_have_count(0)
    page.get_by_label("New amount").fill("600")
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("#amount-error")).to_contain_text("The lines come to SEK624.50, not to SEK600.00.")
    page.get_by_label("New amount").fill("")
    page.get_by_role("button", name="Continue").click()
    heading(page, "Check the new amount")
    page.get_by_role("button", name="Lower the invoice payment to SEK624.50").dblclick()
    heading(page, "Amount change of SEK124.50 is on its way")
    operation = only_operation()
    desk.run_now(operation.id)
    desk.run_now(operation.id)
    heading(page, "The amount is changed by SEK124.50")
    row = desk.row(payment)
    assert (row.authorised_minor - row.cancelled_minor, row.cancel_reserved_minor) == (62450, 0)
    assert len(desk.effects(payment, "lower")) == 1


def test_an_amount_goes_down_at_svea_without_scripts(
    desk: Desk, live: str, live_app: tuple[Flask, str], browser: Browser
) -> None:
    context = browser.new_context(java_script_enabled=False, locale="en-GB")
    page, payment = open_tab(live, live_app[0], desk, context, Role.MERCHANT), at_svea(desk)
    page.goto(f"{live}/payments/{payment}/amount")
    page.get_by_label("Comment for colleagues").fill("a lamp in place of the mugs")
    page.get_by_role("button", name="Remove line 2").click()
    page.get_by_role("button", name="Add a line").click()
    lamp = page.get_by_role("group", name="Line 2")
    lamp.get_by_label("Name").fill("Lamp")
    lamp.get_by_label("Quantity").fill("1")
    lamp.get_by_label("Price of one").fill("100,50")
    lamp.get_by_label("VAT rate").fill("12")
    page.get_by_role("button", name="Work out the sums").click()
    expect(page.locator("#line-sums")).to_contain_text("SEK600.50")
    expect(page.get_by_label("Comment for colleagues")).to_have_value("a lamp in place of the mugs")
    lamp.get_by_label("VAT rate").press("Enter")
    heading(page, "Check the new amount")
    page.get_by_role("button", name="Change comment").click()
    expect(lamp.get_by_label("Name")).to_have_value("Lamp")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Lower the invoice payment to SEK600.50").click()
    heading(page, "is on its way")
    operation = only_operation()
    assert [line.tax_rate_bp for line in kept_lines.load(operation.lines)] == [2500, 1200]
    desk.run_now(operation.id)
    desk.run_now(operation.id)
    page.reload()
    heading(page, "The amount is changed by SEK148.50")
    context.close()


@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing_on_the_pages_of_another_amount(
    desk: Desk, live: str, live_app: tuple[Flask, str], browser: Browser, width: int
) -> None:
    context = browser.new_context(bypass_csp=True, viewport={"width": width, "height": 900}, locale="en-GB")
    page = open_tab(live, live_app[0], desk, context, Role.OWNER, name="Odile")
    page.goto(f"{live}/payments/{at_klarna(desk)}/amount")
    steps = [("form", ""), ("errors", "Continue"), ("check", "Continue"), ("result", "Lower the invoice payment")]
    for name, button in steps:
        if button == "Continue" and name == "check":
            page.get_by_label("New amount").fill("")
            page.get_by_role("button", name="Remove line 2").click()
            expect(page.get_by_role("group", name="Line 2")).to_have_count(0)
        if button:
            page.get_by_role("button", name=button).click()
        if name == "form":
            page.get_by_label("New amount").fill("1")
        if name == "errors":
            expect(page.locator("#error-summary")).to_be_focused()
        if name in {"check", "result"}:
            heading(page, "Check the new amount" if name == "check" else "is on its way")
        picture(page, f"amount-{name}-{width}")
        assert violations(page) == [], name
        wide = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
        assert not wide, f"{name} is wider than {width}"
    context.close()
