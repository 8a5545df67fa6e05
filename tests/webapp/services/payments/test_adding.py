"""Taking a payment in by the provider's reference."""

from __future__ import annotations

import uuid

import pytest
from sqlalchemy import func, select

from providers.errors import PaymentNotFound
from tests import factories
from tests.desk import Desk
from webapp.models import AuditEntry, Order, OrderStatus, Payment, StatusKind
from webapp.services.errors import NotFound, RuleBroken
from webapp.services.payments.adding import Addition, add_payment
from webapp.services.unit_of_work import in_transaction


def add(desk: Desk, provider_ref: str, **more: object) -> uuid.UUID:
    values = {"actor": desk.actor, "shop_id": desk.shop_id, "account_id": desk.account_id, "provider_ref": provider_ref}
    return add_payment(Addition(**(values | more)))


def order(order_id: uuid.UUID) -> tuple[Order, StatusKind]:
    query = select(Order, OrderStatus.kind).join(OrderStatus, OrderStatus.id == Order.status_id)
    return in_transaction(lambda tx: tx.execute(query.where(Order.id == order_id)).one())


def test_a_payment_comes_with_order_ledger_and_audit_I9_I17(desk: Desk) -> None:
    provider_ref = desk.emulator.payment(3300, order_number="A-1")
    made, kind = order(add(desk, f" {provider_ref} ", buyer_name="Ana", language="ja"))
    assert (made.number, made.total_minor, made.buyer_name, kind) == ("A-1", 3300, "Ana", StatusKind.PAID)
    entry = in_transaction(lambda tx: tx.scalars(select(AuditEntry).where(AuditEntry.action == "payment.added")).one())
    assert entry.actor_id == desk.user_id
    desk.assert_books_are_whole()


def test_the_same_payment_again_answers_its_order_and_adds_nothing(desk: Desk) -> None:
    provider_ref = desk.emulator.payment(3300, order_number="A-1")
    assert add(desk, provider_ref) == add(desk, provider_ref)
    assert in_transaction(lambda tx: tx.execute(select(func.count()).select_from(Payment)).scalar_one()) == 1


def test_a_second_payment_joins_the_order_of_its_number(desk: Desk) -> None:
    first = add(desk, desk.emulator.payment(3300, order_number="A-1"))
    assert add(desk, desk.emulator.payment(1100), order_number="A-1") == first


def test_another_currency_does_not_join_an_order_R1(desk: Desk) -> None:
    add(desk, desk.emulator.payment(3300, order_number="A-1"))
    with pytest.raises(RuleBroken, match="currency_differs"):
        add(desk, desk.emulator.payment(3300, currency="USD", order_number="A-1"))


def test_a_payment_without_a_number_needs_one(desk: Desk) -> None:
    provider_ref = desk.emulator.payment(3300)
    with pytest.raises(RuleBroken, match="no_order_number"):
        add(desk, provider_ref)
    assert add(desk, provider_ref, order_number="B-7")


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"capture": "manual"}, StatusKind.NEW),
        ({"state": "refunded"}, StatusKind.PAID),
        ({"state": "cancelled", "capture": "manual"}, StatusKind.CANCELLED),
    ],
)
def test_a_new_orders_first_status_says_what_the_payment_is(
    desk: Desk, fields: dict[str, str], kind: StatusKind
) -> None:
    assert order(add(desk, desk.emulator.payment(3300, order_number="A-1", **fields)))[1] is kind


def test_a_shop_whose_list_lacks_the_kind_gets_its_first_status(desk: Desk) -> None:
    desk.raw("delete from order_statuses where kind = 'paid'")
    assert order(add(desk, desk.emulator.payment(3300, order_number="A-1")))[1] is StatusKind.NEW


def test_a_shop_without_any_status_is_told_so(desk: Desk) -> None:
    desk.raw("delete from order_statuses")
    with pytest.raises(RuleBroken, match="no_order_status"):
        add(desk, desk.emulator.payment(3300, order_number="A-1"))


def test_another_shops_account_does_not_exist_I18(desk: Desk) -> None:
    with pytest.raises(NotFound):
        add(desk, desk.emulator.payment(3300), shop_id=factories.shop("coffee").id)


def test_a_reference_that_the_provider_does_not_know_is_said(desk: Desk) -> None:
    with pytest.raises(PaymentNotFound):
        add(desk, "a" * 25)
