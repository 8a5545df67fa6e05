"""Payment methods in a real browser: the switch keeps the focus, a sync shows its progress by itself."""

from __future__ import annotations

import pytest
from flask import Flask
from playwright.sync_api import BrowserContext, expect

from tests.axe import violations
from tests.desk import Desk
from tests.e2e.conftest import open_tab
from tests.webapp.services.methods.shelf import stored
from webapp.domain.permissions import Role
from webapp.models import PaymentMethod
from webapp.services.methods import asking

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", [1280, 390])
def test_a_sync_shows_its_progress_and_a_switch_keeps_the_focus(
    desk: Desk, live: str, live_app: tuple[Flask, str], browser_context: BrowserContext, width: int
) -> None:
    page = open_tab(live, live_app[0], desk, browser_context, Role.ADMIN)
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{live}/methods")
    page.evaluate("window.kept = true")
    page.get_by_role("button", name="Sync now").click()
    expect(page.get_by_role("status")).to_contain_text("Asking the provider for its list")
    assert violations(page) == []
    assert asking.run_asked(desk.account_id)
    konbini = page.get_by_role("switch", name="Konbini JPY")
    expect(konbini).to_be_checked(timeout=10_000)
    expect(page.get_by_text("6 new methods")).to_be_visible()
    konbini.focus()
    page.keyboard.press("Space")
    expect(konbini).not_to_be_checked()
    expect(konbini).to_be_focused()
    expect(page.get_by_text("5 new methods")).to_be_visible()
    up = page.get_by_role("button", name="Up Konbini JPY")
    up.click()
    expect(page.locator(".method").nth(1)).to_contain_text("Konbini")
    expect(up).to_be_focused()
    page.get_by_role("button", name="Switch off all new").click()
    expect(page.get_by_role("status")).to_have_text("5 new methods are switched off.")
    assert [row.enabled for row in stored(desk.account_id)] == [False] * 6
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    desk.change(PaymentMethod, stored(desk.account_id)[1].id, version=9)
    konbini.click()
    expect(page.get_by_role("alert")).to_contain_text("Somebody changed this in the meantime.")
    konbini.click()
    expect(konbini).to_be_checked()
    assert page.evaluate("window.kept") is True, "the whole page was loaded"
