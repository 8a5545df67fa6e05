"""The jobs as pages show them: schedules, runs, and the rows of one run; reads only, scoped to the given shops."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from webapp.domain.outcomes import RowOutcome
from webapp.models import JobRow, JobRun, Mode, Operation, Order, Payment, ProviderAccount, Schedule, Shop, User
from webapp.services import runtime
from webapp.services.errors import NotFound
from webapp.services.jobs import outcomes
from webapp.services.jobs.catalogue import JOBS, OF_DESK, OF_SHOPS, Job
from webapp.services.unit_of_work import Tx

HISTORY = 20
PAGE = 50
_PROBLEMS = (RowOutcome.REJECTED, RowOutcome.FAILED, RowOutcome.RETRYING, RowOutcome.UNKNOWN)


class RunState(StrEnum):
    """Where a run stands."""

    WAITING = "waiting"  # for a worker
    WORKING = "working"
    ENDED = "ended"
    FAILED = "failed"  # ended by an error of ours before all rows were found


@dataclass(frozen=True, slots=True)
class RunLine:
    """One run with the counts of one mode: fixed ones when it has ended, else those of now."""

    run: JobRun
    requested_by: str | None
    counts: Mapping[RowOutcome, int]

    @property
    def state(self) -> RunState:
        """Where it stands."""
        if self.run.ended_at is not None:
            return RunState.FAILED if self.run.failed_by else RunState.ENDED
        return RunState.WORKING if self.run.started_at else RunState.WAITING

    @property
    def is_over(self) -> bool:
        """Whether nothing about the run itself changes any more."""
        return self.run.ended_at is not None

    @property
    def rows(self) -> int:
        """How many rows there are in that mode."""
        return sum(self.counts.values())

    @property
    def taken(self) -> int:
        """Rows that were not skipped."""
        return self.rows - self.counts.get(RowOutcome.SKIPPED, 0)

    @property
    def worst(self) -> RowOutcome | None:
        """The outcome that colours the run; None where there is no row."""
        order = (*_PROBLEMS, RowOutcome.UNDER_WAY, RowOutcome.STOPPED, RowOutcome.DONE, RowOutcome.SKIPPED)
        return next((word for word in order if self.counts.get(word)), None)


@dataclass(frozen=True, slots=True)
class JobLine:
    """One job of one shop (None: of the whole desk) with its last runs, newest first.

    `schedule` None: it has no clock of its own.
    """

    job: Job
    shop: Shop | None
    schedule: Schedule | None
    history: Sequence[RunLine]
    running: int

    @property
    def last(self) -> RunLine | None:
        """The newest run."""
        return self.history[0] if self.history else None

    @property
    def problems(self) -> int:
        """Rows of the last run that went wrong or are not known."""
        return sum(self.last.counts.get(word, 0) for word in _PROBLEMS) if self.last else 0


@dataclass(frozen=True, slots=True)
class RunFacts:
    """One run with its surroundings, as of `now`; `with_outcome` rows of `found` (both modes) have a first outcome."""

    line: RunLine
    job: Job
    shop: Shop | None
    written: int
    with_outcome: int
    can_be_repeated: bool
    now: datetime

    @property
    def found(self) -> int:
        """How many rows it has or will have."""
        return max(self.line.run.found, self.written)


@dataclass(frozen=True, slots=True)
class RowLine:
    """One row of a run. Only what moves money has an operation: the step that its wish is read from."""

    row: JobRow
    outcome: RowOutcome
    operation: Operation | None
    order_number: str | None
    account: str | None
    method: str | None

    @property
    def next_at(self) -> datetime | None:
        """When it is tried again; None: not by itself."""
        is_again = self.outcome is RowOutcome.RETRYING and self.operation is not None
        return self.operation.due_at if is_again and self.operation else None


def jobs_of(tx: Tx, shops: Collection[uuid.UUID], mode: Mode) -> Sequence[JobLine]:
    """Every job of those shops, by shop and in the catalogue's order."""
    found = tx.scalars(select(Shop).where(Shop.id.in_(shops)).order_by(Shop.name, Shop.id)).all()
    return _lines(tx, [(job, shop) for shop in found for job in OF_SHOPS], mode)


def jobs_of_desk(tx: Tx, mode: Mode) -> Sequence[JobLine]:
    """The jobs that belong to no shop."""
    return _lines(tx, [(job, None) for job in OF_DESK], mode)


def _lines(tx: Tx, wanted: Sequence[tuple[Job, Shop | None]], mode: Mode) -> Sequence[JobLine]:
    schedules = {(each.job, each.shop_id): each for each in tx.scalars(select(Schedule))}
    lines = []
    for job, shop in wanted:
        shop_id = shop.id if shop else None
        newest = history(tx, job.name, shop_id, mode)
        open_runs = select(func.count()).where(JobRun.job == job.name, JobRun.ended_at.is_(None), _of(shop_id))
        running = tx.execute(open_runs).scalar_one()
        lines.append(JobLine(job, shop, schedules.get((job.name, shop_id)), newest, running))
    return lines


