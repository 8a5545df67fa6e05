"""The order follows its payment: the second table, applied in the transaction that books the payment's new state.

Such a change is the desk's own and fires nothing.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from webapp.domain.payment_state import PaymentState, Sums
from webapp.domain.status_actions import FollowedState, followed, standing_of
from webapp.models import Order, OrderStatus, Payment, StatusKind
from webapp.services.audit import SYSTEM
from webapp.services.operations.wishes import sums_of
from webapp.services.orders.statuses import Move, write_moves
from webapp.services.status_actions.tables import follows_of
from webapp.services.unit_of_work import Tx


def follow(tx: Tx, payment: Payment, state: PaymentState, sums: Sums, now: datetime) -> None:
    """The payment has come into `state` (`standing_of`) with these sums; its row is locked and written by the caller.

    A capture moves the order only while it is new, so that nobody's later decision is overwritten.
    """
    if state.value not in set(FollowedState):
        return
    status_id = follows_of(tx, payment.shop_id)[FollowedState(state.value)]
    if status_id is None:
        return
    order = tx.get_one(Order, payment.order_id, with_for_update=True, populate_existing=True)
    if order.status_id == status_id:
        return
    others = tx.scalars(select(Payment).where(Payment.order_id == order.id, Payment.id != payment.id)).all()
    kept = sum(each.captured_minor - each.refunded_minor for each in others) + sums.captured - sums.refunded
    states = [_state_of(each) for each in others]
    event = followed(state, states, kept_minor=kept, total_minor=order.total_minor)
    was = tx.get_one(OrderStatus, order.status_id)
    if event is None or (event is FollowedState.CAPTURED and was.kind is not StatusKind.NEW):
        return
    move = Move(
        shop_id=order.shop_id,
        order_id=order.id,
        from_status_id=was.id,
        to_status_id=status_id,
        to_kind=tx.get_one(OrderStatus, status_id).kind,
        acts=False,
        undo_change_id=order.undo_change_id,
    )
    write_moves(tx, SYSTEM, [move], now)


def _state_of(payment: Payment) -> PaymentState:
    return standing_of(sums_of(payment), payment.provider_state, held=payment.frozen_at is not None)
