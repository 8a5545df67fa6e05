"""Another amount with order lines, through the engine and over HTTP, at a provider of each manner (Klarna, Svea)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from providers.kinds import NotOffered, OperationKind
from providers.lines import LineKind, OrderLine
from providers.planning import WishKind
from tests import klarna_desk, svea_desk
from tests.desk import Desk
from tests.providers.klarna.samples import KETTLE, MUGS
from webapp.domain.operations import OperationState
from webapp.domain.order_lines import LineDraft, line_of
from webapp.domain.status_actions import StatusAct
from webapp.models import Mode, Operation, Order, Payment
from webapp.services import accounts
from webapp.services.accounts import account_of
from webapp.services.errors import AvailableChanged, NotAvailable, NotFound, RuleBroken, TooLow
from webapp.services.operations import kept_lines
from webapp.services.operations.amounts import check_alone, get_amount_facts
from webapp.services.operations.outcomes import locked_payment
from webapp.services.operations.planning import Filed, PlannedWish, file_wish, file_wish_within
from webapp.services.payments.reading import read_payment
from webapp.services.status_actions.carrying import wish_for
from webapp.services.unit_of_work import Tx, in_transaction

S = OperationState
ROWS = [
    {"Name": "Kettle", "ArticleNumber": "SKU-1", "Quantity": 100, "UnitPrice": 50000, "VatPercent": 2500},
    {"Name": "Mug", "ArticleNumber": "SKU-2", "Quantity": 200, "UnitPrice": 12450, "VatPercent": 1200},
]
SLOW_MUGS = MUGS | {"tax_rate": 1200, "total_tax_amount": 2668}


@dataclass
class Shop:
    """A desk with an account at one provider, and how its orders come into being there."""

    desk: Desk
    order: Callable[..., uuid.UUID]

    def lines_at_provider(self, payment: uuid.UUID) -> list[tuple[str, Decimal, int, int]]:
        """Name, quantity, sum and VAT rate of what the provider shows now."""
        row = self.desk.row(payment)
        seen = accounts.adapter(account_of(self.desk.account())).fetch_payment(row.provider_ref)
        return [(line.name, line.quantity, line.total_minor, line.tax_rate_bp) for line in seen.lines]

    def finish(self, operation: uuid.UUID) -> Operation:
        """Send, and let the next read confirm it; a minute goes by, so that its level is believed (R26)."""
        self.desk.run_now(operation)
        self.desk.later(seconds=61)
        if self.desk.operation(operation).due_at is not None:
            self.desk.run_now(operation)
        return self.desk.operation(operation)


@pytest.fixture(params=["klarna", "svea"])
def shop(request: pytest.FixtureRequest, desk: Desk) -> Shop:
    """A kettle at 25 % and two mugs at 12 % for 749 kronor, at each provider."""
    if request.param == "klarna":
        klarna_desk.use_klarna(desk)
        return Shop(desk, lambda **more: klarna_desk.order(desk, 74900, lines=[KETTLE, SLOW_MUGS], **more))
    svea_desk.use_svea(desk)
    return Shop(desk, lambda **more: svea_desk.order(desk, 74900, rows=ROWS, **more))


def line(name: str, price: int, rate: int = 2500, quantity: str = "1", **more: Any) -> OrderLine:
    return line_of(LineDraft(name=name, quantity=Decimal(quantity), unit_price_minor=price, tax_rate_bp=rate, **more))


KETTLE_AND_MUG = [line("Kettle", 50000), line("Mug", 12450, 1200)]


def change(desk: Desk, payment: uuid.UUID, total: int, lines: list[OrderLine] | None = None, **more: Any) -> Filed:
    values: dict[str, Any] = {
        "actor": desk.actor,
        "shop_id": desk.shop_id,
        "payment_id": payment,
        "kind": WishKind.UPDATE,
        "request_id": uuid.uuid4(),
        "amount_minor": total,
        "lines": lines or (),
    }
    return file_wish(PlannedWish(**(values | more)))


def to_order(payment: uuid.UUID) -> Filed:
    """What a status action does with it."""

    def work(tx: Tx) -> Filed:
        row = locked_payment(tx, payment)
        return file_wish_within(tx, wish_for(tx, tx.get_one(Order, row.order_id), row, StatusAct.UPDATE, None, None))

    return in_transaction(work)


def level(desk: Desk, payment: uuid.UUID) -> int:
    row = desk.row(payment)
    return row.authorised_minor - row.cancelled_minor


def test_the_lines_of_the_last_read_are_kept_and_begin_the_editor(shop: Shop) -> None:
    payment = shop.order()
    kept = in_transaction(lambda tx: tx.scalar(select(Payment.lines).where(Payment.id == payment)))
    assert [(each.name, each.total_minor, each.tax_rate_bp) for each in kept_lines.load(kept)] == [
        ("Kettle", 50000, 2500),
        ("Mug", 24900, 1200),
    ]
    facts = in_transaction(lambda tx: get_amount_facts(tx, payment, [shop.desk.shop_id], Mode.TEST))
    assert (facts.is_open, facts.takes_lines, facts.available_minor, facts.least_minor) == (True, True, 74900, 0)
    assert facts.first_lines == facts.provider_lines
    with pytest.raises(NotFound):
        in_transaction(lambda tx: get_amount_facts(tx, payment, [], Mode.TEST))


def test_an_amount_goes_down_with_the_lines_that_remain(shop: Shop) -> None:
    payment = shop.order()
    (operation,) = change(shop.desk, payment, 62450, KETTLE_AND_MUG).operation_ids
    assert shop.desk.row(payment).cancel_reserved_minor == 12450
    assert shop.finish(operation).state is S.SUCCEEDED
    assert level(shop.desk, payment) == 62450
    assert shop.lines_at_provider(payment) == [
        ("Kettle", Decimal(1), 50000, 2500),
        ("Mug", Decimal(1), 12450, 1200),
    ]
    kept = in_transaction(lambda tx: tx.scalar(select(Payment.lines).where(Payment.id == payment)))
    assert len(kept_lines.load(kept)) == 2
    shop.desk.assert_books_are_whole()


def test_an_amount_goes_up_with_a_line_more_and_a_discount(shop: Shop) -> None:
    payment = shop.order()
    lines = [*KETTLE_AND_MUG, line("Lamp", 30000), line("Rebate", -5000, kind=LineKind.DISCOUNT)]
    (operation,) = change(shop.desk, payment, 87450, lines).operation_ids
    assert shop.finish(operation).state is S.SUCCEEDED
    assert level(shop.desk, payment) == 87450
    assert [each[2] for each in shop.lines_at_provider(payment)] == [50000, 12450, 30000, -5000]
    shop.desk.assert_books_are_whole()


def test_below_what_is_captured_or_promised_is_refused_with_the_least_amount(shop: Shop) -> None:
    payment = shop.order()
    desk = shop.desk
    (first,) = change(desk, payment, 62450, KETTLE_AND_MUG).operation_ids
    desk.change(Payment, payment, capture_reserved_minor=60000)
    with pytest.raises(TooLow) as refusal:
        change(desk, payment, 50000, [line("Kettle", 50000)])
    assert refusal.value.least_minor == 72450
    facts = in_transaction(lambda tx: get_amount_facts(tx, payment, [desk.shop_id], Mode.TEST))
    assert (facts.least_minor, facts.promised_minor) == (72450, 72450)
    assert desk.row(payment).cancel_reserved_minor == 12450
    assert desk.operation(first).state is S.QUEUED


def test_R16_a_form_that_showed_another_amount_is_told(shop: Shop) -> None:
    payment = shop.order()
    with pytest.raises(AvailableChanged) as changed:
        change(shop.desk, payment, 62450, KETTLE_AND_MUG, expected_available_minor=80000)
    assert changed.value.available_minor == 74900


def test_R16_the_same_form_sent_twice_makes_one_change(shop: Shop) -> None:
    payment, request_id = shop.order(), uuid.uuid4()
    first = change(shop.desk, payment, 62450, KETTLE_AND_MUG, request_id=request_id)
    assert change(shop.desk, payment, 62450, KETTLE_AND_MUG, request_id=request_id) == first
    assert shop.desk.row(payment).cancel_reserved_minor == 12450


def test_what_was_captured_in_the_portal_between_form_and_send_stops_the_change(shop: Shop) -> None:
    payment = shop.order()
    (operation,) = change(shop.desk, payment, 62450, KETTLE_AND_MUG).operation_ids
    row = shop.desk.row(payment)
    shop.desk.emulator.portal(row.provider_ref, "capture", provider=shop.desk.account().provider)
    assert shop.finish(operation).state is S.WITHDRAWN
    after = shop.desk.row(payment)
    assert (after.captured_minor, after.cancel_reserved_minor, level(shop.desk, payment)) == (74900, 0, 74900)
    assert shop.desk.attempts(operation) == []
    shop.desk.assert_books_are_whole()


def test_what_was_cancelled_in_the_portal_between_form_and_send_stops_the_change(shop: Shop) -> None:
    payment = shop.order()
    (operation,) = change(shop.desk, payment, 62450, KETTLE_AND_MUG).operation_ids
    row = shop.desk.row(payment)
    shop.desk.emulator.portal(row.provider_ref, "cancel", provider=shop.desk.account().provider)
    assert shop.finish(operation).state is S.WITHDRAWN
    assert (level(shop.desk, payment), shop.desk.row(payment).cancel_reserved_minor) == (0, 0)
    shop.desk.assert_books_are_whole()


def test_a_payment_is_brought_to_the_orders_present_total_and_lines(shop: Shop) -> None:
    payment = shop.order()
    desk = shop.desk
    desk.change(Order, desk.row(payment).order_id, total_minor=62450, lines=kept_lines.dump(KETTLE_AND_MUG))
    (operation,) = to_order(payment).operation_ids
    row = desk.operation(operation)
    assert (row.kind, row.new_total_minor, kept_lines.load(row.lines)) == (
        OperationKind.UPDATE,
        62450,
        tuple(KETTLE_AND_MUG),
    )
    assert shop.finish(operation).state is S.SUCCEEDED
    assert level(desk, payment) == 62450
    again = to_order(payment)
    assert (again.operation_ids, again.why_not) == ((), NotOffered.NOTHING_LEFT)


def test_a_status_action_tells_the_orders_lines(shop: Shop) -> None:
    payment = shop.order()
    desk = shop.desk
    desk.change(Order, desk.row(payment).order_id, total_minor=62450, lines=kept_lines.dump(KETTLE_AND_MUG))

    def plan(tx: Session) -> PlannedWish:
        row = tx.get_one(Payment, payment)
        return wish_for(tx, tx.get_one(Order, row.order_id), row, StatusAct.UPDATE, None, None)

    wish = in_transaction(plan)
    assert (wish.amount_minor, wish.lines) == (62450, tuple(KETTLE_AND_MUG))
    (operation,) = file_wish(wish).operation_ids
    assert shop.finish(operation).state is S.SUCCEEDED


def test_an_order_without_lines_or_with_others_says_what_is_missing(shop: Shop) -> None:
    payment = shop.order()
    desk, order_id = shop.desk, shop.desk.row(payment).order_id
    desk.change(Order, order_id, total_minor=62450)
    with pytest.raises(NotAvailable) as missing:
        to_order(payment)
    assert missing.value.why is NotOffered.LINES_NEEDED
    desk.change(Order, order_id, lines=kept_lines.dump([line("Kettle", 50000)]))
    with pytest.raises(NotAvailable) as wrong:
        to_order(payment)
    assert wrong.value.why is NotOffered.LINES_DO_NOT_SUM
    assert desk.row(payment).cancel_reserved_minor == 0


def test_the_total_of_an_order_with_two_payments_is_that_of_neither(shop: Shop) -> None:
    payment = shop.order()
    desk, order_id = shop.desk, shop.desk.row(payment).order_id
    desk.change(Payment, shop.order(), order_id=order_id)
    with pytest.raises(RuleBroken, match="several_payments"):
        to_order(payment)


def test_another_payment_counts_only_while_it_holds_money(desk: Desk) -> None:
    """Given back whole it leaves the order's total to the other one; given back in part it does not."""
    held = desk.payment(3300, capture="manual", order_number="A-1")
    other = desk.payment(1100, order_number="A-1")
    for refund in (500, 600):
        with pytest.raises(RuleBroken, match="several_payments"):
            in_transaction(lambda tx: check_alone(tx, tx.get_one(Payment, held)))
        desk.run(desk.ask(other, refund))
    assert desk.row(other).refunded_minor == 1100
    in_transaction(lambda tx: check_alone(tx, tx.get_one(Payment, held)))
    with pytest.raises(RuleBroken, match="several_payments"):
        in_transaction(lambda tx: check_alone(tx, tx.get_one(Payment, other)))


