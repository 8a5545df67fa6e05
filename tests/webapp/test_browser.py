"""The frame in a real browser: the sign-in, focus after errors, shortcuts, the policy, and axe on every page."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server

from tests import axe, factories
from tests.pages import PASSWORD
from tests.webapp.conftest import password_hash
from webapp.domain.permissions import Role
from webapp.models import Shop

pytestmark = pytest.mark.browser
PAGES = (
    "/",
    "/shops",
    "/shops/new",
    "/shops/{shop}",
    "/accounts",
    "/accounts/new/komoju",
    "/accounts/new/klarna",
    "/accounts/{account}",
    "/people",
    "/people/new",
    "/people/{person}",
    "/kill-switches",
    "/audit",
    "/me",
    "/me/password",
    "/me/second-step",
    "/nowhere",
)
EMAIL = "ana@example.test"


@pytest.fixture
def address(quick_app: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, quick_app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def ids(shop: Shop) -> dict[str, uuid.UUID]:
    person = factories.user(shop.id, Role.OWNER, email=EMAIL, password_hash=password_hash())
    return {"shop": shop.id, "account": factories.account(shop.id, "sk").id, "person": person.id}


def sign_in(page: Page, address: str) -> None:
    page.goto(f"{address}/sign-in")
    page.get_by_label("E-mail address").fill(EMAIL)
    page.get_by_label("Password or one-time code").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{address}/")


@pytest.mark.slow  # for CI's time: tests/e2e/test_every_page.py goes over every kind of page in the light one
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page_in_either_scheme(
    browser_page: Page, address: str, ids: dict[str, uuid.UUID], scheme: str
) -> None:
    browser_page.emulate_media(color_scheme=scheme)
    browser_page.goto(f"{address}/sign-in")
    assert axe.violations(browser_page) == []
    sign_in(browser_page, address)
    for path in PAGES:
        browser_page.goto(address + path.format(**ids))
        assert axe.violations(browser_page) == [], path


def test_errors_take_the_focus_and_the_policy_is_never_hurt(
    browser: Browser, address: str, ids: dict[str, uuid.UUID]
) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    reports: list[str] = []
    page.on("console", lambda message: reports.append(message.text) if "Content Security" in message.text else None)
    sign_in(page, address)
    for path in PAGES:
        page.goto(address + path.format(**ids))
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, f"{path} scrolls sideways on a phone"
    page.goto(f"{address}/kill-switches")
    page.get_by_role("button", name="Stop sending").click()
    page.wait_for_selector("#error-summary")
    expect(page.locator("#error-summary")).to_be_focused()
    page.get_by_role("link", name="Enter why sending has to stop").click()
    expect(page.locator("#reason")).to_be_focused()
    assert reports == []
    context.close()


def test_the_desk_works_without_scripts(browser: Browser, address: str, ids: dict[str, uuid.UUID]) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, address)
    page.goto(f"{address}/kill-switches")
    page.get_by_label("Why").fill("Odd answers")
    page.get_by_role("button", name="Stop sending").click()
    expect(page.locator("main")).to_contain_text("Odd answers")
    page.get_by_role("button", name="Let go on").click()
    expect(page.locator("main")).to_contain_text("No switch is thrown")
    context.close()
