"""R16 in a real browser: a double click, two tabs and the back button make one refund."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.desk import Desk
from tests.e2e.test_refund_path import fill, only_operation

pytestmark = pytest.mark.browser


def check_page(page: Page, live: str, payment: object, amount: str = "1200") -> None:
    page.goto(f"{live}/payments/{payment}/refund")
    fill(page, amount)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Check the refund")


def test_r16_a_double_click_makes_one_refund(desk: Desk, live: str, signed_in_page: Page) -> None:
    payment = desk.payment(3300)
    check_page(signed_in_page, live, payment)
    signed_in_page.get_by_role("button", name="Refund ¥1,200 by card").dblclick()
    expect(signed_in_page.get_by_role("heading", level=1)).to_have_text("Refund of ¥1,200 is on its way")
    assert only_operation().amount_minor == 1200
    assert desk.row(payment).refund_reserved_minor == 1200


def test_r16_the_guard_is_the_server_and_not_the_script(desk: Desk, live: str, signed_in_page: Page) -> None:
    payment = desk.payment(3300)
    check_page(signed_in_page, live, payment)
    statuses = signed_in_page.evaluate(
        """async () => {
            const form = document.getElementById("check");
            const send = () => fetch(form.action, {method: "POST", body: new URLSearchParams(new FormData(form))});
            return (await Promise.all([send(), send(), send(), send()])).map((answer) => answer.status);
        }"""
    )
    assert statuses == [200] * 4
    assert only_operation().amount_minor == 1200


def test_r16_the_same_check_page_in_two_tabs_ends_on_the_same_refund(
    desk: Desk, live: str, signed_in_page: Page, browser_context: BrowserContext
) -> None:
    payment = desk.payment(3300)
    check_page(signed_in_page, live, payment)
    second = browser_context.new_page()
    second.goto(f"{live}/payments/{payment}/refund")
    second.set_content(signed_in_page.content().replace('action="/', f'action="{live}/'))
    signed_in_page.get_by_role("button", name="Refund ¥1,200 by card").click()
    second.get_by_role("button", name="Refund ¥1,200 by card").click()
    second.wait_for_url("**/operations/**")
    expect(second).to_have_url(signed_in_page.url)
    assert only_operation().amount_minor == 1200


def test_two_tabs_with_forms_of_their_own_show_the_second_what_the_first_did(
    desk: Desk, live: str, signed_in_page: Page, browser_context: BrowserContext
) -> None:
    payment = desk.payment(3300)
    second = browser_context.new_page()
    check_page(second, live, payment, "800")
    check_page(signed_in_page, live, payment)
    signed_in_page.get_by_role("button", name="Refund ¥1,200 by card").click()
    second.get_by_role("button", name="Refund ¥800 by card").click()
    expect(second.locator("#error-summary")).to_contain_text("Ana asked for ¥1,200 in the meantime. It is now ¥2,100.")
    expect(second.get_by_label("Amount")).to_have_value("800")
    assert only_operation().amount_minor == 1200


def test_back_keeps_what_was_typed_and_sending_again_from_there_finds_the_first(
    desk: Desk, live: str, signed_in_page: Page
) -> None:
    page = signed_in_page
    payment = desk.payment(3300)
    check_page(page, live, payment)
    page.go_back()
    expect(page.get_by_label("Amount")).to_have_value("1200")
    expect(page.get_by_label("Comment for colleagues")).to_have_value("Box was wet")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Refund ¥1,200 by card").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Refund of ¥1,200 is on its way")
    assert only_operation().amount_minor == 1200


def test_back_from_the_result_shows_the_result_and_never_the_browsers_error_page(
    desk: Desk, live: str, signed_in_page: Page
) -> None:
    page = signed_in_page
    payment = desk.payment(3300)
    check_page(page, live, payment)
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Check the refund")
    page.get_by_role("button", name="Refund ¥1,200 by card").click()
    page.wait_for_url("**/operations/**")
    result = page.url
    page.go_back()
    expect(page).to_have_url(result)
    assert only_operation().amount_minor == 1200


def test_back_from_the_form_that_change_brought_opens_the_check_page(
    desk: Desk, live: str, signed_in_page: Page
) -> None:
    page = signed_in_page
    check_page(page, live, desk.payment(3300))
    page.get_by_role("button", name="Change comment").click()
    expect(page.get_by_label("Comment for colleagues")).to_have_value("Box was wet")
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Check the refund")
    page.go_forward()
    expect(page.get_by_label("Comment for colleagues")).to_have_value("Box was wet")
