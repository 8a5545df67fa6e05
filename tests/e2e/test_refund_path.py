"""The way of a refund in a real browser: form, errors, check, result; with scripts and without."""

from __future__ import annotations

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from tests import factories
from tests.axe import violations
from tests.desk import Desk
from tests.e2e.conftest import open_tab
from webapp.domain.operations import OperationState
from webapp.domain.permissions import Role
from webapp.models import Operation
from webapp.services.unit_of_work import in_transaction

pytestmark = pytest.mark.browser


def only_operation() -> Operation:
    return in_transaction(lambda tx: tx.query(Operation).one())


def fill(page: Page, amount: str) -> None:
    page.get_by_label("A part").check()
    page.get_by_label("Amount").fill(amount)
    page.get_by_label("Reason").select_option(label="Returned")
    page.get_by_label("Comment for colleagues").fill("Box was wet")


def test_a_refund_from_form_to_done_with_the_page_refreshing_itself(
    desk: Desk, live: str, signed_in_page: Page
) -> None:
    page = signed_in_page
    payment = desk.payment(3300, order_number="10023")
    page.goto(f"{live}/payments/{payment}/refund")
    expect(page.get_by_label("Amount")).to_be_hidden()
    page.get_by_role("button", name="Continue").click()
    expect(page).to_have_title("Error: Refund order 10023 · TEST · Paydesk")
    expect(page.locator("#error-summary")).to_be_focused()
    page.get_by_role("link", name="Choose a reason for the refund").click()
    expect(page.locator("#reason")).to_be_focused()
    fill(page, "10.5")
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("#amount-error")).to_contain_text("Amount must have no decimals, like 1200")
    expect(page.get_by_label("Comment for colleagues")).to_have_value("Box was wet")
    page.get_by_label("Amount").fill("1,200")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Change amount").click()
    expect(page.get_by_label("Amount")).to_have_value("1,200")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Refund ¥1,200 by card").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Refund of ¥1,200 is on its way")
    desk.run(only_operation().id)
    expect(page.get_by_role("heading", level=1)).to_have_text("¥1,200 is refunded", timeout=10_000)
    expect(page.get_by_role("status")).to_contain_text("KOMOJU has carried it out")
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("¥1,200 is refunded")
    assert [effect["amount_minor"] for effect in desk.effects(payment)] == [1200]


def test_the_whole_way_works_without_scripts(
    desk: Desk, live: str, live_app: tuple[Flask, str], browser: Browser
) -> None:
    context = browser.new_context(java_script_enabled=False, locale="en-GB")
    page = open_tab(live, live_app[0], desk, context, Role.MERCHANT)
    payment = desk.payment(3300, order_number="10023")
    page.goto(f"{live}/payments/{payment}/refund")
    expect(page.get_by_label("Amount")).to_be_visible()
    fill(page, "1 200")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Change comment").click()
    expect(page.get_by_label("Comment for colleagues")).to_have_value("Box was wet")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Refund ¥1,200 by card").click()
    desk.run(only_operation().id)
    page.get_by_role("link", name="Look again").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("¥1,200 is refunded")
    context.close()


def test_stopping_and_asking_work_in_place(desk: Desk, live: str, signed_in_page: Page) -> None:
    page = signed_in_page
    desk.emulator.fault("timeout_after", call="refund", times=1, seconds=0.05)
    operation = desk.ask(desk.payment(3300), 1000)
    desk.run(operation)
    page.goto(f"{live}/operations/{operation}")
    page.get_by_role("button", name="Ask the provider").click()
    expect(page.locator("#messages")).to_contain_text("The provider is being asked.")
    desk.run(operation)
    expect(page.get_by_role("heading", level=1)).to_have_text("¥1,000 is refunded", timeout=15_000)
    waiting = desk.ask(desk.payment(3300), 1000)
    page.goto(f"{live}/operations/{waiting}")
    page.get_by_role("button", name="Stop it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Refund of ¥1,000 was stopped")
    assert desk.operation(waiting).state is OperationState.WITHDRAWN


@pytest.mark.parametrize("width", [390, pytest.param(1280, marks=pytest.mark.slow)])  # for CI's time
def test_axe_finds_nothing_on_the_money_pages(
    desk: Desk, live: str, live_app: tuple[Flask, str], browser: Browser, width: int
) -> None:
    context = browser.new_context(bypass_csp=True, viewport={"width": width, "height": 900}, locale="en-GB")
    page = open_tab(live, live_app[0], desk, context, Role.OWNER, name="Odile")
    for address in pages_of(desk):
        page.goto(f"{live}{address}")
        assert violations(page) == [], address
        wide = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
        assert not wide, f"{address} is wider than {width}"
    konbini = desk.payment(5400, method="konbini", state="captured")
    page.goto(f"{live}/payments/{konbini}/refund")
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("#error-summary")).to_be_focused()
    assert violations(page) == [], "errors of the bank form"
    card = desk.payment(3300)
    page.goto(f"{live}/payments/{card}/refund")
    fill(page, "50")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Check the refund")
    assert violations(page) == [], "check"
    context.close()


def pages_of(desk: Desk) -> list[str]:
    """A page of each kind, made real with the engine."""
    done = desk.ask(desk.payment(3300), 500)
    desk.run(done)
    desk.emulator.fault("timeout_after", call="refund", times=1, seconds=0.05)
    unknown = desk.ask(closed := desk.payment(3300), 500)
    desk.run(unknown)
    desk.emulator.fault("error_before", call="refund", status=404, times=1)
    failed = desk.ask(open_again := desk.payment(3300), 500)
    desk.run(failed)
    sent = desk.ask(desk.payment(3300), 500, reason_id=factories.reason(desk.shop_id))
    desk.emulator.fault("wrong_amount", call="refund", times=1)
    review = desk.ask(desk.payment(3300), 500)
    for _ in range(2):
        desk.make_due(review)
        desk.run(review)
    operations = [f"/operations/{each}" for each in (done, unknown, failed, sent, review)]
    refunds = [f"/payments/{each}/refund" for each in (closed, open_again)]
    cancel = f"/payments/{desk.payment(8000, capture='manual')}/cancel"
    return [
        *operations,
        *refunds,
        cancel,
        f"/operations/{review}/settle",
        "/refunds",
        "/refunds?state=done",
        "/unknown",
        "/review",
    ]
