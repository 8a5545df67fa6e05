"""How fast a file of orders comes in, against a bare insert of the same rows.

Measured is the whole way as the command and a worker go it: stored in pieces, checked line by line, written unseen in
short transactions, shown. The baseline is the driver inserting the same rows into a table like `orders`, with all its
indexes and in batches of the same size, one transaction each.
"""

from __future__ import annotations

import io
import time
from dataclasses import dataclass
from itertools import count

from sqlalchemy import insert, select, text

from benchmarks import rows
from benchmarks.setting import setting
from benchmarks.watching import watched_writes
from tests import factories
from webapp import create_app
from webapp.models import Mode, Order, OrderImport, OrderStatus
from webapp.models.base import new_id, table_of
from webapp.models.order_import import ImportState
from webapp.services import runtime
from webapp.services.audit import SYSTEM
from webapp.services.imports import applying, deciding, running, uploading
from webapp.services.imports.uploading import Upload
from webapp.services.unit_of_work import in_transaction, transaction


@dataclass(frozen=True)
class Imported:
    """One measurement; times in seconds."""

    kind: str
    lines: int
    check_s: float
    write_s: float
    bare_s: float
    writes: list[float]

    def __str__(self) -> str:
        """One line for the note."""
        rate, bare = self.lines / (self.check_s + self.write_s), self.lines / self.bare_s
        ordered = sorted(self.writes)
        p99 = ordered[int(len(ordered) * 0.99)]
        return (
            f"CSV import [{self.kind}], {self.lines} lines: {rate:.0f} lines/s in all (check {self.check_s:.1f} s, "
            f"write {self.write_s:.1f} s) = {rate / bare:.0%} of bare inserts ({bare:.0f} rows/s); "
            f"write transactions: p50 {ordered[len(ordered) // 2] * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms, "
            f"longest {ordered[-1] * 1000:.0f} ms"
        )


def measure(kind: str, lines: int = 100_000) -> Imported:
    """Import so many new orders, then insert as many bare rows."""
    with setting(kind), create_app().app_context():
        factories.ensure_single_rows()
        shop_id, _account_id, _user_id = rows.shop_with_account()
        with watched_writes() as writes:
            started = time.perf_counter()
            import_id = _stored(shop_id, lines)
            _work(import_id)
            checked = time.perf_counter()
            deciding.confirm(import_id, [shop_id], SYSTEM, by_workers=False)
            _work(import_id)
            done = time.perf_counter()
        row = in_transaction(lambda tx: tx.get_one(OrderImport, import_id))
        if (row.state, row.rows_new) != (ImportState.DONE, lines):
            raise RuntimeError(f"the import came to {row.state} with {row.rows_new} orders")
        return Imported(kind, lines, checked - started, done - checked, _bare(shop_id, lines), writes.wall)


def _stored(shop_id: object, lines: int) -> object:
    head = "number,currency,total,status,buyer_email,buyer_name,language,ordered_at\r\n"
    body = "".join(
        f"L-{n},JPY,{n + 1},paid,buyer{n}@example.test,Buyer {n},ja,2026-11-22T14:05:00+09:00\r\n" for n in range(lines)
    )
    upload = Upload(
        id=new_id(),
        actor=SYSTEM,
        shop_id=shop_id,  # type: ignore[arg-type]
        mode=Mode.TEST,
        file_name="bench.csv",
        by_workers=False,
    )
    uploading.take_in(upload, io.BytesIO((head + body).encode()))
    return upload.id


def _work(import_id: object) -> None:
    while running.run(import_id):  # type: ignore[arg-type]
        continue


def _bare(shop_id: object, lines: int) -> float:
    """The same rows once more under other numbers, in batches of the same size; the time of it."""
    table = table_of(Order)
    with transaction() as tx:
        status_id = tx.scalars(select(OrderStatus.id).where(OrderStatus.shop_id == shop_id)).first()
        moment = factories.LONG_AGO
        tx.execute(text("delete from order_status_changes"))
        tx.execute(text("delete from orders"))
    numbers = count()
    fixed = {"shop_id": shop_id, "mode": Mode.TEST, "status_id": status_id, "currency": "JPY", "version": 1}
    started = time.perf_counter()
    for _batch in range(lines // applying.AT_ONCE):
        made = [
            fixed
            | {
                "id": new_id(),
                "number": f"B-{(n := next(numbers))}",
                "total_minor": n,
                "buyer_name": f"Buyer {n}",
                "buyer_email": f"buyer{n}@example.test",
                "language": "ja",
                "ordered_at": moment,
                "created_at": moment,
            }
            for _ in range(applying.AT_ONCE)
        ]
        with runtime.current().engine.begin() as connection:
            connection.execute(insert(table), made)
    return time.perf_counter() - started
