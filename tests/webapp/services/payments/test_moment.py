"""A payment carries its order's moment, kept equal by the database itself (migration 0015)."""

from __future__ import annotations

import uuid
from datetime import timedelta

from sqlalchemy import select

from tests import factories
from tests.desk import Desk
from webapp.models import Order, Payment
from webapp.services.unit_of_work import in_transaction


def moments(payment_id: uuid.UUID) -> tuple[object, object]:
    query = select(Payment.ordered_at, Order.ordered_at).join(Order, Order.id == Payment.order_id)
    return in_transaction(lambda tx: tuple(tx.execute(query.where(Payment.id == payment_id)).one()))


def test_a_payment_follows_the_moment_of_its_order(desk: Desk) -> None:
    payment_id = desk.payment(3300)
    payment = desk.row(payment_id)
    assert moments(payment_id)[0] == moments(payment_id)[1] is not None
    desk.change(Order, payment.order_id, ordered_at=factories.LONG_AGO)
    assert moments(payment_id) == (factories.LONG_AGO, factories.LONG_AGO)
    desk.change(Order, payment.order_id, ordered_at=factories.LONG_AGO + timedelta(days=1))
    assert moments(payment_id)[0] == factories.LONG_AGO + timedelta(days=1)


def test_a_payment_that_goes_to_another_order_takes_its_moment(desk: Desk) -> None:
    one, other = desk.payment(3300), desk.payment(2200)
    desk.change(Order, desk.row(other).order_id, ordered_at=factories.LONG_AGO)
    desk.change(Payment, one, order_id=desk.row(other).order_id)
    assert moments(one) == (factories.LONG_AGO, factories.LONG_AGO)
