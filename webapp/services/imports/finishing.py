"""Carry a decided import to its end: changes of orders that were here, statuses that act, payments to be read.

Nothing here is refused or taken back any more. Who changed an order between the decision and its turn is overruled by
the file, as if it had come last; but the total and currency of an order that got a payment by then stay.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, or_, select, update

from webapp.models import ImportRow, ImportState, Order, OrderImport, PaymentRead, RowKind, StatusChange
from webapp.models.base import table_of
from webapp.services import audit, runtime
from webapp.services.audit import Entry
from webapp.services.imports.applying import next_rows
from webapp.services.imports.cleaning import clean
from webapp.services.imports.desk import FIELDS, FIXED, Standing, payments_of, world_of
from webapp.services.imports.holding import Held, KeepOn, keep
from webapp.services.kill_points import KillPoint, reached
from webapp.services.orders.statuses import Move, write_moves
from webapp.services.status_actions import carrying, firing
from webapp.services.status_actions.firing import Changed
from webapp.services.unit_of_work import Tx, in_transaction, reading

AT_ONCE = 100
CHANGED = "order.imported"
TOTAL_KEPT = "total_kept"

_ORDERS = table_of(Order)
_DETAILS = tuple(name for name in FIELDS if name != "status_id")  # the status has a home of its own
_CHANGE = (
    update(_ORDERS)
    .where(_ORDERS.c.id == bindparam("of_order"))
    .values(version=_ORDERS.c.version + 1, **{name: bindparam(f"to_{name}") for name in _DETAILS})
)
_ACT = update(_ORDERS).where(_ORDERS.c.id == bindparam("of_order")).values(undo_change_id=bindparam("of_change"))


def finish(held: Held, keep_on: KeepOn) -> ImportState | None:
    """Go on where the last slice stopped; the state after it, None while lines are left."""
    with reading() as tx:
        line = tx.get_one(OrderImport, held.id).step_line
        _world, desk = world_of(tx, held.shop_id, held.mode)
    while rows := next_rows(held, line, AT_ONCE, _has_work(held, desk)):
        in_transaction(lambda tx, rows=rows: _carry_out(tx, held, rows, desk))  # type: ignore[misc]
        reached(KillPoint.IMPORTING)
        carrying.carry_out_orders([row.order_id for row in rows if row.order_id])
        line = rows[-1].line
        if not keep_on():
            return None
    return _end(held)


def _has_work(held: Held, desk: Standing) -> Any:
    """Lines that change an order, name a payment, or bring a new order whose status is to be acted on."""
    work = [ImportRow.kind == RowKind.CHANGED, ImportRow.payment.is_not(None) & (ImportRow.kind != RowKind.WRONG)]
    if held.act:
        acting = func.coalesce(ImportRow.status_id, desk.first_status).in_(desk.cancelled | desk.firing)
        work.append((ImportRow.kind == RowKind.NEW) & acting)
    return or_(*work)


def _carry_out(tx: Tx, held: Held, rows: Sequence[ImportRow], desk: Standing) -> None:
    now = keep(tx, held, step_line=rows[-1].line, step_rows=OrderImport.step_rows + len(rows))
    new = [row.order_id for row in rows if row.kind is RowKind.NEW]
    if held.act and new:
        _let_act(tx, held, new, desk, now)
    due = [row.line for row in rows if row.payment is PaymentRead.WAITING]
    if due:
        _set_rows(tx, held, due, due_at=now)
    changed = [row for row in rows if row.kind is RowKind.CHANGED]
    if changed:
        _change(tx, held, changed, desk, now)


def _let_act(tx: Tx, held: Held, order_ids: Sequence[uuid.UUID | None], desk: Standing, now: datetime) -> None:
    """What the new orders' first changes ask for counts now that the orders are seen."""
    query = select(StatusChange).where(
        StatusChange.order_id.in_(order_ids), StatusChange.from_status_id.is_(None), StatusChange.acts
    )
    made = tx.scalars(query).all()
    cancelled = [each for each in made if each.to_status_id in desk.cancelled]
    if cancelled:
        tx.execute(_ACT, [{"of_order": each.order_id, "of_change": each.id} for each in cancelled])
    fired = [Changed(each.id, each.shop_id, each.order_id, each.to_status_id, acts=True) for each in made]
    firing.note(tx, held.actor, fired, now)


def _change(tx: Tx, held: Held, rows: Sequence[ImportRow], desk: Standing, now: datetime) -> None:
    ids = sorted(row.order_id for row in rows if row.order_id is not None)
    firing.lock_payments_of(tx, ids, [held.shop_id])
    locked = select(Order).where(Order.id.in_(ids)).order_by(Order.id).with_for_update()
    orders = {order.id: order for order in tx.scalars(locked)}
    with_payments = payments_of(tx, ids)
    details, entries, moves, kept = [], [], [], []
    for row in rows:
        order = orders[row.order_id] if row.order_id else None
        if order is None:
            continue
        values, left = _values(order, row, is_fixed=order.id in with_payments)
        if left:
            kept.append(row.line)
        columns = [name for name in _DETAILS if values[name] != getattr(order, name)]
        if columns:
            details.append({"of_order": order.id} | {f"to_{name}": values[name] for name in _DETAILS})
            told = {"columns": columns, "import": str(held.id)}
            entries.append(Entry(CHANGED, ("order", order.id), held.shop_id, told))
        if row.status_id is not None and row.status_id != order.status_id:
            moves.append(_move(order, row.status_id, desk))
    if kept:
        _set_rows(tx, held, kept, problem=TOTAL_KEPT)
    if details:
        tx.execute(_CHANGE, details)
        audit.write_many(tx, held.actor, entries, now)
    write_moves(tx, held.actor, moves, now)


def _values(order: Order, row: ImportRow, *, is_fixed: bool) -> tuple[dict[str, Any], bool]:
    """The order's details after the line, and whether some were left as they are."""
    values, left = {}, False
    for name in _DETAILS:
        present, given = getattr(order, name), getattr(row, name)
        is_new = given is not None and given != present
        left = left or (is_new and is_fixed and name in FIXED)
        values[name] = given if is_new and not (is_fixed and name in FIXED) else present
    return values, left


def _move(order: Order, status_id: uuid.UUID, desk: Standing) -> Move:
    return Move(
        shop_id=order.shop_id,
        order_id=order.id,
        from_status_id=order.status_id,
        to_status_id=status_id,
        to_kind=desk.kinds[status_id],
        acts=True,
        undo_change_id=order.undo_change_id,
    )


def _set_rows(tx: Tx, held: Held, lines: Sequence[int], **values: Any) -> None:
    mine = ImportRow.import_id == held.id, ImportRow.line.in_(lines)
    tx.execute(update(ImportRow).where(*mine).values(**values).execution_options(synchronize_session=False))


def _end(held: Held) -> ImportState:
    def work(tx: Tx) -> ImportState:
        now = runtime.current().clock.now(tx)
        waiting = tx.scalar(
            select(ImportRow.line).where(ImportRow.import_id == held.id, ImportRow.due_at.is_not(None)).limit(1)
        )
        state = ImportState.DONE if waiting is None else ImportState.READING
        keep(tx, held, state=state, step_line=0, step_rows=0, ended_at=now if waiting is None else None)
        return state

    state = in_transaction(work)
    if state is ImportState.DONE:
        clean(held.id)
    return state
