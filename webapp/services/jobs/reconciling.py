"""The reconcile job: one read of each payment whose comparison is due, and a second one where something is missing.

Reads are made a few at a time while the answers before are booked, and rows are written only for payments with
something to tell: a run over ten thousand that agree writes none. What one read alone shows may be an old one (R26),
so the run waits a minute and reads those payments once more.
"""

from __future__ import annotations

import uuid
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

import structlog
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from webapp.domain.cases import CaseState
from webapp.domain.operations import TWO_READS_APART
from webapp.models import Case, RowResult
from webapp.services import accounts, runtime
from webapp.services.cases import comparing, reading
from webapp.services.cases.comparing import Compared
from webapp.services.cases.reading import OF_KEYS, Read, Unread, Wanted
from webapp.services.jobs.runs import Line, Pause, Run, announce
from webapp.services.kill_points import KillPoint, reached
from webapp.services.operations.filing import lock_payments
from webapp.services.unit_of_work import Tx, in_transaction
from webapp.services.unit_of_work import reading as looking

log = structlog.get_logger()
BATCH = 4  # payments in one transaction (R21)
READERS = 4  # reads of one run on their way at once: an account allows only so many
MOST_FAILURES = 5  # of one account one after the other; the rest of the run does not ask it any more
BOOKED, CASES, NOT_COMPARED = "booked_outside", "cases", "not_compared"
FIRST, AGAIN = "first", "again"
START = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class Progress:
    """How far a run is; `as_cursor` is what the next worker goes on from. `compared` counts payments."""

    phase: str = FIRST
    after: uuid.UUID | None = None
    compared: int = 0
    floor: datetime = START  # reads that start now begin after it
    failures: dict[uuid.UUID, int] = field(default_factory=dict)  # by account, one after the other
    down: dict[uuid.UUID, Unread] = field(default_factory=dict)

    @classmethod
    def of(cls, cursor: Any) -> Progress:
        """Where the run before us came to; from the start without one."""
        if cursor is None:
            return cls()
        after = uuid.UUID(cursor["after"]) if cursor["after"] else None
        return cls(cursor["phase"], after, cursor["compared"])

    @property
    def as_cursor(self) -> dict[str, Any]:
        """For the run's row."""
        return {"phase": self.phase, "after": self.after.hex if self.after else None, "compared": self.compared}


def work(run: Run) -> str:
    """Compare what is due; answers how many payments were. A run by hand takes all that is still compared.

    RunLost as `Run.write`; Pause until the second reads may be made.
    """
    progress = Progress.of(run.cursor)
    if progress.phase == FIRST:
        _walk(run, progress, lambda tx, after: reading.due(tx, run.shop(), _until(tx, run), after))
        progress.phase, progress.after = AGAIN, None
        in_transaction(partial(run.write, lines=[], cursor=progress.as_cursor))
        run.cursor = progress.as_cursor
        _wait_for_second_reads(run)
    _walk(run, progress, lambda tx, after: reading.suspected(tx, run.shop(), after))
    announce(run, 0)
    return str(progress.compared)


def _until(tx: Tx, run: Run) -> datetime | None:
    """By the clock what is due; by hand everything that is still compared."""
    return None if run.is_by_hand else runtime.current().clock.now(tx)


def _wait_for_second_reads(run: Run) -> None:
    newest = select(func.max(Case.first_read_at)).where(Case.shop_id == run.shop(), Case.state == CaseState.SUSPECTED)
    with looking() as tx:
        first_read_at, now = tx.scalar(newest), runtime.current().clock.now(tx)
    if first_read_at is not None and now - first_read_at < TWO_READS_APART:
        raise Pause(first_read_at + TWO_READS_APART)


def _walk(run: Run, progress: Progress, pick: Callable[[Tx, uuid.UUID | None], Sequence[Wanted]]) -> None:
    """Read and take in whatever `pick` finds, in the order of the payments' ids."""
    while True:
        with looking() as tx:
            wanted, progress.floor = pick(tx, progress.after), runtime.current().clock.now(tx)
        if not wanted:
            return
        batch: list[Read] = []
        with closing(_reads(wanted, progress)) as reads:
            for read in reads:
                batch.append(read)
                _count_failure(progress, read)
                if len(batch) == BATCH or read.unread is not None or read.wanted is wanted[-1]:
                    _take_all(run, progress, batch)
                    batch = []
                    run.rest_if_long()