def test_klarna_takes_no_parts_of_pieces_and_says_so_before_anything_is_sent(desk: Desk) -> None:
    payment = klarna_desk.order(klarna_desk.use_klarna(desk))
    with pytest.raises(NotAvailable) as refusal:
        change(desk, payment, 500, [line("Tea", 1000, quantity="0.5")])
    assert refusal.value.why is NotOffered.WHOLE_UNITS_ONLY


def test_svea_takes_hundredths_of_pieces(desk: Desk) -> None:
    payment = svea_desk.order(svea_desk.use_svea(desk), 1000)
    (operation,) = change(desk, payment, 505, [line("Tea", 1010, quantity="0.50")]).operation_ids
    desk.run_now(operation)
    assert desk.run_now(operation).state is S.SUCCEEDED
    assert level(desk, payment) == 505


def test_a_card_at_svea_goes_down_by_the_amount_alone_and_never_up(desk: Desk) -> None:
    payment = svea_desk.order(svea_desk.use_svea(desk), 3300, "Card")
    facts = in_transaction(lambda tx: get_amount_facts(tx, payment, [desk.shop_id], Mode.TEST))
    assert (facts.takes_lines, facts.availability.can_raise) == (False, False)
    with pytest.raises(NotAvailable) as refusal:
        change(desk, payment, 4000)
    assert refusal.value.why is NotOffered.CANNOT_RAISE
    desk.change(Order, desk.row(payment).order_id, total_minor=2000)
    (operation,) = to_order(payment).operation_ids
    desk.run_now(operation)
    desk.later(seconds=61)
    read_payment(payment)
    assert (desk.operation(operation).state, level(desk, payment)) == (S.SUCCEEDED, 2000)
    desk.assert_books_are_whole()
