"""A file of orders in a real browser: wrong, mended, brought in; the page follows by itself."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests import axe
from tests.desk import Desk
from tests.webapp.services.imports.files import text
from tests.webapp.services.orders.conftest import Shelf
from webapp.services.imports import running

pytestmark = pytest.mark.browser


@pytest.fixture
def worker(desk: Desk) -> Iterator[None]:
    """Moves imports on, as the default queue's worker does."""
    stop = threading.Event()

    def work() -> None:
        while not stop.wait(0.1):
            running.run()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    yield
    stop.set()
    thread.join(timeout=30)


def send(page: Page, live: str, file: Path) -> None:
    """Choose the file and send the form."""
    page.goto(f"{live}/imports")
    page.get_by_label("CSV file").set_input_files(file)
    page.get_by_role("button", name="Check the file").click()
    page.wait_for_url("**/imports/*-*")


def look(page: Page) -> None:
    """The page at both widths."""
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert axe.violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.timeout(300)
def test_a_file_with_errors_is_mended_and_brought_in(
    signed_in_page: Page, live: str, desk: Desk, worker: None, tmp_path: Path
) -> None:
    page, file = signed_in_page, tmp_path / "orders.csv"
    shelf = Shelf(desk)
    shelf.payment(shelf.order("B-1"))
    page.goto(f"{live}/imports")
    look(page)
    file.write_bytes(text("A-1,JPY,1.5,paid", "A-2,JPY,2,gone"))
    send(page, live, file)
    expect(page.get_by_text("The file cannot be imported")).to_be_visible(timeout=20_000)
    expect(page.get_by_role("row", name="Line 2, total")).to_be_visible()
    look(page)
    file.write_bytes(text("A-1,JPY,15,paid", "B-1,JPY,3300,cancelled"))
    send(page, live, file)
    expect(page.get_by_text("1 payment would be refunded: ¥3,300")).to_be_visible(timeout=20_000)
    look(page)
    page.get_by_role("button", name="Import 2 orders").click()
    expect(page.get_by_text("Brought in", exact=True)).to_be_visible(timeout=20_000)
    look(page)
    page.goto(f"{live}/orders?q=B-1")
    expect(page.get_by_text("Status changed from “paid” to “cancelled”")).to_be_visible()
    look(page)
    page.get_by_label("Status", exact=True).select_option(label="shipped")
    page.get_by_role("button", name="Change status").click()
    expect(page.get_by_text("The status is changed.")).to_be_visible()
