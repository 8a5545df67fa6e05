"""Refund form, check and send, as a browser without scripts sees them, on both databases."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from providers.port import BankDetails
from tests import factories
from tests.desk import Desk
from tests.webapp.visitor import Seen, Visitor
from webapp.domain.operations import OperationState
from webapp.domain.permissions import Role
from webapp.models import Operation
from webapp.services.unit_of_work import in_transaction


def form_of(merchant: Visitor, payment: uuid.UUID) -> Seen:
    return merchant.get(f"/payments/{payment}/refund")


def fill(desk: Desk, **changes: str) -> dict[str, str]:
    values = {"how_much": "part", "amount": "1,200", "reason": str(factories.reason(desk.shop_id)), "comment": ""}
    return values | changes


def operations() -> int:
    return in_transaction(lambda tx: tx.execute(select(func.count(Operation.id))).scalar_one())


def only_operation() -> Operation:
    return in_transaction(lambda tx: tx.scalars(select(Operation)).one())


def test_form_check_and_send_file_one_refund_and_end_on_its_page(desk: Desk, merchant: Visitor) -> None:
    payment = desk.payment(3300, order_number="10023")
    form = form_of(merchant, payment)
    assert form.h1 == "Refund order 10023"
    assert "¥3,300 paid − ¥0 refunded − ¥0 being refunded = ¥3,300 can be refunded now." in form.words
    check = merchant.submit(form, "/refund", **fill(desk, comment="Box was wet"))
    assert check.status == 200
    assert operations() == 0
    assert check.h1 == "Check the refund of order 10023"
    assert check.buttons("/send")[-1].text == "Refund ¥1,200 by card"
    assert "¥0 → ¥1,200" in check.words
    assert "¥3,300 → ¥2,100" in check.words
    result = merchant.submit(check, "/send")
    operation = only_operation()
    assert (operation.amount_minor, operation.comment) == (1200, "Box was wet")
    assert result.h1 == "Refund of ¥1,200 is on its way"
    assert desk.row(payment).refund_reserved_minor == 1200


def test_the_whole_rest_is_worked_out_by_the_server_R4(desk: Desk, merchant: Visitor) -> None:
    payment = desk.payment(3300)
    desk.run(desk.ask(payment, 1000))
    form = form_of(merchant, payment)
    assert "All that is left, ¥2,300" in form.words
    check = merchant.submit(form, "/refund", **fill(desk, how_much="rest", amount=""))
    merchant.submit(check, "/send")
    newest = in_transaction(lambda tx: tx.scalars(select(Operation).order_by(Operation.created_at.desc())).first())
    assert newest is not None
    assert (newest.amount_minor, newest.whole_rest) == (2300, True)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"how_much": ""}, "Choose how much to refund"),
        ({"amount": ""}, "Enter the amount to refund"),
        ({"amount": "ten"}, "Enter the amount using numbers, like 1200"),
        ({"amount": "10.5"}, "Amount must have no decimals, like 1200"),
        ({"amount": "0"}, "Amount must be more than ¥0"),
        ({"amount": "-5"}, "Amount must be more than ¥0"),
        ({"amount": "3301"}, "Amount must be ¥3,300 or less."),
        ({"amount": "9" * 30}, "Amount must be ¥3,300 or less."),
        ({"reason": ""}, "Choose a reason for the refund"),
        ({"reason": str(uuid.uuid4())}, "Choose a reason for the refund"),
        ({"comment": "x" * 1001}, "Comment must be 1,000 characters or fewer"),
    ],
)
def test_bad_input_is_named_at_its_field_and_everything_typed_is_kept(
    desk: Desk, merchant: Visitor, changes: dict[str, str], message: str
) -> None:
    payment = desk.payment(3300)
    typed = fill(desk, comment="Box was wet") | changes
    page = merchant.submit(form_of(merchant, payment), "/refund", **typed)
    assert page.status == 422
    assert page.title.startswith("Error:")
    assert page.field_errors == [message]
    assert page.words.count(message) == 2  # in the summary and at the field
    kept = page.the_form("/refund").values
    assert kept.get("amount") == typed["amount"]
    assert kept["comment"] == typed["comment"]
    assert operations() == 0


def test_the_comment_is_needed_where_the_reason_says_so(desk: Desk, merchant: Visitor) -> None:
    payment = desk.payment(3300)
    other = str(factories.reason(desk.shop_id, "other"))
    page = merchant.submit(form_of(merchant, payment), "/refund", **fill(desk, reason=other))
    assert page.field_errors == ["Enter a comment, because the reason is Other"]


def test_too_much_says_what_was_refunded_already(desk: Desk, merchant: Visitor) -> None:
    payment = desk.payment(3300)
    desk.run(desk.ask(payment, 1000))
    desk.ask(payment, 300)
    page = merchant.submit(form_of(merchant, payment), "/refund", **fill(desk, amount="2001"))
    assert "Amount must be ¥2,000 or less. ¥1,000 was refunded, last on" in page.field_errors[0]
    assert "¥300 is being refunded." in page.field_errors[0]


def test_change_brings_back_everything_without_scripts(desk: Desk, merchant: Visitor) -> None:
    payment = desk.payment(3300)
    typed = fill(desk, comment="Box <was> wet\nsecond line")
    check = merchant.submit(form_of(merchant, payment), "/refund", **typed)
    form = merchant.press(check, "/send", "Change comment")
    assert form.status == 200
    kept = form.the_form("/refund").values
    assert kept["how_much"] == ["part"]
    assert {name: kept[name] for name in typed if name != "how_much"} == {
        name: typed[name] for name in typed if name != "how_much"
    }
    assert kept["request_id"] == check.the_form("/send").values["request_id"]


def test_r16_a_double_click_a_second_tab_and_the_back_button_find_the_first_refund(
    desk: Desk, merchant: Visitor
) -> None:
    payment = desk.payment(3300)
    form = form_of(merchant, payment)
    check = merchant.submit(form, "/refund", **fill(desk))
    first = merchant.submit(check, "/send")
    again = merchant.submit(check, "/send")
    back = merchant.submit(form, "/refund", **fill(desk, amount="50"))
    assert first.h1 == again.h1 == back.h1 == "Refund of ¥1,200 is on its way"
    assert operations() == 1
    assert desk.row(payment).refund_reserved_minor == 1200


def test_r16_a_form_that_shows_old_numbers_comes_back_with_fresh_ones_and_keeps_what_was_typed(
    desk: Desk, merchant: Visitor
) -> None:
    payment = desk.payment(3300)
    form = form_of(merchant, payment)
    check = merchant.submit(form, "/refund", **fill(desk))
    desk.run(desk.ask(payment, 1000))
    for stale, ending in ((form, "/refund"), (check, "/send")):
        page = merchant.submit(stale, ending, **(fill(desk) if ending == "/refund" else {}))
        assert page.status == 409
        assert "Ana asked for ¥1,000 in the meantime. It is now ¥2,300." in page.words
        assert page.the_form("/refund").values["amount"].replace(",", "") == "1200"
    assert operations() == 1
    check = merchant.submit(page, "/refund")
    assert check.buttons("/send")[-1].text == "Refund ¥1,200 by card"
    assert "on its way" in merchant.submit(check, "/send").h1


def test_a_tampered_request_id_or_amount_seen_files_nothing(desk: Desk, merchant: Visitor) -> None:
    payment = desk.payment(3300)
    check = merchant.submit(form_of(merchant, payment), "/refund", **fill(desk))
    assert merchant.submit(check, "/send", expected_available="x").status == 409
    assert merchant.submit(check, "/send", request_id="x").the_form("/refund").values["request_id"] != "x"
    assert operations() == 0
    other = desk.payment(500)
    used = desk.ask(other, 100)
    taken = str(desk.operation(used).request_id)
    page = merchant.submit(check, "/send", request_id=taken)
    assert page.status == 422
    assert "This form was used for something else already." in page.words
    assert page.the_form("/refund").values["request_id"] != taken


def test_a_konbini_refund_takes_the_bank_account_and_keeps_it_sealed(desk: Desk, merchant: Visitor) -> None:
    payment = desk.payment(3300, method="konbini", state="captured")
    page = merchant.submit(form_of(merchant, payment), "/refund", **fill(desk))
    assert len(page.field_errors) == 5
    account = {
        "customer_name": "やまだ ハナコ",
        "bank_name": "みずほ銀行",
        "bank_code": "０００１",
        "branch_name": "",
        "branch_number": "001",
        "account_type": "normal",
        "account_number": "0123456",
    }
    check = merchant.submit(page, "/refund", **account)
    assert check.status == 200, check.field_errors
    assert check.buttons("/send")[-1].text == "Refund ¥1,200 by bank transfer"
    assert "ﾔﾏﾀﾞ ﾊﾅｺ: みずほ銀行 001 Ordinary (futsu) 0123456" in check.words
    result = merchant.submit(check, "/send")
    assert "on its way" in result.h1
    operation = only_operation()
    assert operation.bank_details is not None
    assert "0123456" not in operation.bank_details
    assert "0123456" not in result.html
    desk.run(operation.id)
    assert desk.operation(operation.id).state is OperationState.PENDING
    assert "A person there sends the transfer" in merchant.get(f"/operations/{operation.id}").words


def test_bank_details_have_no_words_in_logs() -> None:
    assert "0123456" not in repr(BankDetails("ﾔﾏﾀﾞ", "b", "", "", "001", "normal", "0123456", True))


def test_ten_money_forms_a_minute_are_enough_for_one_person(desk: Desk, merchant: Visitor) -> None:
    payment = desk.payment(3300)
    check = merchant.submit(form_of(merchant, payment), "/refund", **fill(desk))
    statuses = [merchant.submit(check, "/send").status for _ in range(11)]
    assert statuses == [200] * 10 + [429]
    assert operations() == 1


def test_french_marks_are_read_and_shown(desk: Desk, visitor_as: Callable[..., Visitor]) -> None:
    payment = desk.payment(330000, currency="EUR")
    french = visitor_as(Role.MERCHANT, language="fr")
    check = french.submit(form_of(french, payment), "/refund", **fill(desk, amount="1 200,50"))
    assert check.status == 200, check.field_errors
    french.submit(check, "/send")
    assert only_operation().amount_minor == 120050


def test_the_list_shows_all_requests_with_filters_that_can_be_taken_away(desk: Desk, merchant: Visitor) -> None:
    assert "No refunds yet" in merchant.get("/refunds").words
    payment = desk.payment(3300, order_number="10023")
    desk.run(desk.ask(payment, 1000))
    desk.ask(payment, 300)
    page = merchant.get("/refunds")
    assert "Sum of the rows shown: ¥1,300" in page.words
    assert "2 rows shown" in page.words
    page = merchant.get(f"/refunds?state=done&reason=returned&person={desk.user_id}")
    assert "Sum of the rows shown: ¥1,000" in page.words
    assert "Reason: Returned" in page.words
    assert page.link(f"/refunds?state=done&person={desk.user_id}") == "Reason: Returned remove this filter"
    assert "No refund fits these filters" in merchant.get("/refunds?state=stopped").words
    assert merchant.get("/refunds?state=x&person=y&older=z&newer=_").status == 200
