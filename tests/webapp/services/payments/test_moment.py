"""Rows that lists go by carry their order's moment and mode, kept equal by the database (migrations 0015, 0026)."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from flask_migrate import downgrade, upgrade
from sqlalchemy import select

from tests import factories
from tests.desk import Desk
from tests.webapp import build_app
from tests.webapp.services.status_actions.actions_desk import give, table
from webapp.config import Settings
from webapp.domain.status_actions import StatusAct
from webapp.models import FiredAction, Mode, Operation, Order, Payment
from webapp.services.unit_of_work import in_transaction

FOLLOWING = (Payment, Operation, FiredAction)


def moments(payment_id: uuid.UUID) -> tuple[object, object]:
    query = select(Payment.ordered_at, Order.ordered_at).join(Order, Order.id == Payment.order_id)
    return in_transaction(lambda tx: tuple(tx.execute(query.where(Payment.id == payment_id)).one()))


def places(model: Any, order_id: uuid.UUID) -> list[tuple[Any, ...]]:
    """Mode and moment of the order's rows in that table."""
    query = select(model.mode, model.ordered_at).where(model.order_id == order_id)
    return in_transaction(lambda tx: [tuple(row) for row in tx.execute(query)])


def with_all_rows(desk: Desk) -> uuid.UUID:
    """An order with a payment, an operation and a fired action."""
    table(desk, shipped=StatusAct.CAPTURE)
    payment_id = desk.payment(700, state="failed")
    give(desk, payment_id, "shipped")
    desk.ask(other := desk.payment(3300), 3300)
    order_id = desk.row(payment_id).order_id
    desk.change(Operation, desk_operation(other), order_id=order_id)
    return order_id


def desk_operation(payment_id: uuid.UUID) -> uuid.UUID:
    query = select(Operation.id).where(Operation.payment_id == payment_id)
    return in_transaction(lambda tx: tx.scalars(query).one())


@pytest.mark.parametrize("model", FOLLOWING)
def test_rows_follow_the_moment_of_their_order(desk: Desk, model: Any) -> None:
    order_id = with_all_rows(desk)
    order = in_transaction(lambda tx: tx.get_one(Order, order_id))
    assert places(model, order_id) == [(Mode.TEST, order.ordered_at)]
    for moment in (factories.LONG_AGO, factories.LONG_AGO + timedelta(days=1)):
        desk.change(Order, order_id, ordered_at=moment)
        assert places(model, order_id) == [(Mode.TEST, moment)]


def test_rows_from_before_the_migration_get_them(desk: Desk, settings: Settings) -> None:
    order_id = with_all_rows(desk)
    before = [places(model, order_id) for model in FOLLOWING]
    with build_app(settings) as app, app.app_context():  # its runtime takes the place of the desk's
        downgrade(revision="0025")
        upgrade()
        assert [places(model, order_id) for model in FOLLOWING] == before
        desk.change(Order, order_id, ordered_at=factories.LONG_AGO)
        assert [places(model, order_id) for model in FOLLOWING] == [[(Mode.TEST, factories.LONG_AGO)]] * 3


def test_a_payment_that_goes_to_another_order_takes_its_moment(desk: Desk) -> None:
    one, other = desk.payment(3300), desk.payment(2200)
    desk.change(Order, desk.row(other).order_id, ordered_at=factories.LONG_AGO)
    desk.change(Payment, one, order_id=desk.row(other).order_id)
    assert moments(one) == (factories.LONG_AGO, factories.LONG_AGO)
