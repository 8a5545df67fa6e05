"""Another amount of a payment by form, check and send, as a browser without scripts sees it, on both databases."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from tests import klarna_desk, svea_desk
from tests.desk import Desk
from tests.providers.klarna.samples import KETTLE, MUGS
from tests.webapp.visitor import Seen, Visitor
from webapp.domain.permissions import Role
from webapp.models import Operation, Order, Payment
from webapp.services.operations import kept_lines
from webapp.services.unit_of_work import in_transaction

HTMX = {"HX-Request": "true"}


@pytest.fixture
def payment(desk: Desk) -> uuid.UUID:
    """A kettle and two mugs for 749 kronor at Klarna."""
    return klarna_desk.order(klarna_desk.use_klarna(desk), 74900, settled=False, lines=[KETTLE, MUGS])


def form_of(merchant: Visitor, payment: uuid.UUID) -> Seen:
    return merchant.get(f"/payments/{payment}/amount")


def only_operation() -> Operation:
    return in_transaction(lambda tx: tx.scalars(select(Operation)).one())


def operations() -> int:
    return in_transaction(lambda tx: tx.execute(select(func.count(Operation.id))).scalar_one())


def edit(merchant: Visitor, page: Seen, wanted: str, **typed: str) -> Seen:
    """Press a button that edits the lines."""
    return merchant.submit(page, "/amount", edit=wanted, **typed)


ONE_MUG = {"line_1_quantity": "1"}


def test_form_check_and_send_file_one_change_with_its_lines(desk: Desk, merchant: Visitor, payment: uuid.UUID) -> None:
    form = form_of(merchant, payment)
    values = form.the_form("/amount").values
    assert form.h1.startswith("Change the amount of order")
    assert (values["line_0_name"], values["line_1_quantity"], values["line_1_unit_price"]) == ("Kettle", "2", "124.50")
    assert "The lines come to SEK749.00" in form.words
    check = merchant.submit(form, "/amount", **ONE_MUG, comment="one mug less")
    assert (check.status, operations()) == (200, 0)
    assert "SEK749.00 → SEK624.50" in check.words
    assert "VAT 25 %: SEK624.50, of which SEK124.90 VAT" in check.words
    assert check.buttons("/send")[-1].text == "Lower the invoice payment to SEK624.50"
    result = merchant.submit(check, "/send")
    operation = only_operation()
    assert (operation.new_total_minor, operation.amount_minor, operation.comment) == (62450, 12450, "one mug less")
    lines = kept_lines.load(operation.lines)
    assert [(line.name, line.total_minor, line.reference) for line in lines] == [
        ("Kettle", 50000, "SKU-1"),
        ("Mug", 12450, "SKU-2"),
    ]
    assert result.h1 == "Amount change of SEK124.50 is on its way"
    assert "New amount SEK624.50" in result.words


def test_lines_come_and_go_without_scripts_and_everything_typed_stays(
    desk: Desk, merchant: Visitor, payment: uuid.UUID
) -> None:
    more = edit(merchant, form_of(merchant, payment), "add", comment="a lamp", line_0_name="Big kettle")
    values = more.the_form("/amount").values
    assert (more.status, values["line_2_name"], values["line_0_name"]) == (200, "", "Big kettle")
    assert values["comment"] == "a lamp"
    assert "The lines cannot be summed up yet." in more.words
    lamp = {"line_2_name": "Lamp", "line_2_quantity": "1", "line_2_unit_price": "100", "line_2_vat_rate": "12 %"}
    less = edit(merchant, more, "remove-1", **lamp)
    values = less.the_form("/amount").values
    assert "line_1_name" not in values
    assert (values["line_2_name"], values["line_2_vat_rate"], values["comment"]) == ("Lamp", "12 %", "a lamp")
    assert "The lines come to SEK600.00" in less.words
    merchant.submit(merchant.submit(less, "/amount"), "/send")
    lines = kept_lines.load(only_operation().lines)
    assert [(line.name, line.tax_rate_bp, line.tax_minor) for line in lines] == [
        ("Big kettle", 2500, 10000),
        ("Lamp", 1200, 1071),
    ]


def test_with_scripts_the_buttons_answer_with_the_part_only(desk: Desk, merchant: Visitor, payment: uuid.UUID) -> None:
    form = form_of(merchant, payment).the_form("/amount")
    answer = merchant.client.post(form.action, data=form.values | {"edit": "add"}, headers=HTMX)
    part = Seen(answer)
    assert answer.status_code == 200
    assert "<html" not in part.text
    focused = [each.attributes["id"] for each in part.all("input") if "autofocus" in each.attributes]
    assert focused == ["line_2_name"]
    summed = merchant.client.post(form.action, data=form.values | ONE_MUG | {"edit": "sum"}, headers=HTMX)
    assert "624.50" in summed.get_data(as_text=True)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"amount": "700"}, "The lines come to SEK749.00, not to SEK700.00. Change one of both"),
        ({"amount": "0"}, "Amount must be more than SEK0.00. To release all of it, cancel the payment"),
        ({}, "SEK749.00 is the amount already. Enter another one"),
        ({"line_1_name": " "}, "Enter the name of the line"),
        ({"line_1_quantity": "1.5"}, "The provider takes only whole numbers of pieces. Enter a quantity like 1 or 2"),
        ({"line_1_quantity": "none"}, "Enter the quantity using numbers, like 1 or 2.5"),
        ({"line_1_quantity": "0"}, "Quantity must be more than 0 and 1,000,000 or less"),
        ({"line_1_unit_price": "1.0005"}, "Amount must have 2 decimals or fewer"),
        ({"line_1_unit_price": ""}, "Enter the price of one"),
        ({"line_1_vat_rate": "101"}, "VAT rate must be 100 percent or less"),
        ({"line_1_vat_rate": "half"}, "Enter the VAT rate in percent, like 25 or 5.5"),
        ({"comment": "x" * 1001}, "Comment must be 1,000 characters or fewer"),
    ],
)
def test_bad_input_is_named_at_its_field_and_everything_typed_is_kept(
    desk: Desk, merchant: Visitor, payment: uuid.UUID, changes: dict[str, str], message: str
) -> None:
    page = merchant.submit(form_of(merchant, payment), "/amount", **changes)
    assert page.status == 422
    assert message in page.field_errors
    assert page.words.count(message) == 2  # in the summary and at the field
    kept = page.the_form("/amount").values
    assert {name: kept[name] for name in changes} == {name: value.strip() for name, value in changes.items()}
    assert operations() == 0


def test_a_form_without_lines_asks_for_one(desk: Desk, merchant: Visitor, payment: uuid.UUID) -> None:
    page = form_of(merchant, payment)
    for key in (0, 1):
        page = edit(merchant, page, f"remove-{key}")
    assert "No lines yet." in page.words
    refused = merchant.submit(page, "/amount", amount="500")
    assert refused.errors == ["Add a line: the provider needs the order lines for this"]


def test_R3_prices_and_rates_are_read_as_the_viewer_writes_them(
    desk: Desk, visitor_as: Callable[..., Visitor], payment: uuid.UUID
) -> None:
    swede = visitor_as(Role.MERCHANT, language="sv")
    form = form_of(swede, payment)
    assert form.the_form("/amount").values["line_1_unit_price"] == "124,50"
    check = swede.submit(
        form, "/amount", line_1_quantity="1", line_1_unit_price="1 100,50", line_1_vat_rate="5,5", amount="1600,50"
    )
    swede.submit(check, "/send")
    operation = only_operation()
    line = kept_lines.load(operation.lines)[1]
    assert (operation.new_total_minor, line.unit_price_minor, line.tax_rate_bp) == (160050, 110050, 550)


def test_below_what_is_captured_or_promised_is_refused_in_words(
    desk: Desk, merchant: Visitor, payment: uuid.UUID
) -> None:
    desk.change(Payment, payment, capture_reserved_minor=70000)
    page = merchant.submit(form_of(merchant, payment), "/amount", **ONE_MUG)
    assert page.field_errors == ["Amount must be SEK700.00 or more. SEK700.00 is promised to requests under way."]


def test_R16_a_double_click_a_second_tab_and_the_back_button_find_the_first_change(
    desk: Desk, merchant: Visitor, payment: uuid.UUID
) -> None:
    form = form_of(merchant, payment)
    check = merchant.submit(form, "/amount", **ONE_MUG)
    first, again = merchant.submit(check, "/send"), merchant.submit(check, "/send")
    back = merchant.submit(form, "/amount", amount="600")
    assert first.h1 == again.h1 == back.h1 == "Amount change of SEK124.50 is on its way"
    assert operations() == 1
    assert desk.row(payment).cancel_reserved_minor == 12450


def test_R16_what_changed_meanwhile_brings_the_form_back_with_fresh_numbers(
    desk: Desk, merchant: Visitor, payment: uuid.UUID
) -> None:
    form = form_of(merchant, payment)
    check = merchant.submit(form, "/amount", **ONE_MUG)
    other = merchant.submit(merchant.submit(form_of(merchant, payment), "/amount", line_1_quantity="1"), "/send")
    assert other.h1 == "Amount change of SEK124.50 is on its way"
    late = merchant.submit(form, "/amount", line_0_quantity="2")
    assert late.status == 409
    assert "Ana asked for SEK124.50 in the meantime. It is now SEK749.00." in late.words
    assert late.the_form("/amount").values["line_0_quantity"] == "2"
    desk.change(Payment, payment, authorised_minor=80000)
    sent = merchant.submit(check, "/send")
    assert sent.status == 409
    assert operations() == 1


def test_change_brings_back_the_lines(desk: Desk, merchant: Visitor, payment: uuid.UUID) -> None:
    check = merchant.submit(form_of(merchant, payment), "/amount", **ONE_MUG)
    form = merchant.press(check, "/send", "Change amount")
    assert form.the_form("/amount").values["line_1_quantity"] == "1"


def test_the_orders_own_lines_begin_the_form_and_the_providers_are_a_button_away(
    desk: Desk, merchant: Visitor, payment: uuid.UUID
) -> None:
    kept = in_transaction(lambda tx: tx.scalar(select(Payment.lines).where(Payment.id == payment)))
    desk.change(Order, desk.row(payment).order_id, lines=kept[:1], total_minor=50000)
    form = form_of(merchant, payment)
    assert "line_1_name" not in form.the_form("/amount").values
    assert "Total of the order SEK500.00" in form.words
    theirs = edit(merchant, form, "provider")
    assert theirs.the_form("/amount").values["line_1_name"] == "Mug"
    assert "line_1_name" not in edit(merchant, theirs, "order").the_form("/amount").values


def test_a_card_at_svea_has_no_lines_and_goes_down_only(desk: Desk, merchant: Visitor) -> None:
    payment = svea_desk.order(svea_desk.use_svea(desk), 3300, "Card", settled=False)
    form = form_of(merchant, payment)
    assert "Order lines" not in form.words
    more = merchant.submit(form, "/amount", amount="40")
    assert more.field_errors == ["The amount of this payment can only go down. Enter less than SEK33.00"]
    check = merchant.submit(more, "/amount", amount="20")
    assert check.buttons("/send")[-1].text == "Lower the card payment to SEK20.00"
    merchant.submit(check, "/send")
    assert only_operation().new_total_minor == 2000


def test_where_the_amount_cannot_change_the_page_says_why(desk: Desk, merchant: Visitor) -> None:
    page = form_of(merchant, desk.payment(3300))
    assert "The provider does not offer this for this payment." in page.words
    assert not page.has_form("/amount")


def test_whoever_may_not_capture_may_not_change_the_amount(
    desk: Desk, visitor_as: Callable[..., Visitor], payment: uuid.UUID
) -> None:
    support = visitor_as(Role.SUPPORT)
    assert form_of(support, payment).status == 403
    assert support.post(f"/payments/{payment}/amount/send", {"csrf_token": support.token()}).status == 403
    assert operations() == 0


def test_the_order_leads_to_the_form(desk: Desk, merchant: Visitor, payment: uuid.UUID) -> None:
    page = merchant.get(f"/orders/{desk.row(payment).order_id}")
    assert page.link(f"/payments/{payment}/amount") == "Change the amount of SEK749.00"
