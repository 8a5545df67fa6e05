"""What tests of the status actions do and look at."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, select

from tests.desk import Desk
from tests.webapp.services.imports import files
from webapp.domain.status_actions import FollowedState, StatusAct
from webapp.models import FiredAction, Operation, Order, OrderStatus, StatusAction, StatusFollow
from webapp.models.status_action import EVERY_PROVIDER
from webapp.services.operations import running
from webapp.services.orders.statuses import Setting, set_status
from webapp.services.unit_of_work import Tx, in_transaction


def table(desk: Desk, **acts: StatusAct) -> None:
    """What the statuses of these codes fire, at every provider."""
    for code, act in acts.items():
        cell(desk, code, EVERY_PROVIDER, act)


def cell(desk: Desk, code: str, provider: str, act: StatusAct) -> None:
    status = files.status_of(desk, code)

    def work(tx: Tx) -> None:
        here = StatusAction.status_id == status, StatusAction.provider == provider
        tx.execute(delete(StatusAction).where(*here))
        tx.add(StatusAction(shop_id=desk.shop_id, status_id=status, provider=provider, act=act))

    in_transaction(work)


def follows(desk: Desk, event: FollowedState, code: str | None) -> None:
    status = files.status_of(desk, code) if code else None
    in_transaction(lambda tx: tx.add(StatusFollow(shop_id=desk.shop_id, event=event, status_id=status)))


def authorised(desk: Desk, amount_minor: int = 3300, **fields: Any) -> uuid.UUID:
    """A payment that is reserved and not captured, of a new order."""
    return desk.payment(amount_minor, capture="manual", state="authorized", **fields)


def give(desk: Desk, payment: uuid.UUID, code: str, **more: Any) -> uuid.UUID | None:
    """Give the payment's order the status of that code, as the merchant."""
    order, status = desk.row(payment).order_id, files.status_of(desk, code)
    values: dict[str, Any] = {"actor": desk.actor, "shop_ids": [desk.shop_id], "order_id": order, "status_id": status}
    return set_status(Setting(**(values | more)))


def fired(payment: uuid.UUID | None = None) -> Sequence[FiredAction]:
    """What was fired, on that payment or at all, oldest first."""
    query = select(FiredAction).order_by(FiredAction.fired_at)
    if payment:
        query = query.where(FiredAction.payment_id == payment)
    return in_transaction(lambda tx: tx.scalars(query).all())


def operations(payment: uuid.UUID) -> Sequence[Operation]:
    query = select(Operation).where(Operation.payment_id == payment).order_by(Operation.created_at, Operation.step)
    return in_transaction(lambda tx: tx.scalars(query).all())


def send() -> None:
    """What workers do with what is due."""
    running.run_due()


def status(desk: Desk, payment: uuid.UUID) -> str:
    """The code of the order's present status."""
    order_id = desk.row(payment).order_id
    query = select(OrderStatus.code).join(Order, Order.status_id == OrderStatus.id).where(Order.id == order_id)
    return in_transaction(lambda tx: tx.execute(query).scalar_one())
