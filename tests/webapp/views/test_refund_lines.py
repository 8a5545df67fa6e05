"""A refund by order lines: form, check, result, refusals that keep what was typed; and the lines on the order page."""

from __future__ import annotations

import uuid

from tests import factories
from tests.desk import Desk
from tests.webapp.services.operations.test_refund_lines import klarna_basket, svea_basket
from tests.webapp.views.test_captures import all_words, lines_of, operations
from tests.webapp.views.test_refunds import form_of
from tests.webapp.visitor import Seen, Visitor
from webapp.services.operations.kept_lines import load


def fill(desk: Desk, form: Seen, **pieces: str) -> dict[str, str]:
    fields = lines_of(form)
    wanted = {fields[name]: count for name, count in pieces.items()}
    return {"how_much": "lines", "reason": str(factories.reason(desk.shop_id)), **wanted}


def order_page(desk: Desk, merchant: Visitor, payment: uuid.UUID) -> str:
    return all_words(merchant.get(f"/orders/{desk.row(payment).order_id}"))


def test_lines_are_chosen_checked_and_given_back(desk: Desk, merchant: Visitor) -> None:
    payment = klarna_basket(desk)
    form = form_of(merchant, payment)
    check = merchant.submit(form, "/refund", **fill(desk, form, Mug="1"))
    assert "Mug Article number: SKU-2 1 pcs SEK124.50 25 % SEK124.50" in all_words(check)
    assert check.buttons("/send")[-1].text.startswith("Refund SEK124.50 by")
    back = merchant.press(check, "/send", "Change order lines")
    assert back.the_form("/refund").values[lines_of(form)["Mug"]] == "1"
    merchant.submit(check, "/send")
    made = operations()[-1]
    assert (made.amount_minor, [(line.name, line.quantity) for line in load(made.lines)]) == (12450, [("Mug", 1)])
    for _ in range(2):
        desk.run_now(made.id)
        desk.later(seconds=61)
    assert desk.row(payment).refunded_minor == 12450
    page = order_page(desk, merchant, payment)
    assert "Kettle Article number: SKU-1 1 pcs SEK500.00 25 % 1 captured SEK500.00" in page
    assert "2 captured 1 refunded SEK249.00" in page
    desk.assert_books_are_whole()


def test_what_is_refused_keeps_what_was_typed_and_tells_all_of_it(desk: Desk, merchant: Visitor) -> None:
    payment = klarna_basket(desk)
    form = form_of(merchant, payment)
    wrong = merchant.submit(form, "/refund", **fill(desk, form, Mug="3", Kettle="0,5") | {"reason": ""})
    assert wrong.status == 422
    assert wrong.field_errors == [
        "Enter a whole number from 0 to 1 for Kettle",
        "Enter a whole number from 0 to 2 for Mug",
        "Choose a reason for the refund",
    ]
    kept = wrong.the_form("/refund").values
    assert (kept[lines_of(form)["Mug"]], kept[lines_of(form)["Kettle"]]) == ("3", "0,5")
    none = merchant.submit(form, "/refund", **fill(desk, form))
    assert none.field_errors == ["Enter how many pieces of which lines to refund"]


def test_lines_are_never_more_than_what_is_left(desk: Desk, merchant: Visitor) -> None:
    payment = klarna_basket(desk)
    check = merchant.submit(form_of(merchant, payment), "/refund", **fill(desk, form_of(merchant, payment), Mug="2"))
    desk.ask(payment, 70000)
    late = merchant.submit(check, "/send")
    assert late.status == 409
    assert "It is now SEK49.00." in late.words
    assert not lines_of(late), "a refund by amount is under way, and which lines it is about nobody knows"


def test_rows_of_svea_are_credited_and_a_payment_without_lines_is_asked_as_before(
    desk: Desk, merchant: Visitor
) -> None:
    plain = form_of(merchant, desk.payment(3300))
    ways = [each.attributes["value"] for each in plain.all("input") if each.attributes.get("name") == "how_much"]
    assert ways == ["rest", "part"]
    form = form_of(merchant, svea_basket(desk))
    merchant.submit(merchant.submit(form, "/refund", **fill(desk, form, Kettle="1")), "/send")
    made = operations()[-1]
    assert (made.amount_minor, load(made.lines)[0].provider_line_ref) == (50000, "1")


def test_an_order_without_lines_says_so(desk: Desk, merchant: Visitor) -> None:
    assert "This order has no lines." in order_page(desk, merchant, desk.payment(3300))
