"""API keys in a real browser: made, shown once, used by a program, revoked; both widths, without a fault for axe."""

from __future__ import annotations

import httpx
import pytest
from flask import Flask
from playwright.sync_api import BrowserContext, expect

from tests.axe import violations
from tests.desk import Desk
from tests.e2e.conftest import open_tab
from webapp.domain.permissions import Role

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", [1280, 390])
def test_a_key_is_made_shown_once_used_and_revoked(
    desk: Desk, live: str, live_app: tuple[Flask, str], browser_context: BrowserContext, width: int
) -> None:
    page = open_tab(live, live_app[0], desk, browser_context, Role.OWNER)
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{live}/api-keys/new")
    page.get_by_role("button", name="Make the key").click()
    expect(page.get_by_role("alert")).to_contain_text("Choose at least one shop")
    page.get_by_label("Name", exact=True).fill("ERP")
    page.get_by_label("Tea", exact=True).check()
    page.get_by_label("refund", exact=True).check()
    page.get_by_role("button", name="Make the key").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Key for ERP")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    token = page.locator("#api-key").inner_text()
    answer = httpx.get(f"{live}/api/v1/orders", headers={"Authorization": f"Bearer {token}"}, trust_env=False)
    assert answer.status_code == 200
    page.goto(f"{live}/api-keys")
    expect(page.get_by_text(token)).to_have_count(0)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_role("button", name="Revoke ERP").click()
    expect(page.get_by_text("Nothing is done with it any more.")).to_be_visible()
    answer = httpx.get(f"{live}/api/v1/orders", headers={"Authorization": f"Bearer {token}"}, trust_env=False)
    assert answer.status_code == 401
