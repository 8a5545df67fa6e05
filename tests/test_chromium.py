"""The browser and axe work here, and axe can find something."""

import pytest
from playwright.sync_api import Page

from tests.axe import violations

pytestmark = pytest.mark.browser


def test_axe_finds_a_planted_fault_and_only_that(browser_page: Page) -> None:
    browser_page.set_content(
        "<!doctype html><html lang=en><title>Page</title><main><h1>Page</h1><img src='data:,'></main>"
    )

    assert [found.rule for found in violations(browser_page)] == ["image-alt"]
