"""The order pages, as people without scripts see them; every page that is fetched is checked by tests/pages.py."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask

from tests import factories
from tests.desk import Desk
from tests.emulator import EmulatorClient
from tests.pages import Desk as Browser
from tests.webapp.services.orders.conftest import NOON, Shelf
from tests.webapp.views.orders_desk import behind_pages, sign_in, someone
from webapp.domain.permissions import Role
from webapp.models import Mode
from webapp.services.orders import filters


@pytest.fixture
def desk(quick_app: Flask, one_emulator: EmulatorClient) -> Iterator[Desk]:
    with behind_pages(quick_app, one_emulator) as opened:
        yield opened


@pytest.fixture
def shelf(desk: Desk) -> Shelf:
    return Shelf(desk)


@pytest.fixture
def merchant(quick_app: Flask, desk: Desk) -> Browser:
    return sign_in(quick_app, desk.user_id)


def test_an_empty_list_says_how_orders_come_in(merchant: Browser) -> None:
    page = merchant.get("/orders")
    assert page.heading == "Orders"
    assert "Add one by the provider's reference" in page.text


def test_the_list_shows_orders_with_their_payments(merchant: Browser, shelf: Shelf) -> None:
    shelf.payment(shelf.order("A-1"), refunded_minor=3300)
    page = merchant.get("/orders")
    for words in ("A-1", "Refunded", "Card", "¥3,300", "1 order", "Ha…@Example.test"):
        assert words in page.text


def test_filters_stand_in_the_address_as_chips_that_can_be_removed(merchant: Browser, shelf: Shelf) -> None:
    shelf.payment(shelf.order("A-1"))
    shelf.payment(shelf.order("B-2"), refunded_minor=3300)
    page = merchant.get("/orders?state=refunded&method=credit_card&since=2026-10-01&until=2026-11-01")
    assert "B-2" in page.text
    assert "A-1" not in page.text
    chips = [each for each in page.all("a") if each.attributes.get("class") == "chip"]
    assert ["Payment state: Refunded" in chips[0].text, len(chips)] == [True, 4]
    assert "state=" not in chips[0].attributes["href"]
    assert "method=credit_card" in chips[0].attributes["href"]


@pytest.mark.parametrize(
    "address",
    [
        "/orders?state=nonsense&since=32&until=0001-01-01&shop=x&at=before-x",
        "/orders?q=%00%F0%9F%92%A9&at=after-20261101T120000.000000-" + "z" * 32,
        "/orders?until=9999-12-31&since=9999-12-31&q=" + "9" * 300,
    ],
)
def test_an_address_that_makes_no_sense_still_shows_a_list(merchant: Browser, address: str) -> None:
    assert merchant.get(address).heading == "Orders"


def test_a_number_that_is_searched_for_whole_opens_its_order(merchant: Browser, shelf: Shelf) -> None:
    shelf.order("A-1")
    shelf.order("A-10")
    assert merchant.get("/orders?q=A-1").heading == "Order A-1"
    assert merchant.get("/orders?q=A-").heading == "Orders"


@pytest.mark.parametrize("search", ["3,300", "¥3300", "3300"])
def test_an_amount_is_found_as_people_write_it(merchant: Browser, shelf: Shelf, search: str) -> None:
    shelf.order("A-1")
    shelf.order("B-2", total_minor=100)
    page = merchant.get("/orders", query_string={"q": search})
    assert "A-1" in page.text
    assert "B-2" not in page.text


def test_pages_lead_on_and_back(merchant: Browser, shelf: Shelf) -> None:
    for each in range(26):
        shelf.order(f"A-{each:02}", ordered_at=NOON + timedelta(minutes=each))
    first = merchant.get("/orders")
    assert "26 orders" in first.text
    older = next(each.attributes["href"] for each in first.all("a") if each.attributes.get("rel") == "next")
    last = merchant.get(older)
    assert "A-00" in last.text
    newer = next(each.attributes["href"] for each in last.all("a") if each.attributes.get("rel") == "prev")
    assert "A-25" in merchant.get(newer).text


def test_htmx_gets_the_list_alone_with_the_address_to_show(merchant: Browser, shelf: Shelf) -> None:
    shelf.order("A-1")
    answer = merchant.client.get("/orders?q=&state=&status=paid", headers={"HX-Request": "true"})
    assert "<html" not in answer.text
    assert "A-1" in answer.text
    assert answer.headers["HX-Push-Url"] == "/orders?status=paid"
    assert "HX-Request" in answer.headers["Vary"]


def test_i18_another_shops_orders_are_neither_listed_nor_found(
    merchant: Browser, quick_app: Flask, shelf: Shelf
) -> None:
    other = factories.shop("coffee")
    foreign = shelf.order("B-2", other.id)
    assert "B-2" not in merchant.get(f"/orders?shop={other.id}").text
    assert "B-2" not in merchant.get("/orders/export.csv").text
    assert merchant.get("/orders?q=B-2").heading == "Orders"
    merchant.get(f"/orders/{foreign.id}", status=404)
    token = merchant.get("/").form("/frame/shop").values["csrf_token"]
    merchant.post(f"/orders/{foreign.id}/notes", {"csrf_token": token, "text": "x"}, status=404)
    assert someone(quick_app, other.id, Role.VIEWER).get(f"/orders/{foreign.id}").heading == "Order B-2"


def test_the_order_page_tells_the_money_and_what_can_be_done(merchant: Browser, desk: Desk) -> None:
    payment_id = desk.payment(3300, order_number="A-1")
    desk.run(desk.ask(payment_id, 1000, comment="scratched"))
    page = merchant.get(f"/orders/{desk.row(payment_id).order_id}")
    text = " ".join(re.sub("<[^>]*>", " ", page.text).split())
    assert "Captured ¥3,300 − refunded ¥1,000 − under way ¥0 = ¥2,300 can still be refunded" in text
    assert "Refund up to ¥2,300" in text
    assert "Cancelling: The money is captured already. It can only be refunded." in text
    for words in ("scratched", "Returned", "Ana", "Refund of ¥1,000 was done", "was sent to KOMOJU"):
        assert words in text
    assert f"/payments/{payment_id}/refund" in page.text


def test_while_work_is_under_way_the_page_looks_again_by_itself(merchant: Browser, desk: Desk) -> None:
    payment_id = desk.payment(3300)
    operation_id = desk.ask(payment_id, 1000)
    address = f"/orders/{desk.row(payment_id).order_id}"
    assert 'hx-trigger="every 3s"' in merchant.get(address).text
    block = merchant.client.get(address, headers={"HX-Request": "true", "X-Background": "1"}).text
    assert "<html" not in block
    assert "1 operation is under way." in block
    desk.run(operation_id)
    assert "hx-trigger" not in merchant.client.get(address, headers={"HX-Request": "true"}).text


def test_a_failed_refund_says_why_and_when_it_is_tried_again(merchant: Browser, desk: Desk) -> None:
    payment_id = desk.payment(3300)
    desk.emulator.fault("unauthorised", "refund")
    desk.run(desk.ask(payment_id, 1000))
    text = merchant.get(f"/orders/{desk.row(payment_id).order_id}").text
    assert "Refund failed" in text
    assert "Next try:" in text


def test_a_note_is_written_once_and_keeps_what_was_typed_when_it_is_too_long(merchant: Browser, shelf: Shelf) -> None:
    order = shelf.order("A-1")
    page = merchant.get(f"/orders/{order.id}")
    action = f"/orders/{order.id}/notes"
    wrong = merchant.send(page, action, status=422, text=" ")
    assert wrong.errors == ["Enter a note"]
    long = merchant.send(page, action, status=422, text="x" * 2001)
    assert "x" * 2001 in long.text
    merchant.send(page, action, text="Called <b>her</b>")
    done = merchant.send(page, action, text="Called <b>her</b>")
    assert done.text.count("Called &lt;b&gt;her&lt;/b&gt;") == 1


def test_a_viewer_reads_but_writes_and_adds_nothing(quick_app: Flask, desk: Desk, shelf: Shelf) -> None:
    viewer = someone(quick_app, desk.shop_id, Role.VIEWER)
    order = shelf.order("A-1")
    shelf.payment(order)
    page = viewer.get(f"/orders/{order.id}")
    assert "/notes" not in page.text
    assert "the page names who can help" in page.text
    token = page.form("/frame/shop").values["csrf_token"]
    viewer.post(f"/orders/{order.id}/notes", {"csrf_token": token, "text": "x"}, status=403)
    viewer.get("/orders/add-payment", status=403)


def test_an_order_of_the_other_mode_offers_to_switch_and_no_action(quick_app: Flask, desk: Desk, shelf: Shelf) -> None:
    order = shelf.order("A-1")
    shelf.payment(order)
    live = sign_in(quick_app, desk.user_id, Mode.LIVE)
    page = live.get(f"/orders/{order.id}")
    assert "You work in the other mode" in page.text
    assert "Refund up to" not in page.text
    assert "A-1" not in live.get("/orders").text


def test_a_payment_is_added_by_the_providers_reference(merchant: Browser, desk: Desk) -> None:
    reference = desk.emulator.payment(1200, order_number="A-77")
    form = merchant.get("/orders/add-payment")
    page = merchant.send(form, "/orders/add-payment", provider_ref=f" {reference} ")
    assert page.heading == "Order A-77"
    again = merchant.send(form, "/orders/add-payment", provider_ref=reference)
    assert again.heading == "Order A-77"


@pytest.mark.parametrize(
    ("fault", "reference", "words"),
    [
        (None, "nothing", "knows no payment with this reference"),
        ("unauthorised", None, "refused the account's keys"),
        ("hang_up", None, "does not answer now"),
        ("html_body", None, "does not answer now"),
        (None, "", "Enter the provider's reference"),
        (None, "a b", "without spaces"),
    ],
)
def test_what_the_provider_says_is_told_and_what_was_typed_is_kept(
    merchant: Browser, desk: Desk, fault: str | None, reference: str | None, words: str
) -> None:
    typed = desk.emulator.payment(1200, order_number="A-77") if reference is None else reference
    if fault:
        desk.emulator.fault(fault)
    form = merchant.get("/orders/add-payment")
    page = merchant.send(form, "/orders/add-payment", status=422, provider_ref=typed, order_number="my own")
    assert any(words in error for error in page.errors), page.errors
    assert page.form("/orders/add-payment").values["provider_ref"] == typed
    assert page.form("/orders/add-payment").values["order_number"] == "my own"
    assert page.title.startswith("Error:")


def test_an_account_of_another_shop_cannot_be_chosen(merchant: Browser, desk: Desk) -> None:
    foreign = factories.account(factories.shop("coffee").id, "sk_test_other")
    form = merchant.get("/orders/add-payment")
    page = merchant.send(form, "/orders/add-payment", status=422, provider_ref="x", account_id=str(foreign.id))
    assert page.errors
    assert str(foreign.id) not in [each.attributes.get("value") for each in page.all("option")]


def test_the_file_holds_the_same_rows_and_no_formulas(merchant: Browser, shelf: Shelf) -> None:
    shelf.payment(shelf.order('=1+"2"\r\nx', buyer_name="@sum,1"), provider_ref="-3")
    shelf.order("other", total_minor=1)
    answer = merchant.client.get("/orders/export.csv?state=captured")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="orders.csv"'
    rows = list(csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig"), newline="")))
    assert [row[0] for row in rows] == ["Order", '\'=1+"2"\r\nx']
    assert (rows[1][5], rows[1][7], rows[1][12]) == ("'@sum,1", "3300", "'-3")


def test_a_search_that_looked_through_some_only_says_so_and_gives_no_file(
    merchant: Browser, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filters, "MOST_FOUND", 1)
    for number in ("A-1", "A-2", "A-30"):
        shelf.order(number)
    words, file = "Only some of the orders that begin with this text were looked through.", "/orders/export.csv"
    for address in ("/orders?q=A&status=paid", "/orders?q=A&until=2020-01-01"):
        page = merchant.get(address)
        assert words in page.text
        assert file not in page.text
    answer = merchant.client.get(f"{file}?q=A&status=paid")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/orders?q=A&status=paid")
    page = merchant.get("/orders?q=A-30&status=paid")
    assert words not in page.text
    assert file in page.text
