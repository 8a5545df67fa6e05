"""Draining due refunds by real workers, against what the provider's latency alone allows.

The limit is workers / latency, as if each worker only ever waited for one answer at a time. The workers are started
as they are deployed, so each one's poller joins when the drain goes on for longer than its next look. The cost of one
refund in SQL statements and HTTP calls is counted beside it.
"""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass

from sqlalchemy import Select, and_, delete, event, func, insert, select, update

from benchmarks import rows
from benchmarks.setting import Setting, setting
from tests import factories
from webapp import create_app
from webapp.domain.operations import OperationState
from webapp.models import KillSwitch, Operation, WakeUp
from webapp.models.base import new_id
from webapp.services import runtime, verify
from webapp.services.operations import running
from webapp.services.unit_of_work import Tx, in_transaction, reading

WORKERS = 4
LATENCY_MS = 50
TARGET = 0.8
STARTING_S = 40  # nine processes, pollers last, read their modules; that is not measured


@dataclass(frozen=True)
class Drained:
    """One measurement."""

    kind: str
    refunds: int
    seconds: float
    statements: int
    calls: int
    whole: bool

    @property
    def ratio(self) -> float:
        """Reached rate as a part of the bare limit."""
        return (self.refunds / self.seconds) / limit()

    def __str__(self) -> str:
        """One line for the note."""
        rate = self.refunds / self.seconds
        return (
            f"drain [{self.kind}]: {self.refunds} refunds, {WORKERS} workers, {LATENCY_MS} ms: {rate:.1f}/s, "
            f"{self.ratio:.0%} of the bare limit (target {TARGET:.0%}: {verdict(self.ratio >= TARGET)}); "
            f"one refund costs {self.statements} SQL statements and {self.calls} HTTP call(s); "
            f"books whole: {self.whole}"
        )


def limit() -> float:
    """Refunds per second, if each worker only ever waited for one answer at a time."""
    return WORKERS / (LATENCY_MS / 1000)


def verdict(reached: bool) -> str:
    """The word after a target."""
    return "reached" if reached else "MISSED"


def measure(kind: str, refunds: int = 2000) -> Drained:
    """Fill, stop at the kill switch, lift it, and time the workers until nothing is queued."""
    with setting(kind) as made, create_app().app_context():
        factories.ensure_single_rows()
        shop_id, account_id, user_id = rows.shop_with_account()
        reason_id = factories.reason(shop_id)
        payment_ids = rows.payments(made, refunds + 1, shop_id, account_id)
        statements, calls = _cost(made, rows.refund(shop_id, payment_ids.pop(), user_id, reason_id))
        switch = throw()
        for payment_id in payment_ids:
            rows.refund(shop_id, payment_id, user_id, reason_id)
        seconds = seconds_to_drain(made, switch)
        whole = books_are_whole(made) and _all_succeeded(refunds + 1)
        return Drained(kind, refunds, seconds, statements, calls, whole)


def seconds_to_drain(made: Setting, switch: uuid.UUID) -> float:
    """Start workers as they are deployed, lift the switch, and wait until nothing is due any more."""
    made.control("PUT", "latency", {"milliseconds": LATENCY_MS})
    workers = [made.start("tasks.worker", "money") for _ in range(WORKERS)]
    workers.append(made.start("tasks.scheduler"))
    try:
        time.sleep(STARTING_S)
        return _time_until_drained(switch)
    finally:
        for process in workers:
            process.terminate()
        for process in workers:
            process.wait(30)


def books_are_whole(made: Setting) -> bool:
    """What the verifier and the emulator say."""
    return not list(verify.problems()) and not made.control("GET", "ledger")["broken"]


def _cost(made: Setting, operation_id: uuid.UUID) -> tuple[int, int]:
    """SQL statements and HTTP calls of one refund, from the wake-up to the booked result."""
    counted = 0

    def count(*_args: object) -> None:
        nonlocal counted
        counted += 1

    engine = runtime.current().engine
    before = _effects(made)
    event.listen(engine, "before_cursor_execute", count)
    running.run_operation(operation_id)
    event.remove(engine, "before_cursor_execute", count)
    return counted, _effects(made) - before


def _effects(made: Setting) -> int:
    found = made.control("GET", "ledger")["effects"]
    assert isinstance(found, list)
    return sum(1 for effect in found if effect["source"] == "api")


def throw() -> uuid.UUID:
    """Stop everything at the kill switch; answers its id."""
    switch = new_id()

    def work(tx: Tx) -> None:
        now = runtime.current().clock.now(tx)
        tx.execute(insert(KillSwitch).values(id=switch, reason="the measurement has not begun", thrown_at=now))

    in_transaction(work)
    return switch


def _time_until_drained(switch: uuid.UUID) -> float:
    """Lift the switch and make everything due at once, as a schedule would."""

    def lift(tx: Tx) -> None:
        now = runtime.current().clock.now(tx)
        tx.execute(delete(KillSwitch).where(KillSwitch.id == switch))
        queued = and_(Operation.due_at.is_not(None), Operation.state == OperationState.QUEUED)
        tx.execute(update(Operation).where(queued).values(due_at=now, blocked_since=None, blocked_by=None))
        due = list(tx.scalars(select(Operation.id).where(queued)))
        for operation_id in due[:WORKERS]:
            tx.execute(
                insert(WakeUp).values(
                    id=new_id(),
                    queue="money",
                    task="tasks.operations.run_operation",
                    row_id=operation_id,
                    not_before=now,
                )
            )

    in_transaction(lift)
    started = time.perf_counter()
    waiting = select(func.count()).select_from(Operation).where(Operation.due_at.is_not(None))
    while _counted(waiting):
        if time.perf_counter() - started > 600:
            raise RuntimeError("not drained within ten minutes")
        time.sleep(0.25)
    return time.perf_counter() - started


def _all_succeeded(count: int) -> bool:
    return (
        _counted(select(func.count()).select_from(Operation).where(Operation.state == OperationState.SUCCEEDED))
        == count
    )


def _counted(query: Select[tuple[int]]) -> int:
    """Read only: the watching must not take SQLite's write lock from those who are watched."""
    with reading() as tx:
        return tx.execute(query).scalar_one()
