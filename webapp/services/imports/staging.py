"""Read and check the lines of a stored file, batch by batch, into rows: nothing of it is an order yet."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

from sqlalchemy import insert

from webapp.models import ImportRow, ImportState, OrderImport, PaymentRead, RowKind
from webapp.models.base import new_id, table_of
from webapp.services import runtime
from webapp.services.imports.checking import Fault, Line, World, check
from webapp.services.imports.cleaning import clean
from webapp.services.imports.desk import Present, Standing, present, world_of
from webapp.services.imports.holding import Held, KeepOn, keep
from webapp.services.imports.reading import FileWrong, Record, Table, encoding_of
from webapp.services.imports.tally import MOST_FAULTS_KEPT, Tally, keep_faults
from webapp.services.imports.uploading import pieces_of
from webapp.services.kill_points import KillPoint, reached
from webapp.services.unit_of_work import Tx, in_transaction, reading

AT_ONCE = 500
"""Lines of a batch: one write of about 20 ms (R21)."""

_ADD = insert(table_of(ImportRow))


def stage(held: Held, keep_on: KeepOn) -> ImportState | None:
    """Go on where the last slice stopped; the state after it, None while lines are left."""
    with reading() as tx:
        tally = Tally.of(tx.get_one(OrderImport, held.id))
    try:
        with reading() as tx:
            world, desk = world_of(tx, held.shop_id, held.mode)
        table = Table(lambda: pieces_of(held.id), encoding_of(pieces_of(held.id)))
        records = islice(table, tally.rows_read, None)
        while batch := list(islice(records, AT_ONCE)):
            _stage(held, tally, batch, len(table.header), world, desk)
            reached(KillPoint.IMPORTING)
            if not keep_on():
                return None
        if tally.rows_read == 0:
            raise FileWrong("no_records")
    except FileWrong as wrong:
        return _refuse(held, tally, Fault(wrong.line, wrong.column, wrong.code, wrong.facts))
    return _end(held, tally)


def _stage(held: Held, tally: Tally, batch: Sequence[Record], columns: int, world: World, desk: Standing) -> None:
    checked = [check(record, columns, world) for record in batch]
    lines = [each for each in checked if isinstance(each, Line)]
    faults = [fault for each in checked if not isinstance(each, Line) for fault in each]
    with reading() as tx:
        found = present(tx, held.id, held.shop_id, held.mode, lines)
        tx.expunge_all()
    rows: list[dict[str, Any]] = []
    met: dict[str, int] = {}
    for line in lines:
        earlier = met.setdefault(line.number, line.line)
        fault = _twice(line, earlier) or found.fault(line)
        if fault is not None:
            faults.append(fault)
            continue
        rows.append(_row(held, tally, line, found, desk))
    faults.sort(key=lambda fault: fault.line)
    counted = tally.faults
    tally.faults += len(faults)
    tally.rows_wrong += len(batch) - len(rows)
    tally.rows_read += len(batch)

    def write(tx: Tx) -> None:
        keep(tx, held, **tally.values())
        if rows:
            tx.execute(_ADD, rows)
        keep_faults(tx, held.id, counted, faults)

    in_transaction(write)


def _twice(line: Line, earlier: int) -> Fault | None:
    return Fault(line.line, "number", "number_twice", {"line": earlier}) if earlier != line.line else None


def _row(held: Held, tally: Tally, line: Line, found: Present, desk: Standing) -> dict[str, Any]:
    order = found.order(line.number)
    row: dict[str, Any] = {name: getattr(line, name) for name in Line.__slots__}  # asdict copies every value
    row |= {"import_id": held.id, "order_id": new_id(), "seen_version": None, "tries": 0}
    if order is None:
        row["kind"] = RowKind.NEW
        tally.rows_new += 1
        tally.new_cancelled += (line.status_id or desk.first_status) in desk.cancelled
    else:
        row |= {"order_id": order.id, "seen_version": order.version}
        changes = found.changes(line)
        row["kind"] = RowKind.CHANGED if changes else RowKind.UNCHANGED
        tally.rows_changed += bool(changes)
        tally.rows_unchanged += not changes
        if "status_id" in changes and line.status_id in desk.cancelled:
            for sums, currency in found.money(order.id):
                tally.plans("cancel", currency, sums.can_be_captured_or_released)
                tally.plans("refund", currency, sums.can_be_refunded)
    is_read = line.account_id is None or found.has_payment(line)
    row["payment"] = None if is_read else PaymentRead.WAITING
    tally.payments += not is_read
    return row


def _refuse(held: Held, tally: Tally, fault: Fault) -> ImportState:
    """The file as a whole is wrong: nothing of it can be taken."""
    counted = min(tally.faults, MOST_FAULTS_KEPT - 1)
    tally.faults += 1

    def write(tx: Tx) -> None:
        now = runtime.current().clock.now(tx)
        ended = {"state": ImportState.REFUSED, "checked_at": now, "ended_at": now}
        keep(tx, held, **ended, **tally.values())
        if counted == tally.faults - 1:
            keep_faults(tx, held.id, counted, [fault])

    in_transaction(write)
    clean(held.id)
    return ImportState.REFUSED


def _end(held: Held, tally: Tally) -> ImportState:
    is_good = tally.faults == 0 or (held.keep_good and tally.rows_wrong < tally.rows_read)
    state = ImportState.READY if is_good else ImportState.REFUSED

    def write(tx: Tx) -> None:
        now = runtime.current().clock.now(tx)
        keep(tx, held, state=state, checked_at=now, ended_at=None if is_good else now)

    in_transaction(write)
    clean(held.id)
    return state
