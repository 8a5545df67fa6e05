"""What a change of status fires: one row per payment, written in the transaction of the change (R17).

The rows are the firing; carrying.py makes operations of them, at once or later.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select, update

from webapp.domain.status_actions import STANDS_STILL, FiringState, StatusAct, is_over, standing_of
from webapp.models import FiredAction, Mode, Order, Payment, ProviderAccount, StatusChange, Via
from webapp.models.base import new_id, table_of
from webapp.models.status_action import is_given_up
from webapp.services.audit import Actor
from webapp.services.operations.wishes import sums_of
from webapp.services.status_actions.tables import Acts, acts_of
from webapp.services.unit_of_work import Tx

S = FiringState
_ADD = insert(table_of(FiredAction))


@dataclass(frozen=True, slots=True)
class Changed:
    """A change of one order's status that was just written."""

    change_id: uuid.UUID
    shop_id: uuid.UUID
    order_id: uuid.UUID
    to_status_id: uuid.UUID
    acts: bool


def lock_payments_of(tx: Tx, order_ids: Collection[uuid.UUID], shop_ids: Collection[uuid.UUID]) -> None:
    """Lock the orders' payments in one order, before the orders (R22): whoever books something has a payment first."""
    mine = Payment.order_id.in_(order_ids), Payment.shop_id.in_(shop_ids)
    tx.execute(select(Payment.id).where(*mine).order_by(Payment.id).with_for_update())


def note(tx: Tx, actor: Actor, changes: Sequence[Changed], at: datetime) -> None:
    """Write what these changes fire, due at once; what earlier ones left open of the same orders is over.

    The caller holds the orders and their payments. A change that does not act fires nothing.
    """
    if not changes:
        return
    _supersede(tx, [each.order_id for each in changes], at)
    tables = {shop_id: acts_of(tx, shop_id) for shop_id in {each.shop_id for each in changes if each.acts}}
    firing = [each for each in changes if each.acts and each.to_status_id in tables[each.shop_id].firing]
    if not firing:
        return
    payments = live_payments(tx, [each.order_id for each in firing])
    rows = [row for each in firing for row in _rows(each, tables[each.shop_id], payments[each.order_id], actor, at)]
    if rows:
        tx.execute(_ADD, rows)


def payment_came(tx: Tx, payment: Payment, provider: str, at: datetime) -> None:
    """A payment of an order was taken in: an action that waits for one is fired on it.

    The caller holds the payment. The order is held before the row counts: another change of its status ends it.
    """
    waits = FiredAction.order_id == payment.order_id, FiredAction.state == S.WAITING
    if tx.scalar(select(FiredAction.id).where(*waits).limit(1)) is None:
        return
    tx.execute(select(Order.id).where(Order.id == payment.order_id).with_for_update())
    query = select(FiredAction, StatusChange.to_status_id).join(StatusChange, StatusChange.id == FiredAction.change_id)
    for waiting, status_id in tx.execute(query.where(*waits).execution_options(populate_existing=True)).all():
        act = acts_of(tx, payment.shop_id).act(status_id, provider)
        if act is not StatusAct.NOTHING:
            changed = Changed(waiting.change_id, payment.shop_id, payment.order_id, status_id, acts=True)
            actor = Actor(waiting.fired_by, Via.JOB, waiting.api_key_id)
            tx.execute(_ADD, [_row(changed, actor, at, payment.id, act)])


def standing(tx: Tx, order_id: uuid.UUID) -> Sequence[FiredAction]:
    """What the order's status set going and was not carried out; an action that waits only where it is alone."""
    mine = FiredAction.order_id == order_id, FiredAction.state.in_(STANDS_STILL)
    found = tx.scalars(select(FiredAction).where(*mine).order_by(FiredAction.fired_at, FiredAction.id)).all()
    has_payment = [each for each in found if each.payment_id is not None]
    return has_payment or found


def count_given_up(tx: Tx, shops: Collection[uuid.UUID], mode: Mode) -> int:
    """How many actions in those shops have no more tries and wait for a person; along their own index."""
    counted = select(func.count()).select_from(FiredAction)
    return tx.execute(counted.where(FiredAction.shop_id.in_(shops), FiredAction.mode == mode, is_given_up)).scalar_one()


def _supersede(tx: Tx, order_ids: Sequence[uuid.UUID], at: datetime) -> None:
    standing = FiredAction.order_id.in_(order_ids), FiredAction.state.in_(STANDS_STILL)
    over = update(FiredAction).where(*standing).values(state=S.SUPERSEDED, due_at=None, ended_at=at)
    tx.execute(over.execution_options(synchronize_session=False))


def live_payments(tx: Tx, order_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[tuple[Payment, ProviderAccount]]]:
    """Payments with their accounts, by order; those that have ended only where the order has no other."""
    query = (
        select(Payment, ProviderAccount)
        .join(ProviderAccount, ProviderAccount.id == Payment.account_id)
        .where(Payment.order_id.in_(order_ids))
        .order_by(Payment.created_at, Payment.id)
        .execution_options(populate_existing=True)
    )
    every: dict[uuid.UUID, list[tuple[Payment, ProviderAccount]]] = defaultdict(list)
    for payment, account in tx.execute(query):
        every[payment.order_id].append((payment, account))
    for order_id, found in every.items():
        every[order_id] = [each for each in found if not has_ended(each[0])] or found
    return every


def has_ended(payment: Payment) -> bool:
    """Whether it has ended without the shop having money of it."""
    held = payment.frozen_at is not None
    return is_over(standing_of(sums_of(payment), payment.provider_state, held=held))


def _rows(
    changed: Changed, table: Acts, payments: Sequence[tuple[Payment, ProviderAccount]], actor: Actor, at: datetime
) -> list[dict[str, Any]]:
    if not payments:
        return [_row(changed, actor, at, None, None)]
    acts = [(payment.id, table.act(changed.to_status_id, account.provider)) for payment, account in payments]
    return [_row(changed, actor, at, payment_id, act) for payment_id, act in acts if act is not StatusAct.NOTHING]


def _row(
    changed: Changed, actor: Actor, at: datetime, payment_id: uuid.UUID | None, act: StatusAct | None
) -> dict[str, Any]:
    return {
        "id": new_id(),
        "shop_id": changed.shop_id,
        "order_id": changed.order_id,
        "change_id": changed.change_id,
        "payment_id": payment_id,
        "act": act,
        "state": S.WAITING if payment_id is None else S.DUE,
        "due_at": None if payment_id is None else at,
        "fired_at": at,
        "fired_by": actor.user_id,
        "api_key_id": actor.api_key_id,
        "tries": 0,
    }
