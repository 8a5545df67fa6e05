"""The pages of a capture: form, check, result; whole, a part, by order lines, and why not."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Sequence

import pytest
from sqlalchemy import select

from providers.kinds import OperationKind
from providers.planning import WishKind
from tests.desk import Desk
from tests.klarna_desk import order, use_klarna
from tests.providers.klarna.samples import KETTLE, MUGS
from tests.svea_desk import basket, use_svea
from tests.webapp.visitor import Seen, Visitor
from webapp.domain.operations import OperationState
from webapp.domain.permissions import Role
from webapp.models import Operation, Payment
from webapp.services.operations.kept_lines import load
from webapp.services.unit_of_work import in_transaction


def operations() -> Sequence[Operation]:
    return in_transaction(lambda tx: tx.scalars(select(Operation).order_by(Operation.step)).all())


def form_of(merchant: Visitor, payment: uuid.UUID) -> Seen:
    return merchant.get(f"/payments/{payment}/capture")


def all_words(page: Seen) -> str:
    """What stands on a page with pictures in it, where the reader of tests stops early."""
    return " ".join(re.sub("<[^>]*>", " ", page.text).split())


def lines_of(page: Seen) -> dict[str, str]:
    """The names of the fields of the order lines, by the first word of their label."""
    labels = {each.attributes.get("for", ""): each.text.split(":")[0].strip() for each in page.all("label")}
    return {word: name for name, word in labels.items() if name.startswith("line_")}


def test_a_part_is_captured_after_form_and_check_that_tells_the_state_that_results(
    desk: Desk, merchant: Visitor
) -> None:
    use_klarna(desk)
    payment = order(desk, 79900)
    form = form_of(merchant, payment)
    assert form.h1.startswith("Capture the payment of order")
    assert "Can be captured now SEK799.00" in form.words
    check = merchant.submit(form, "/capture", how_much="part", amount="300")
    assert operations() == []
    assert check.buttons("/send")[-1].text.startswith("Capture SEK300.00 by")
    assert "Reserved → Partly captured" in check.words
    result = merchant.submit(check, "/send")
    (made,) = operations()
    assert (made.kind, made.amount_minor, made.wish_kind) == (OperationKind.CAPTURE, 30000, WishKind.CAPTURE)
    assert result.h1 == "Capture of SEK300.00 is on its way"
    assert merchant.submit(check, "/send").h1 == result.h1, "the same form finds the same capture (R16)"
    assert len(operations()) == 1
    desk.run_now(made.id)
    desk.run_now(made.id)
    done = merchant.get(f"/operations/{made.id}")
    assert "ご請求いたしました" in done.words, "the text for the customer, in the shop's language"
    assert desk.row(payment).captured_minor == 30000
    desk.assert_books_are_whole()


def test_order_lines_are_chosen_by_their_quantities_and_told_on_the_check_page(desk: Desk, merchant: Visitor) -> None:
    use_klarna(desk)
    payment = order(desk, 74900, lines=[KETTLE, MUGS])
    form = form_of(merchant, payment)
    fields = lines_of(form)
    assert set(fields) == {"Kettle", "Mug"}
    wrong = merchant.submit(form, "/capture", **{"how_much": "lines", fields["Mug"]: "3"})
    assert (wrong.status, wrong.field_errors) == (422, ["Enter a whole number from 0 to 2 for Mug"])
    nothing = merchant.submit(form, "/capture", how_much="lines")
    assert nothing.field_errors == ["Enter how many pieces of which lines to capture"]
    check = merchant.submit(form, "/capture", **{"how_much": "lines", fields["Mug"]: "1"})
    assert "Mug Article number: SKU-2 1 pcs SEK124.50 25 % SEK124.50" in all_words(check)
    back = merchant.press(check, "/send", "Change order lines")
    assert back.the_form("/capture").values[fields["Mug"]] == "1"
    merchant.submit(check, "/send")
    (made,) = operations()
    assert (made.amount_minor, [(line.name, line.quantity) for line in load(made.lines)]) == (12450, [("Mug", 1)])


def test_where_the_provider_delivers_by_rows_a_part_is_asked_for_by_lines_only(desk: Desk, merchant: Visitor) -> None:
    use_svea(desk)
    form = form_of(merchant, basket(desk))
    ways = [each.attributes["value"] for each in form.all("input") if each.attributes.get("name") == "how_much"]
    assert ways == ["rest", "lines"]
    refused = merchant.submit(form, "/capture", how_much="part", amount="300")
    assert refused.field_errors == ["Choose how much to capture"]
    merchant.submit(merchant.submit(form, "/capture", **{"how_much": "lines", lines_of(form)["Kettle"]: "1"}), "/send")
    (made,) = operations()
    assert (made.amount_minor, load(made.lines)[0].provider_line_ref) == (50000, "1")


def test_a_part_that_gives_the_rest_back_says_so(desk: Desk, merchant: Visitor) -> None:
    use_svea(desk)
    form = form_of(merchant, basket(desk, "Card"))
    assert "the provider gives the rest back to the buyer" in form.words
    check = merchant.submit(form, "/capture", how_much="part", amount="600")
    assert "Given back to the buyer SEK200.00" in check.words
    assert "Reserved → Captured" in check.words


def test_a_hold_that_lapses_soon_is_warned_of_here_and_on_the_order(desk: Desk, merchant: Visitor) -> None:
    use_klarna(desk)
    payment = order(desk)
    place = f"/orders/{desk.row(payment).order_id}"
    assert "The reservation lapses soon" not in form_of(merchant, payment).words
    assert "Lapses soon" not in merchant.get(place).text
    now = desk.clock.wall()
    desk.change(Payment, payment, hold_expires_at=now)
    assert "The reservation lapses soon" in form_of(merchant, payment).words
    assert "Lapses soon" in merchant.get(place).text


def test_what_the_provider_still_checks_is_held_back_with_the_reason(desk: Desk, merchant: Visitor) -> None:
    use_svea(desk)
    payment = basket(desk, system_status="Pending")
    why = "The provider is still checking the order. Do not ship it yet."
    for page in (form_of(merchant, payment), merchant.get(f"/payments/{payment}/cancel-or-refund")):
        assert why in page.words
        assert not page.has_form(f"/payments/{payment}/capture")
    on_order = merchant.get(f"/orders/{desk.row(payment).order_id}")
    assert f"Capturing: {why}" in all_words(on_order)
    assert f"Cancelling or refunding: {why}" in all_words(on_order)


def test_captured_meanwhile_comes_back_with_fresh_numbers_R16(desk: Desk, merchant: Visitor) -> None:
    use_klarna(desk)
    payment = order(desk, 1000)
    check = merchant.submit(form_of(merchant, payment), "/capture", how_much="part", amount="6")
    desk.ask(payment, 500, OperationKind.CAPTURE)
    page = merchant.submit(check, "/send")
    assert page.status == 409
    assert "It is now SEK5.00." in page.words
    assert len(operations()) == 1


@pytest.mark.parametrize("path", ["capture", "cancel-or-refund"])
def test_support_may_do_neither_and_sees_who_can(desk: Desk, visitor_as: Callable[..., Visitor], path: str) -> None:
    payment = desk.payment(8000, capture="manual")
    page = visitor_as(Role.SUPPORT).get(f"/payments/{payment}/{path}")
    assert page.status == 403
    assert "Ana" in page.words


def test_a_payment_that_is_captured_is_not_captured_again(desk: Desk, merchant: Visitor) -> None:
    page = form_of(merchant, desk.payment(3300))
    assert not page.has_form("/capture")
    assert "The money is captured already. It can only be refunded." in page.words


def test_a_plain_yes_that_a_read_has_to_show_is_told_as_a_yes_and_not_as_doubt_R5(
    desk: Desk, merchant: Visitor
) -> None:
    use_klarna(desk)
    payment = order(desk, 79900)
    made = desk.ask(payment, 79900, OperationKind.CAPTURE)
    assert desk.run_now(made).state is OperationState.UNKNOWN
    result = merchant.get(f"/operations/{made}")
    assert result.h1 == "Capture of SEK799.00 is on its way"
    assert "Klarna said yes. We call it done when the payment shows it there." in result.words
    page = merchant.get(f"/orders/{desk.row(payment).order_id}")
    assert "Accepted by the provider" in all_words(page)
    assert "We do not know yet" not in all_words(page)
    desk.run_now(made)
    assert merchant.get(f"/operations/{made}").h1 == "SEK799.00 is captured"
