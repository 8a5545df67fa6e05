"""The refund job over a million orders: finding what is due, filing it, and draining it.

A twentieth of the orders were cancelled and given back long ago, so that the finding has a past to step over. Due are
orders that are cancelled for the measurement, spread among the others by their numbers, with captured payments at the
emulator. Finding is measured beside its statement through the driver alone, filing as a worker does it, in this
process; the drain is that of drain.py, on the big database and, as its baseline, on a small one.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import select

from benchmarks import drain, rows
from benchmarks.filing import percentile
from benchmarks.setting import Setting, setting
from benchmarks.watching import Writes, bare_line, plan_of, seen_statements, watched_writes, whole_tables
from providers.kinds import OperationKind
from webapp import create_app
from webapp.domain.outcomes import RowOutcome
from webapp.models import Mode, Order, OrderStatus, Payment, ProviderAccount, Shop, StatusKind
from webapp.services import runtime
from webapp.services.audit import SYSTEM
from webapp.services.jobs import making, outcomes, rules, running
from webapp.services.jobs.catalogue import REFUND
from webapp.services.orders.statuses import Move, write_moves
from webapp.services.unit_of_work import Tx, in_transaction, reading

LOOKS = 20
MOST_WRITE_MS = 50
"""R21."""


@dataclass(frozen=True)
class Refunded:
    """One measurement; times in seconds."""

    kind: str
    orders: int
    due: int
    finding: list[float]
    bare: list[float]
    scans: list[str]
    filing_s: float
    writes: Writes
    drain_s: float
    done: int
    whole: bool
    small: drain.Drained = field(repr=False)

    def __str__(self) -> str:
        """A line for each part."""
        head = f"refund job [{self.kind}]"
        found, bare = (percentile(times, 50) for times in (self.finding, self.bare))
        p50, p99 = (percentile(self.writes.wall, percent) * 1000 for percent in (50, 99))
        cpu = percentile(self.writes.cpu, 50) * 1000
        rate = self.due / self.drain_s
        ratio = rate / drain.limit()
        return "\n".join(
            [
                f"{head}, {self.due:,} due of {self.orders:,} orders: found in {found * 1000:.0f} ms (p50 of "
                f"{len(self.finding)}) = {found / bare:.1f} x its statement alone ({bare * 1000:.0f} ms); "
                f"tables read whole: {', '.join(self.scans) or 'none'}",
                f"{head}, filing: {self.filing_s:.1f} s = {self.due / self.filing_s:.0f} rows/s; write transactions: "
                f"p50 {p50:.0f} ms (CPU {cpu:.0f} ms), p99 {p99:.0f} ms, longest {max(self.writes.wall) * 1000:.0f} ms "
                f"(target p50 {MOST_WRITE_MS} ms: {drain.verdict(p50 <= MOST_WRITE_MS)})",
                f"{head}, drain: {rate:.1f}/s, {ratio:.0%} of the bare limit (target {drain.TARGET:.0%}: "
                f"{drain.verdict(ratio >= drain.TARGET)}); {self.done:,} of {self.due:,} refunded; "
                f"books whole: {self.whole}",
                f"{head}, baseline on a small database: {self.small}",
            ]
        )


def measure(kind: str, orders: int = 1_000_000, due: int = 2000) -> Refunded:
    """Cancel, find, file, drain; then the plain drain of as many refunds."""
    with setting(kind, orders=(orders,)) as made, create_app().app_context():
        try:
            found = _measure(made, orders, due)
        finally:
            runtime.current().engine.dispose()
    return Refunded(**found, small=drain.measure(kind, due))  # type: ignore[arg-type]


def _measure(made: Setting, orders: int, due: int) -> dict[str, object]:
    shop_id, account_id = in_transaction(_shop)
    step = orders // due
    numbers = [f"T-{place * step:07d}-due" for place in range(due)]
    payment_ids = rows.payments(made, due, shop_id, account_id, numbers)
    in_transaction(lambda tx: _cancel(tx, shop_id, payment_ids))
    switch = drain.throw()
    finding, bare, scans = _find(shop_id, due)
    run_id = making.ask(SYSTEM, REFUND, shop_id, uuid.uuid4())
    with watched_writes() as writes:
        started = time.perf_counter()
        running.run_job(run_id)
        filing_s = time.perf_counter() - started
    drain_s = drain.seconds_to_drain(made, switch)
    with reading() as tx:
        done = outcomes.count(tx, run_id)[Mode.TEST].get(RowOutcome.DONE, 0)
    return {
        "kind": made.kind,
        "orders": orders,
        "due": due,
        "finding": finding,
        "bare": bare,
        "scans": scans,
        "filing_s": filing_s,
        "writes": writes,
        "drain_s": drain_s,
        "done": done,
        "whole": drain.books_are_whole(made),
    }


def _shop(tx: Tx) -> tuple[uuid.UUID, uuid.UUID]:
    query = select(Shop.id, ProviderAccount.id).join(ProviderAccount, ProviderAccount.shop_id == Shop.id)
    shop_id, account_id = tx.execute(query.where(Shop.code == "tea")).one()
    return shop_id, account_id


def _cancel(tx: Tx, shop_id: uuid.UUID, payment_ids: Sequence[uuid.UUID]) -> None:
    """Put the payments' orders into the shop's cancelled status, by changes that ask for action."""
    of_shop = OrderStatus.shop_id == shop_id
    query = select(OrderStatus.id).where(of_shop, OrderStatus.kind == StatusKind.CANCELLED)
    cancelled = tx.execute(query).scalar_one()
    orders = tx.execute(
        select(Order.id, Order.status_id).join(Payment, Payment.order_id == Order.id).where(Payment.id.in_(payment_ids))
    )
    moves = [
        Move(
            shop_id=shop_id,
            order_id=order_id,
            from_status_id=status_id,
            to_status_id=cancelled,
            to_kind=StatusKind.CANCELLED,
            acts=True,
        )
        for order_id, status_id in orders
    ]
    write_moves(tx, SYSTEM, moves, runtime.current().clock.now(tx))


def _find(shop_id: uuid.UUID, due: int) -> tuple[list[float], list[float], list[str]]:
    """Times of the finding, times of its statement alone, and what its plan reads whole."""
    finding, bare = [], []
    with seen_statements() as seen:
        _look(shop_id)
    with bare_line() as alone:
        for _each in range(LOOKS):
            started = time.perf_counter()
            found = _look(shop_id)
            finding.append(time.perf_counter() - started)
            bare.append(alone(seen))
    if found != due:
        raise RuntimeError(f"{found} payments were found, not {due}")
    return finding, bare, [line for statement in seen for line in whole_tables(plan_of(*statement))]


def _look(shop_id: uuid.UUID) -> int:
    with reading() as tx:
        return len(rules.candidates(tx, OperationKind.REFUND, shop_id, None))
