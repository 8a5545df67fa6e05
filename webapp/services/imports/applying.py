"""Write the orders of a checked file so that all of them are seen at once, or none (docs/adr/0013).

New orders are written in short transactions and hidden by the import's state; one small transaction then shows them.
From there on nothing is taken back: what the file changes of orders that were here already is carried out to the end.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from webapp.models import ImportRow, ImportState, Order, OrderImport, Payment, RowKind, StatusChange
from webapp.models.base import table_of
from webapp.services import audit, runtime
from webapp.services.imports.checking import Fault
from webapp.services.imports.cleaning import clean
from webapp.services.imports.desk import Standing, find_orders, world_of
from webapp.services.imports.holding import Held, KeepOn, keep
from webapp.services.imports.tally import Tally, keep_faults
from webapp.services.kill_points import KillPoint, reached
from webapp.services.orders.statuses import Move, write_first
from webapp.services.unit_of_work import Tx, in_transaction, reading

AT_ONCE = 100
"""New orders of a batch: each goes into nine indexes, and a batch stays well under 50 ms (R21)."""

_ADD = insert(table_of(Order))


def write_new(held: Held, keep_on: KeepOn) -> ImportState | None:
    """Write the new orders, unseen, and then show them; None while lines are left."""
    with reading() as tx:
        line = tx.get_one(OrderImport, held.id).step_line
        _world, desk = world_of(tx, held.shop_id, held.mode)
    while rows := next_rows(held, line, AT_ONCE, ImportRow.kind == RowKind.NEW):
        faults = _written(held, rows, desk)
        if faults and not held.keep_good:
            return _begin_taking_back(held, faults)
        reached(KillPoint.IMPORTING)
        line = rows[-1].line
        if not keep_on():
            return None
    faults = _changed_meanwhile(held)
    if faults and not held.keep_good:
        return _begin_taking_back(held, faults)
    return _show(held, faults)


def take_back(held: Held, keep_on: KeepOn) -> ImportState | None:
    """Take out what was written and never seen; None while lines are left."""
    with reading() as tx:
        row = tx.get_one(OrderImport, held.id)
        line, state = row.step_line, ImportState.REFUSED if row.faults else ImportState.DISCARDED
    while rows := next_rows(held, line, AT_ONCE, ImportRow.kind == RowKind.NEW):
        in_transaction(lambda tx, rows=rows: _delete(tx, held, rows))  # type: ignore[misc]
        reached(KillPoint.IMPORTING)
        line = rows[-1].line
        if not keep_on():
            return None

    def end(tx: Tx) -> None:
        now = runtime.current().clock.now(tx)
        keep(tx, held, state=state, ended_at=now, step_line=0, step_rows=0)

    in_transaction(end)
    clean(held.id)
    return state


def next_rows(held: Held, after: int, most: int, *conditions: Any) -> Sequence[ImportRow]:
    """The next lines of the file that meet the conditions, in its order."""
    query = select(ImportRow).where(ImportRow.import_id == held.id, ImportRow.line > after, *conditions)
    with reading() as tx:
        rows = tx.scalars(query.order_by(ImportRow.line).limit(most)).all()
        tx.expunge_all()
        return rows


def _written(held: Held, rows: Sequence[ImportRow], desk: Standing) -> list[Fault]:
    """Write a batch; answers the lines whose number somebody else took meanwhile, which are left out."""
    try:
        return in_transaction(lambda tx: _write(tx, held, rows, desk))
    except IntegrityError:  # taken between our look and our write; now the look finds it
        return in_transaction(lambda tx: _write(tx, held, rows, desk))


def _write(tx: Tx, held: Held, rows: Sequence[ImportRow], desk: Standing) -> list[Fault]:
    now = runtime.current().clock.now(tx)
    keep(tx, held, step_line=rows[-1].line, step_rows=OrderImport.step_rows + len(rows))
    taken = find_orders(tx, held.shop_id, held.mode, [row.number for row in rows])
    faults = [Fault(row.line, "number", "taken_meanwhile") for row in rows if row.number in taken]
    if faults:
        _leave_out(tx, held, faults)
    free = [row for row in rows if row.number not in taken]
    moves = []
    for row in free:
        assert row.order_id is not None  # noqa: S101 - a new line gets its order's id at the check
        status = row.status_id or desk.first_status
        moves.append(
            Move(
                shop_id=held.shop_id,
                order_id=row.order_id,
                from_status_id=None,
                to_status_id=status,
                to_kind=desk.kinds[status],
                acts=held.act,
            )
        )
    if free:
        tx.execute(_ADD, [_order(held, row, move, now) for row, move in zip(free, moves, strict=True)])
        write_first(tx, held.actor, moves, now)
    return faults


def _order(held: Held, row: ImportRow, move: Move, now: Any) -> dict[str, Any]:
    return {
        "id": row.order_id,
        "shop_id": held.shop_id,
        "mode": held.mode,
        "number": row.number,
        "status_id": move.to_status_id,
        "currency": row.currency,
        "total_minor": row.total_minor,
        "buyer_name": row.buyer_name,
        "buyer_email": row.buyer_email,
        "language": row.language,
        "ordered_at": row.ordered_at or now,
        "created_at": now,
        "import_id": held.id,
        "version": 1,
    }


def _changed_meanwhile(held: Held) -> list[Fault]:
    """Lines whose order somebody else changed since the check, or gave a payment that fixes its total."""
    has_payment = select(Payment.id).where(Payment.order_id == Order.id).exists()
    moved = or_(Order.currency != ImportRow.currency, Order.total_minor != ImportRow.total_minor)
    query = (
        select(ImportRow.line)
        .join(Order, Order.id == ImportRow.order_id)
        .where(ImportRow.import_id == held.id, ImportRow.kind == RowKind.CHANGED)
        .where(or_(Order.version != ImportRow.seen_version, moved & has_payment))
        .order_by(ImportRow.line)
    )
    with reading() as tx:
        return [Fault(line, "number", "changed_meanwhile") for line in tx.scalars(query)]


def _show(held: Held, faults: Sequence[Fault]) -> ImportState:
    """The one moment at which the import counts."""

    def work(tx: Tx) -> None:
        now = runtime.current().clock.now(tx)
        keep(tx, held, state=ImportState.FINISHING, applied_at=now, step_line=0, step_rows=0)
        if faults:
            _leave_out(tx, held, faults)
        row = tx.get_one(OrderImport, held.id)
        details = {"new": row.rows_new, "changed": row.rows_changed, "digest": row.digest}
        audit.write(
            tx, held.actor, "import.applied", ("import", held.id), shop_id=held.shop_id, details=details, at=now
        )

    reached(KillPoint.IMPORTING)
    in_transaction(work)
    reached(KillPoint.IMPORTING)
    return ImportState.FINISHING


def _leave_out(tx: Tx, held: Held, faults: Sequence[Fault]) -> None:
    """Mark the lines as wrong and say why."""
    lines = [fault.line for fault in faults]
    mine = ImportRow.import_id == held.id, ImportRow.line.in_(lines)
    of_kind = dict(tx.execute(select(ImportRow.line, ImportRow.kind).where(*mine)).all())
    tx.execute(update(ImportRow).where(*mine).values(kind=RowKind.WRONG).execution_options(synchronize_session=False))
    tally = Tally.of(tx.get_one(OrderImport, held.id, populate_existing=True))
    keep_faults(tx, held.id, tally.faults, faults)
    fewer_new = sum(kind is RowKind.NEW for kind in of_kind.values())
    keep(
        tx,
        held,
        faults=tally.faults + len(faults),
        rows_wrong=tally.rows_wrong + len(faults),
        rows_new=tally.rows_new - fewer_new,
        rows_changed=tally.rows_changed - (len(of_kind) - fewer_new),
    )


def _begin_taking_back(held: Held, faults: Sequence[Fault]) -> ImportState:
    def work(tx: Tx) -> None:
        row = tx.get_one(OrderImport, held.id)
        if not row.faults:  # a batch that met them has noted them
            keep_faults(tx, held.id, 0, faults)
        keep(tx, held, state=ImportState.TAKING_BACK, step_line=0, step_rows=0, faults=row.faults or len(faults))

    in_transaction(work)
    return ImportState.TAKING_BACK


def _delete(tx: Tx, held: Held, rows: Sequence[ImportRow]) -> None:
    keep(tx, held, step_line=rows[-1].line, step_rows=OrderImport.step_rows + len(rows))
    ids: list[uuid.UUID] = [row.order_id for row in rows if row.order_id is not None]
    mine = select(Order.id).where(Order.id.in_(ids), Order.import_id == held.id)
    tx.execute(delete(StatusChange).where(StatusChange.order_id.in_(mine)).execution_options(synchronize_session=False))
    unseen = Order.id.in_(ids), Order.import_id == held.id
    tx.execute(delete(Order).where(*unseen).execution_options(synchronize_session=False))
