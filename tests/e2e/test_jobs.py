"""Jobs in a real browser: run now with the workers' own polling, rehearse, and the form of a schedule."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from tasks import sweep
from tasks.worker import Stop, poll
from tests.axe import violations
from tests.desk import Desk
from tests.e2e.conftest import open_tab
from tests.webapp.services.jobs.jobs_desk import cancelled_payment, run_and_send, runs, schedule
from webapp.domain.permissions import Role
from webapp.services.jobs import schedules
from webapp.services.wake_ups import DEFAULT_QUEUE, MONEY_QUEUE

pytestmark = pytest.mark.browser


@contextmanager
def workers() -> Iterator[None]:
    """The loops of a worker for each queue, straight from the database (R18)."""
    stop = Stop()
    loops = [
        threading.Thread(target=poll, args=(queue, os.getppid(), sweep.run_due), kwargs={"stop": stop, "every": 0.1})
        for queue in (DEFAULT_QUEUE, MONEY_QUEUE)
    ]
    for loop in loops:
        loop.start()
    try:
        yield
    finally:
        stop.ask()
        for loop in loops:
            loop.join(timeout=30)


def test_run_now_shows_its_progress_until_every_row_has_its_result(desk: Desk, live: str, signed_in_page: Page) -> None:
    page = signed_in_page
    schedules.ensure()
    for number in range(3):
        cancelled_payment(desk, 1100, order_number=f"TEA-{number}")
    page.goto(f"{live}/jobs")
    page.get_by_role("link", name="Rehearse Refund cancelled orders").click()
    expect(page.locator(".figures")).to_contain_text("¥3,300")
    page.get_by_label("Order number").fill("TEA-1")
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.locator("#answer")).to_contain_text("Order TEA-1: a run would take it.")
    expect(page.locator("#answer")).to_be_focused()
    page.get_by_role("button", name="Run now").dblclick()
    expect(page.get_by_role("status")).to_contain_text("It waits for a worker")
    expect(page.get_by_role("progressbar", name="Progress")).to_be_visible()
    with workers():
        expect(page.get_by_role("status")).to_have_text("It is done. Every row has its result.", timeout=30_000)
    expect(page).to_have_title("Refund cancelled orders: Finished · TEST · Paydesk")
    expect(page.get_by_role("progressbar")).to_have_count(0)
    expect(page.get_by_role("link", name="Refunded 3")).to_be_visible()
    expect(page.locator("tbody .tag", has_text="Refunded")).to_have_count(3)
    assert len(runs("refund")) == 1


def test_a_schedule_with_an_error_then_right(
    desk: Desk, live: str, live_app: tuple[Flask, str], browser: Browser
) -> None:
    context = browser.new_context(bypass_csp=True, locale="en-GB")
    page = open_tab(live, live_app[0], desk, context, Role.ADMIN, name="Ada")
    schedules.ensure()
    page.goto(f"{live}/jobs/schedules/{schedule('refund', desk.shop_id).id}")
    expect(page.get_by_label("Cron text")).to_be_hidden()
    page.get_by_label("By cron").check()
    page.get_by_label("Cron text").fill("every morning")
    page.get_by_label("sunday").uncheck()
    page.get_by_role("button", name="Save the schedule").click()
    expect(page.locator("#error-summary")).to_be_focused()
    assert violations(page) == []
    page.get_by_role("link", name="Enter five fields").click()
    expect(page.locator("#cron")).to_be_focused()
    expect(page.get_by_label("Cron text")).to_have_value("every morning")
    page.get_by_label("Cron text").fill("30 8 * * *")
    page.get_by_role("button", name="Show the next runs").click()
    notice = page.locator(".notice")
    expect(notice).to_contain_text("by cron 30 8 * * *, Mon–Sat")
    expect(notice).to_contain_text("Next runs: ")
    expect(page.locator("[data-focus]")).to_be_focused()
    assert violations(page) == []
    page.get_by_role("button", name="Save the schedule").click()
    expect(page.locator("#messages")).to_contain_text("The schedule is saved.")
    expect(page.locator("main")).to_contain_text("by cron 30 8 * * *")
    context.close()


@pytest.mark.parametrize("width", [390, pytest.param(1280, marks=pytest.mark.slow)])  # for CI's time
def test_axe_finds_nothing_on_the_pages_of_the_jobs(
    desk: Desk, live: str, live_app: tuple[Flask, str], browser: Browser, width: int
) -> None:
    context = browser.new_context(bypass_csp=True, viewport={"width": width, "height": 900}, locale="en-GB")
    page = open_tab(live, live_app[0], desk, context, Role.OWNER, name="Odile")
    schedules.ensure()
    cancelled_payment(desk, 5000, order_number="TEA-K", method="konbini", state="captured")
    cancelled_payment(desk, 3300, order_number="TEA-A")
    desk.emulator.fault("error_before", call="refund", status=404, times=1)
    failed = run_and_send(desk, "refund")
    refund = f"/jobs/refund/{desk.shop_id}"
    addresses = ("/jobs", refund, f"{refund}/rehearsal?order=TEA-A", f"/jobs/runs/{failed}")
    for address in (*addresses, f"/jobs/schedules/{schedule('cancel', desk.shop_id).id}"):
        page.goto(f"{live}{address}")
        assert violations(page) == [], address
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{address} is wider than {width}"
    context.close()