def history(
    tx: Tx,
    job: str,
    shop_id: uuid.UUID | None,
    mode: Mode,
    most: int = HISTORY,
    *,
    before: tuple[datetime, uuid.UUID] | None = None,
    only_with_rows: bool = False,
) -> Sequence[RunLine]:
    """The last runs of a job of one shop, newest first; `before` is the due time and id of the last one seen.

    `only_with_rows` leaves out runs that found nothing in either mode.
    """
    query = _runs().where(JobRun.job == job, _of(shop_id))
    if only_with_rows:
        query = query.where(JobRun.found > 0)
    if before is not None:
        due_at, run_id = before
        query = query.where(or_(JobRun.due_at < due_at, and_(JobRun.due_at == due_at, JobRun.id > run_id)))
    query = query.order_by(JobRun.due_at.desc(), JobRun.id).limit(most)
    return [_line(tx, run, name, mode) for run, name in tx.execute(query)]


def get_schedule(tx: Tx, schedule_id: uuid.UUID, shops: Collection[uuid.UUID]) -> tuple[Schedule, Shop]:
    """One schedule of a shop, and the shop. NotFound when it is in none of those shops (I18)."""
    query = select(Schedule, Shop).join(Shop, Shop.id == Schedule.shop_id)
    found = tx.execute(query.where(Schedule.id == schedule_id, Schedule.shop_id.in_(shops))).one_or_none()
    if found is None:
        raise NotFound(f"schedule {schedule_id}")
    return found[0], found[1]


def get_run(tx: Tx, run_id: uuid.UUID, shops: Collection[uuid.UUID], mode: Mode) -> RunFacts:
    """One run of a shop. NotFound when it is in none of those shops (I18)."""
    found = tx.execute(_runs().where(JobRun.id == run_id, JobRun.shop_id.in_(shops))).one_or_none()
    if found is None:
        raise NotFound(f"run {run_id}")
    run, name = found
    line = _line(tx, run, name, mode)
    return RunFacts(
        line=line,
        job=JOBS[run.job],
        shop=tx.get(Shop, run.shop_id) if run.shop_id else None,
        written=_count(tx, run_id, with_outcome=False),
        with_outcome=_count(tx, run_id, with_outcome=True),
        can_be_repeated=_can_be_repeated(line),
        now=runtime.current().clock.now(tx),
    )


def _can_be_repeated(line: RunLine) -> bool:
    return line.is_over and JOBS[line.run.job].undoes is not None and line.counts.get(RowOutcome.FAILED, 0) > 0


def rows(
    tx: Tx,
    run: JobRun,
    mode: Mode,
    *,
    outcome: RowOutcome | None = None,
    after: int = 0,
    size: int = PAGE,
) -> tuple[Sequence[RowLine], bool]:
    """One page of a run's rows as they stand now, and whether there are more; `after` is the last position seen."""
    word = outcomes.outcome()
    query = (
        outcomes.with_operations(select(JobRow, word, Operation, Order.number, ProviderAccount.name, Payment.method))
        .outerjoin(Order, Order.id == JobRow.order_id)
        .outerjoin(ProviderAccount, ProviderAccount.id == JobRow.account_id)
        .outerjoin(Payment, Payment.id == JobRow.payment_id)
        .where(JobRow.run_id == run.id, JobRow.mode == mode, JobRow.position > after)
    )
    if outcome is not None:
        query = query.where(word == outcome.value)
    found = tx.execute(query.order_by(JobRow.position).limit(size + 1)).all()
    lines = [RowLine(row, RowOutcome(name), operation, *rest) for row, name, operation, *rest in found[:size]]
    return lines, len(found) > size


@dataclass(frozen=True, slots=True)
class Words:
    """What a run said when it ended."""

    words: str
    ended_at: datetime


def last_words(tx: Tx, job: str) -> Words | None:
    """What the newest run of a job of the whole desk said that said something; one that broke off says nothing."""
    newest = select(JobRun.result, JobRun.ended_at).where(JobRun.job == job, _of(None), JobRun.result.is_not(None))
    row = tx.execute(newest.order_by(JobRun.due_at.desc()).limit(1)).one_or_none()
    return Words(row.result, row.ended_at) if row and row.ended_at else None


def _runs() -> Select[JobRun, str | None]:
    return select(JobRun, User.name).outerjoin(User, User.id == JobRun.requested_by)


def _line(tx: Tx, run: JobRun, name: str | None, mode: Mode) -> RunLine:
    counts = outcomes.read(run.counts) if run.ended_at is not None else outcomes.count(tx, run.id)
    return RunLine(run, name, counts.get(mode, {}))


def _of(shop_id: uuid.UUID | None) -> ColumnElement[bool]:
    return JobRun.shop_id.is_(None) if shop_id is None else JobRun.shop_id == shop_id


def _count(tx: Tx, run_id: uuid.UUID, *, with_outcome: bool) -> int:
    query = select(func.count()).select_from(JobRow).where(JobRow.run_id == run_id)
    if with_outcome:
        query = outcomes.with_operations(query).where(outcomes.has_outcome())
    return tx.execute(query).scalar_one()
