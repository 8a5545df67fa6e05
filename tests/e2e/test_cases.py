"""A case in a real browser: found from the home page, read, set aside with the keyboard; passes axe on a phone."""

from __future__ import annotations

import uuid

import pytest
from playwright.sync_api import Page, expect

from tests.axe import violations
from tests.desk import Desk
from tests.webapp.services.cases.cases_desk import cases, compare_twice, refunded, shows_the_past
from webapp.domain.cases import CaseState

pytestmark = pytest.mark.browser


@pytest.fixture
def payment(desk: Desk) -> uuid.UUID:
    """One whose refund of ours the provider does not show any more; made before anybody signs in."""
    made, _operation = refunded(desk)
    shows_the_past(desk)
    compare_twice(desk, made)
    return made


def test_from_the_home_page_to_a_case_that_is_set_aside(payment: uuid.UUID, live: str, signed_in_page: Page) -> None:
    page = signed_in_page
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(live)
    page.get_by_role("link", name="Cases: our books and a provider differ").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Cases")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("link", name="The provider does not show what Paydesk did").click()
    expect(page.get_by_role("heading", name="What to do next")).to_be_visible()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("button", name="Set aside").click()
    expect(page.get_by_role("alert")).to_contain_text("Enter why this is settled")
    page.get_by_label("Why is this settled?").fill("The provider books it tomorrow.")
    page.get_by_role("button", name="Set aside").click()
    expect(page.get_by_text("The case is set aside.")).to_be_visible()
    assert violations(page) == []
    assert cases(payment)[0].state is CaseState.SET_ASIDE
