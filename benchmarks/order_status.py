"""The order-status job over 100,000 orders of which 1,000 changed: finding what is due, and filing it.

The changes are those of an import: what they fire is written with them and due, and nothing is filed yet. They are
spread over the orders that stand on the shelf with captured payments, so the action is the refund of each. Finding is
measured beside its statement through the driver alone, filing as a worker does it, in this process; nothing is sent.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from benchmarks.drain import verdict
from benchmarks.filing import percentile
from benchmarks.refund_job import LOOKS, MOST_WRITE_MS
from benchmarks.setting import setting
from benchmarks.watching import Writes, bare_line, plan_of, seen_statements, watched_writes, whole_tables
from webapp import create_app
from webapp.domain.status_actions import StatusAct
from webapp.models import Order, OrderStatus, Payment, Shop, StatusAction, StatusKind
from webapp.models.status_action import EVERY_PROVIDER
from webapp.services import runtime
from webapp.services.audit import SYSTEM
from webapp.services.jobs import making, running
from webapp.services.jobs.catalogue import ORDER_STATUS
from webapp.services.orders.statuses import Move, write_moves
from webapp.services.status_actions.carrying import candidates
from webapp.services.unit_of_work import Tx, in_transaction, reading

BATCH = 100  # changes in one transaction, as an import makes them


@dataclass(frozen=True)
class Carried:
    """One measurement; times in seconds."""

    kind: str
    orders: int
    changed: int
    changing_s: float
    finding: list[float]
    finding_cpu: list[float]
    bare: list[float]
    bare_cpu: list[float]
    scans: list[str]
    filing_s: float
    writes: Writes

    def __str__(self) -> str:
        """A line for each part."""
        head = f"order-status job [{self.kind}]"
        times = (self.finding, self.bare, self.finding_cpu, self.bare_cpu)
        found, bare, found_cpu, bare_cpu = (percentile(each, 50) * 1000 for each in times)
        p50, p99 = (percentile(self.writes.wall, percent) * 1000 for percent in (50, 99))
        cpu = percentile(self.writes.cpu, 50) * 1000
        return "\n".join(
            [
                f"{head}, {self.changed:,} changed of {self.orders:,} orders: found in {found:.1f} ms (p50 of "
                f"{len(self.finding)}, CPU {found_cpu:.1f} ms), its statement alone in {bare:.1f} ms (CPU "
                f"{bare_cpu:.1f} ms) = {found_cpu / bare_cpu:.1f} x its CPU; "
                f"tables read whole: {', '.join(self.scans) or 'none'}",
                f"{head}, changing and firing {BATCH} at once: {self.changed / self.changing_s:.0f} orders/s",
                f"{head}, filing: {self.filing_s:.1f} s = {self.changed / self.filing_s:.0f} rows/s; write "
                f"transactions: p50 {p50:.0f} ms (CPU {cpu:.0f} ms), p99 {p99:.0f} ms, longest "
                f"{max(self.writes.wall) * 1000:.0f} ms (target p50 {MOST_WRITE_MS} ms: "
                f"{verdict(p50 <= MOST_WRITE_MS)})",
            ]
        )


def measure(kind: str, orders: int = 100_000, changed: int = 1000) -> Carried:
    """Change, find, file."""
    with setting(kind, orders=(orders,)), create_app().app_context():
        try:
            return _measure(kind, orders, changed)
        finally:
            runtime.current().engine.dispose()


def _measure(kind: str, orders: int, changed: int) -> Carried:
    shop_id, moves = in_transaction(lambda tx: _moves(tx, changed))
    started = time.perf_counter()
    for start in range(0, changed, BATCH):
        batch = moves[start : start + BATCH]
        in_transaction(lambda tx, batch=batch: write_moves(tx, SYSTEM, batch, runtime.current().clock.now(tx)))  # type: ignore[misc]
    changing_s = time.perf_counter() - started
    found = _find(shop_id, changed)
    run_id = making.ask(SYSTEM, ORDER_STATUS, shop_id, uuid.uuid4())
    with watched_writes() as writes:
        started = time.perf_counter()
        while running.run_job(run_id):  # a slow machine lets go of the run in between
            pass
        filing_s = time.perf_counter() - started
    if (left := _look(shop_id)) != 0:
        raise RuntimeError(f"{left} are still due")
    return Carried(kind, orders, changed, changing_s, *found, filing_s, writes)


def _moves(tx: Tx, changed: int) -> tuple[uuid.UUID, Sequence[Move]]:
    """Changes of orders with captured payments, spread over the shelf, into a status that gives their money back."""
    shop_id = tx.execute(select(Shop.id).where(Shop.code == "tea")).scalar_one()
    completed = OrderStatus.shop_id == shop_id, OrderStatus.kind == StatusKind.COMPLETED
    status_id = tx.execute(select(OrderStatus.id).where(*completed)).scalar_one()
    act = StatusAct.CANCEL_OR_REFUND
    tx.add(StatusAction(shop_id=shop_id, status_id=status_id, provider=EVERY_PROVIDER, act=act))
    paid = (
        select(Order.id, Order.status_id)
        .join(Payment, Payment.order_id == Order.id)
        .where(Order.shop_id == shop_id, Order.status_id != status_id, Payment.frozen_at.is_(None))
        .where(Payment.captured_minor > Payment.refunded_minor + Payment.refund_reserved_minor)
        .order_by(Order.number)
        .distinct()
    )
    found = tx.execute(paid.add_columns(Order.number)).all()
    step = len(found) // changed
    if not step:
        raise RuntimeError(f"only {len(found)} orders can be changed")
    return shop_id, [
        Move(
            shop_id=shop_id,
            order_id=order_id,
            from_status_id=was,
            to_status_id=status_id,
            to_kind=StatusKind.COMPLETED,
            acts=True,
        )
        for order_id, was, _number in found[: step * changed : step]
    ]


Times = list[float]


def _find(shop_id: uuid.UUID, changed: int) -> tuple[Times, Times, Times, Times, list[str]]:
    """The finding and its statement alone, each on the wall and of this thread, and what its plan reads whole."""
    finding: Times = []
    finding_cpu: Times = []
    bare: Times = []
    bare_cpu: Times = []
    with seen_statements() as seen:
        _look(shop_id)
    statements = [each for each in seen if "fired_actions" in each[0]]
    with bare_line() as alone:
        for _each in range(LOOKS):
            started, cpu = time.perf_counter(), time.thread_time()
            found = _look(shop_id)
            finding.append(time.perf_counter() - started)
            finding_cpu.append(time.thread_time() - cpu)
            cpu = time.thread_time()
            bare.append(alone(statements))
            bare_cpu.append(time.thread_time() - cpu)
    if found != changed:
        raise RuntimeError(f"{found} were found, not {changed}")
    scans = [line for statement in statements for line in whole_tables(plan_of(*statement))]
    return finding, finding_cpu, bare, bare_cpu, scans


def _look(shop_id: uuid.UUID) -> int:
    with reading() as tx:
        return len(candidates(tx, shop_id, runtime.current().clock.now(tx)))
