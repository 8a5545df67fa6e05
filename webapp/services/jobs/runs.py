"""A worker's hold on one run, and the only way to write its rows: a second worker goes on where the first stopped.

A run is taken with lease and fence. Rows and the place up to which the run has come are written in one transaction
that only the holder of the present fence can make, so that a run killed anywhere is neither lost nor done twice (K15).
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import BigInteger, BindParameter, Update, bindparam, func, insert, or_, select, update

from providers.kinds import OperationKind
from webapp.models import JobRow, JobRun, Mode, RowResult
from webapp.models.base import new_id, table_of
from webapp.services import runtime
from webapp.services.unit_of_work import Tx, in_transaction, rows_changed, run_built

LEASE = timedelta(seconds=120)
FIRST_HOLD = 1  # the fence of a run that nobody had before
GO_ON_S = 120.0  # seconds after which a long run makes room for others and goes on later

_RUNS, _ROWS = table_of(JobRun), table_of(JobRow)
_ADD = insert(_ROWS)
_OF_RUN: BindParameter[uuid.UUID] = bindparam("of_run")
_LAST = select(func.coalesce(func.max(_ROWS.c.position), 0)).where(_ROWS.c.run_id == _OF_RUN)
_HOLD = update(_RUNS).where(_RUNS.c.id == _OF_RUN, _RUNS.c.fence == bindparam("of_fence"), _RUNS.c.found_at.is_(None))
_WRITTEN = select(func.count()).where(_ROWS.c.run_id == _OF_RUN).scalar_subquery()
_ANNOUNCE = _HOLD.values(lease_until=bindparam("lease_until"), found=_WRITTEN + bindparam("of_rest", type_=BigInteger))
"""Built once: a run writes a few rows in each of hundreds of short transactions (R21)."""


class RunLost(Exception):
    """Somebody else has taken the run meanwhile; the caller stops and changes nothing."""


class Pause(Exception):
    """The run has worked long enough at a stretch, or waits until `at`; its cursor tells where to go on.

    Without `at` it may be taken again at once.
    """

    def __init__(self, at: datetime | None = None) -> None:
        super().__init__(at)
        self.at = at


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One row of a run before it is written: with `operation_id`, or with `result` (and `code` for the reason)."""

    shop_id: uuid.UUID
    mode: Mode
    order_id: uuid.UUID | None = None
    payment_id: uuid.UUID | None = None
    account_id: uuid.UUID | None = None
    operation_id: uuid.UUID | None = None
    asked_fence: int | None = None
    kind: OperationKind | None = None
    amount_minor: int | None = None
    currency: str | None = None
    result: RowResult | None = None
    code: str | None = None
    details: Mapping[str, Any] | None = None


@dataclass(slots=True)
class Run:
    """A run under our lease. `cursor` is how far it has come: whatever the job's own work made of it, or None."""

    id: uuid.UUID
    job: str
    shop_id: uuid.UUID | None
    requested_by: uuid.UUID | None
    repeat_of: uuid.UUID | None
    fence: int
    faults: int
    cursor: Any
    until: float  # on the monotonic clock
    is_by_hand: bool = False

    def shop(self) -> uuid.UUID:
        """The shop of a run that has one."""
        assert self.shop_id is not None  # noqa: S101 - asked by jobs of shops alone; making.ask and ensure see to it
        return self.shop_id

    def announce(self, tx: Tx, rest: int) -> None:
        """Say that `rest` more rows are to come. RunLost as `write`."""
        self._hold(tx, _ANNOUNCE, {"of_rest": rest})

    def write(self, tx: Tx, lines: Sequence[Line], cursor: Any) -> None:
        """Append rows, move the cursor and renew the lease, in the caller's transaction.

        RunLost when somebody else holds the run; then the caller's transaction must not commit. `self.cursor` is
        the caller's to set once it has.
        """
        self._hold(tx, _HOLD, {"cursor": cursor})
        start = run_built(tx, _LAST, {"of_run": self.id}).scalar_one()
        rows = [
            {name: getattr(line, name) for name in Line.__slots__}
            | {"id": new_id(), "run_id": self.id, "position": position}
            for position, line in enumerate(lines, start + 1)
        ]
        if rows:
            run_built(tx, _ADD, rows)

    def hold(self, tx: Tx) -> None:
        """Renew the lease. RunLost when somebody else holds the run."""
        self._hold(tx, _HOLD, {})

    def rest_if_long(self) -> None:
        """Between two transactions: raises Pause when the run has worked long enough at a stretch."""
        if runtime.current().clock.monotonic() > self.until:
            raise Pause

    def _hold(self, tx: Tx, statement: Update, changes: Mapping[str, Any]) -> None:
        until = runtime.current().clock.now(tx) + LEASE
        held = {"of_run": self.id, "of_fence": self.fence, "lease_until": until}
        if not rows_changed(tx, statement, {**held, **changes}):
            raise RunLost(str(self.id))


def take(tx: Tx, run_id: uuid.UUID | None) -> Run | None:
    """Take this run, or the one that waits longest; None when there is nothing to take.

    The caller's transaction must commit before the work begins.
    """
    now = runtime.current().clock.now(tx)
    free = or_(JobRun.lease_until.is_(None), JobRun.lease_until < now)
    query = select(JobRun).where(JobRun.ended_at.is_(None), JobRun.found_at.is_(None), JobRun.not_before <= now, free)
    if run_id is not None:
        query = query.where(JobRun.id == run_id)
    run = tx.scalars(query.order_by(JobRun.due_at).limit(1).with_for_update(skip_locked=True)).one_or_none()
    if run is None:
        return None
    run.fence += 1
    run.lease_until = now + LEASE
    run.started_at = run.started_at or now
    tx.flush()
    until = runtime.current().clock.monotonic() + GO_ON_S
    asked = run.request_id is not None
    who = run.requested_by, run.repeat_of
    return Run(run.id, run.job, run.shop_id, *who, run.fence, run.faults, run.cursor, until, is_by_hand=asked)


def announce(run: Run, rest: int) -> None:
    """Say that `rest` more rows are to come. RunLost as `Run.write`."""
    in_transaction(partial(run.announce, rest=rest))


def finish(tx: Tx, run: Run, **changes: Any) -> None:
    """All rows are written, or the run cannot go on. RunLost as `Run.write`."""
    _leave(tx, run, found_at=runtime.current().clock.now(tx), **changes)


def give_back(tx: Tx, run: Run, not_before: datetime, **changes: Any) -> None:
    """Have the run taken again from `not_before` on. RunLost as `Run.write`."""
    _leave(tx, run, not_before=not_before, **changes)


def _leave(tx: Tx, run: Run, **changes: Any) -> None:
    left = tx.execute(
        update(JobRun)
        .where(JobRun.id == run.id, JobRun.fence == run.fence, JobRun.found_at.is_(None))
        .values(lease_until=None, fence=JobRun.fence + 1, **changes)
        .execution_options(synchronize_session=False)
        .returning(JobRun.id)
    ).one_or_none()
    if left is None:
        raise RunLost(str(run.id))
