"""Changes of an order's status: the one place that makes them, whoever asks (product.md section 7, R17)."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ScalarSelect, bindparam, func, insert, select, update
from sqlalchemy.orm import InstrumentedAttribute

from webapp.models import Order, OrderStatus, Schedule, StatusChange, StatusKind
from webapp.models.base import new_id, table_of
from webapp.models.order_import import order_is_shown
from webapp.services import audit, runtime
from webapp.services.audit import Actor, Entry
from webapp.services.errors import NotFound, RuleBroken, StaleVersion
from webapp.services.jobs.catalogue import JOBS
from webapp.services.status_actions import carrying, firing
from webapp.services.status_actions.firing import Changed
from webapp.services.unit_of_work import Tx, in_transaction

CHANGED = "order.status_changed"
UNDOING_JOBS = tuple(job.name for job in JOBS.values() if job.undoes)

_ORDERS = table_of(Order)
_ADD = insert(table_of(StatusChange))
_MOVE = (
    update(_ORDERS)
    .where(_ORDERS.c.id == bindparam("of_order"))
    .values(status_id=bindparam("to_status"), undo_change_id=bindparam("to_undo"), version=_ORDERS.c.version + 1)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A wish to give an order a status of its shop. `seen_version` None: whatever stands there now is changed."""

    actor: Actor
    shop_ids: Collection[uuid.UUID]
    order_id: uuid.UUID
    status_id: uuid.UUID
    seen_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One change of one order; `from_status_id` None is a new order's first status, whose row has it already.

    `acts`: the change fires what the shop's rules say, once (R17). `undo_change_id` is what the order holds now.
    """

    shop_id: uuid.UUID
    order_id: uuid.UUID
    from_status_id: uuid.UUID | None
    to_status_id: uuid.UUID
    to_kind: StatusKind
    acts: bool
    undo_change_id: uuid.UUID | None = None


def set_status(setting: Setting) -> uuid.UUID | None:
    """Change the status and let the rules act on it; answers the change's id, None when the order has it already.

    Raises NotFound for an order outside the shops, StaleVersion when somebody else changed it since (R32),
    RuleBroken `unknown_status` for a status that is not the shop's.
    """

    def work(tx: Tx) -> uuid.UUID | None:
        firing.lock_payments_of(tx, [setting.order_id], setting.shop_ids)
        order = tx.scalars(
            select(Order)
            .where(Order.id == setting.order_id, Order.shop_id.in_(setting.shop_ids), order_is_shown)
            .with_for_update()
        ).one_or_none()
        if order is None:
            raise NotFound(f"order {setting.order_id}")
        if order.status_id == setting.status_id:
            return None  # the same form twice, or somebody was quicker: nothing is fired again
        if setting.seen_version is not None and setting.seen_version != order.version:
            raise StaleVersion
        status = tx.get(OrderStatus, setting.status_id)
        if status is None or status.shop_id != order.shop_id or status.retired_at is not None:
            raise RuleBroken("unknown_status")
        move = Move(
            shop_id=order.shop_id,
            order_id=order.id,
            from_status_id=order.status_id,
            to_status_id=status.id,
            to_kind=status.kind,
            acts=True,
            undo_change_id=order.undo_change_id,
        )
        return make_move(tx, setting.actor, move, runtime.current().clock.now(tx))

    return in_transaction(work)


def make_move(tx: Tx, actor: Actor, move: Move, at: datetime) -> uuid.UUID:
    """Make one change and carry out what it fires, both in the caller's transaction; answers the change's id.

    The caller holds the order and, locked before it, its payments (R22). Call it last, as `write_moves`.
    """
    change_id = write_moves(tx, actor, [move], at)[0]
    carrying.carry_out_changes(tx, [change_id])
    return change_id


def write_moves(tx: Tx, actor: Actor, moves: Sequence[Move], at: datetime) -> list[uuid.UUID]:
    """Make these changes in the caller's transaction, which holds the orders' rows; answers the changes' ids.

    What they fire is written with them, and due (`status_actions/carrying.py`). Call it last: it locks the head of the
    audit (R22).
    """
    ids = write_first(tx, actor, moves, at)
    rows = [
        {"of_order": move.order_id, "to_status": move.to_status_id, "to_undo": to_undo(move, change_id)}
        for move, change_id in zip(moves, ids, strict=True)
    ]
    if rows:
        tx.execute(_MOVE, rows)
        firing.note(tx, actor, changed(moves, ids), at)
        audit.write_many(tx, actor, [_entry(move) for move in moves], at)
    return ids


def write_first(tx: Tx, actor: Actor, moves: Sequence[Move], at: datetime) -> list[uuid.UUID]:
    """Only the rows of the changes: for new orders, whose making has an audit entry of its own."""
    ids = [new_id() for _move in moves]
    rows = [
        {
            "id": change_id,
            "shop_id": move.shop_id,
            "order_id": move.order_id,
            "from_status_id": move.from_status_id,
            "to_status_id": move.to_status_id,
            "changed_at": at,
            "changed_by": actor.user_id,
            "via": actor.via,
            "acts": move.acts,
        }
        for move, change_id in zip(moves, ids, strict=True)
    ]
    if rows:
        tx.execute(_ADD, rows)
    return ids


def changed(moves: Sequence[Move], ids: Sequence[uuid.UUID]) -> list[Changed]:
    """The changes as what they fire is read from them."""
    return [
        Changed(change_id, move.shop_id, move.order_id, move.to_status_id, move.acts)
        for move, change_id in zip(moves, ids, strict=True)
    ]


def to_undo(move: Move, change_id: uuid.UUID) -> uuid.UUID | None:
    """The change that asks the jobs to give the money back, while the order stands in a cancelled status."""
    if move.to_kind is not StatusKind.CANCELLED:
        return None
    return change_id if move.acts else move.undo_change_id


def statuses_of(tx: Tx, shop_id: uuid.UUID) -> Sequence[OrderStatus]:
    """The shop's own list, in its order, without the retired ones."""
    in_use = OrderStatus.shop_id == shop_id, OrderStatus.retired_at.is_(None)
    return tx.scalars(select(OrderStatus).where(*in_use).order_by(OrderStatus.position)).all()


def find_status(tx: Tx, shop_id: uuid.UUID, word: str) -> OrderStatus | None:
    """The shop's status of that code, else of that name, whatever the case of its letters."""
    known, wanted = statuses_of(tx, shop_id), word.lower()
    by_code = next((status for status in known if status.code.lower() == wanted), None)
    return by_code or next((status for status in known if status.name.lower() == wanted), None)


def next_undoing_at(tx: Tx, shop_id: uuid.UUID) -> datetime | None:
    """When the shop's cancel or refund job runs next; None when neither is planned."""
    return tx.execute(select(planned_undoing(shop_id))).scalar_one()


def planned_undoing(shop_id: uuid.UUID | InstrumentedAttribute[uuid.UUID]) -> ScalarSelect[datetime]:
    """`next_undoing_at` as part of a statement that reads something of the shop anyway."""
    planned = Schedule.shop_id == shop_id, Schedule.job.in_(UNDOING_JOBS), Schedule.enabled
    return select(func.min(Schedule.next_due_at)).where(*planned).scalar_subquery()


def _entry(move: Move) -> Entry:
    details = {"from": str(move.from_status_id), "to": str(move.to_status_id), "acts": move.acts}
    return Entry(CHANGED, ("order", move.order_id), move.shop_id, details)
