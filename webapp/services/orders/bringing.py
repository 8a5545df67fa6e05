"""One order brought in by the REST API, by the rules of a line of an import (services/imports/desk.py)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from providers.lines import OrderLine
from webapp.models import Mode, Order
from webapp.models.base import new_id, table_of
from webapp.services import audit, runtime
from webapp.services.audit import Actor
from webapp.services.errors import RuleBroken
from webapp.services.imports.checking import Line
from webapp.services.imports.desk import Present, Standing, present, world_of
from webapp.services.imports.reading import FileWrong
from webapp.services.operations import kept_lines
from webapp.services.orders.statuses import Move, changed, make_move, to_undo, write_first
from webapp.services.status_actions import firing
from webapp.services.unit_of_work import Tx, in_transaction

_ADD = insert(table_of(Order))
NO_IMPORT = uuid.UUID(int=0)  # no file has lines under this id: nothing is met twice


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """An order as it comes in. None leaves what is there, and for a new order means the usual: the shop's first
    status, now. `act`: a new order's first status fires what the shop's rules say, as a change would."""

    actor: Actor
    shop_id: uuid.UUID
    mode: Mode
    number: str
    currency: str
    total_minor: int
    status: str | None = None
    buyer_email: str | None = None
    buyer_name: str | None = None
    language: str | None = None
    ordered_at: datetime | None = None
    act: bool = False
    lines: Sequence[OrderLine] | None = None  # None leaves those that are there


def bring(coming: Coming) -> tuple[uuid.UUID, bool]:
    """Create the order of that number or bring it up to date; its id, and true when it was made.

    Raises RuleBroken `unknown_status`, `order_coming_in`, or `fixed_by_payment` with the `column` (currency, total)
    that an order with payments keeps: the currency always, the total once something of it is captured.
    """
    try:
        return in_transaction(lambda tx: _bring(tx, coming))
    except IntegrityError:  # somebody made it between our look and our write; now the look finds it
        return in_transaction(lambda tx: _bring(tx, coming))


def _bring(tx: Tx, coming: Coming) -> tuple[uuid.UUID, bool]:
    try:
        world, desk = world_of(tx, coming.shop_id, coming.mode)
    except FileWrong:
        raise RuleBroken("unknown_status") from None  # a shop without any
    status_id = None if coming.status is None else world.statuses.get(coming.status.lower())
    if coming.status is not None and status_id is None:
        raise RuleBroken("unknown_status")
    line = Line(
        line=1,
        number=coming.number,
        currency=coming.currency,
        total_minor=coming.total_minor,
        status_id=status_id,
        buyer_email=coming.buyer_email,
        buyer_name=coming.buyer_name,
        language=coming.language,
        ordered_at=coming.ordered_at,
    )
    found = present(tx, NO_IMPORT, coming.shop_id, coming.mode, [line])
    fault = found.fault(line, total_may_change=True)
    if fault is not None:
        raise RuleBroken(fault.code, **fault.facts)
    order = found.order(coming.number)
    if order is None:
        return _make(tx, coming, line, desk), True
    _change(tx, coming, order.id, line, desk)
    return order.id, False


def _make(tx: Tx, coming: Coming, line: Line, desk: Standing) -> uuid.UUID:
    now, order_id = runtime.current().clock.now(tx), new_id()
    status_id = line.status_id or desk.first_status
    move = Move(
        shop_id=coming.shop_id,
        order_id=order_id,
        from_status_id=None,
        to_status_id=status_id,
        to_kind=desk.kinds[status_id],
        acts=coming.act,
    )
    values = {
        "id": order_id,
        "shop_id": coming.shop_id,
        "mode": coming.mode,
        "number": line.number,
        "status_id": status_id,
        "currency": line.currency,
        "total_minor": line.total_minor,
        "buyer_name": line.buyer_name,
        "buyer_email": line.buyer_email,
        "language": line.language,
        "lines": kept_lines.dump(coming.lines or ()),
        "ordered_at": line.ordered_at or now,
        "created_at": now,
        "version": 1,
    }
    tx.execute(_ADD, values)
    change_id = write_first(tx, coming.actor, [move], now)[0]
    tx.get_one(Order, order_id).undo_change_id = to_undo(move, change_id)
    tx.flush()
    firing.note(tx, coming.actor, changed([move], [change_id]), now)
    _note(tx, coming, "order.brought_in", order_id, {"number": line.number, "act": coming.act}, now)
    return order_id


def _change(tx: Tx, coming: Coming, order_id: uuid.UUID, line: Line, desk: Standing) -> None:
    firing.lock_payments_of(tx, [order_id], [coming.shop_id])
    order = tx.get_one(Order, order_id, with_for_update=True, populate_existing=True)
    again: Present = present(tx, NO_IMPORT, coming.shop_id, coming.mode, [line])  # now that nobody else moves it
    fault = again.fault(line, total_may_change=True)
    if fault is not None:
        raise RuleBroken(fault.code, **fault.facts)
    changes = again.changes(line)
    status_id = changes.pop("status_id", None)
    if coming.lines is not None and kept_lines.load(order.lines) != tuple(coming.lines):
        changes["lines"] = kept_lines.dump(coming.lines)
    now = runtime.current().clock.now(tx)
    if changes:
        for name, value in changes.items():
            setattr(order, name, value)
        order.version += 1
        tx.flush()
    if status_id is not None:
        move = Move(
            shop_id=coming.shop_id,
            order_id=order.id,
            from_status_id=order.status_id,
            to_status_id=status_id,
            to_kind=desk.kinds[status_id],
            acts=True,
            undo_change_id=order.undo_change_id,
        )
        make_move(tx, coming.actor, move, now)
    if changes:
        _note(tx, coming, "order.brought_up_to_date", order_id, {"columns": sorted(changes)}, now)


def _note(tx: Tx, coming: Coming, action: str, order_id: uuid.UUID, details: Mapping[str, Any], now: datetime) -> None:
    audit.write(tx, coming.actor, action, ("order", order_id), shop_id=coming.shop_id, details=details, at=now)