def _reads(wanted: Sequence[Wanted], progress: Progress) -> Generator[Read]:
    """The reads in the order asked for, a few of them under way."""
    flying: deque[Future[Read]] = deque()
    with ThreadPoolExecutor(READERS, thread_name_prefix="reader") as threads:
        for each in wanted:
            down = progress.down.get(each.account.id)
            flying.append(threads.submit(copy_context().run, _read, each, progress.floor, down))
            if len(flying) == 2 * READERS:
                yield flying.popleft().result()
        while flying:
            yield flying.popleft().result()


def _read(wanted: Wanted, began_at: datetime, down: Unread | None) -> Read:
    return reading.read(wanted, began_at) if down is None else Read(wanted, began_at, unread=down)


def _count_failure(progress: Progress, read: Read) -> None:
    """An account whose keys are refused, or that fails five times running, is left alone for the rest of the run."""
    account_id = read.wanted.account.id
    if read.unread is None:
        progress.failures.pop(account_id, None)
        return
    progress.failures[account_id] = progress.failures.get(account_id, 0) + 1
    if read.unread is Unread.CREDENTIALS and account_id not in progress.down:
        in_transaction(lambda tx: accounts.stop_for_credentials(tx, account_id))
    if read.unread in OF_KEYS:
        progress.down[account_id] = read.unread
    elif progress.failures[account_id] >= MOST_FAILURES:
        progress.down.setdefault(account_id, Unread.PROVIDER_DOWN)


def _take_all(run: Run, progress: Progress, batch: Sequence[Read]) -> None:
    """Take a few reads in and write down how far the run is, in one transaction."""
    counted = sum(read.unread is None for read in batch) if progress.phase == FIRST else 0
    progress.after, progress.compared = batch[-1].wanted.payment_id, progress.compared + counted
    cursor = progress.as_cursor
    reached(KillPoint.SCHEDULING)
    progress.floor = in_transaction(partial(_take_batch, run=run, batch=batch, cursor=cursor))
    run.cursor = cursor


def _take_batch(tx: Tx, run: Run, batch: Sequence[Read], cursor: Any) -> datetime:
    lock_payments(tx, [read.wanted.payment_id for read in batch])
    lines = [line for read in batch if (line := _take(tx, run, read)) is not None]
    run.write(tx, lines, cursor)
    reached(KillPoint.SCHEDULING)
    return runtime.current().clock.now(tx)


def _take(tx: Tx, run: Run, read: Read) -> Line | None:
    """One read becomes a row, or none where there is nothing to tell; a fault of ours stops no other payment."""
    if read.unread is not None:
        return _line(read, result=RowResult.FAILED, code=read.unread.value)
    try:
        with tx.begin_nested():
            told = comparing.take_in(tx, read)
    except OperationalError:
        raise  # a lock: the whole batch is done again
    except Exception as fault:
        log.exception("job_row_failed", run_id=str(run.id), payment_id=str(read.wanted.payment_id))
        return _line(read, result=RowResult.FAILED, code=NOT_COMPARED, details={"error": type(fault).__name__})
    return _told(read, told)


def _told(read: Read, told: Compared) -> Line | None:
    if told.opened:
        kinds = [kind.value for kind in told.opened]
        return _line(read, result=RowResult.DONE, code=CASES, details={"kinds": kinds, "booked": told.booked})
    if told.booked:
        return _line(read, result=RowResult.DONE, code=BOOKED, details={"booked": told.booked})
    return None


def _line(read: Read, **more: Any) -> Line:
    wanted = read.wanted
    fixed = {"shop_id": wanted.shop_id, "mode": wanted.mode, "order_id": wanted.order_id}
    return Line(**fixed, payment_id=wanted.payment_id, account_id=wanted.account.id, **more)  # type: ignore[arg-type]  # of Line's fields
