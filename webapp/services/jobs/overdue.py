"""Jobs that have not finished in twice their interval: for the home page, and one word to staff per occurrence."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import structlog
from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute

from webapp.models import JobRun, Schedule
from webapp.services import runtime
from webapp.services.mails import job_alerts
from webapp.services.unit_of_work import Tx, in_transaction, reading

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Overdue:
    """A run that has not finished, or, without `run_id`, a schedule whose run nobody has made.

    `since`: when it was due, UTC. `shop_id` None: a job of the whole desk.
    """

    job: str
    shop_id: uuid.UUID | None
    since: datetime
    run_id: uuid.UUID | None
    schedule_id: uuid.UUID | None

    @property
    def subject_id(self) -> uuid.UUID:
        """Tells this occurrence from every other: the run, or the schedule at that moment."""
        if self.run_id is not None:
            return self.run_id
        assert self.schedule_id is not None  # noqa: S101 - one of the two is always there
        return uuid.uuid5(self.schedule_id, self.since.isoformat())


def overdue(tx: Tx, shops: Collection[uuid.UUID], *, desk_too: bool = False) -> Sequence[Overdue]:
    """What is overdue now in those shops, longest first; with `desk_too` also the jobs of the whole desk."""
    now = runtime.current().clock.now(tx)
    runs = select(JobRun).where(_late_run(now), _in(JobRun.shop_id, shops, desk_too))
    schedules = select(Schedule).where(_late_schedule(now), _in(Schedule.shop_id, shops, desk_too))
    found = [_of_run(run) for run in tx.scalars(runs)] + [_of_schedule(each) for each in tx.scalars(schedules)]
    return sorted(found, key=lambda each: each.since)


def announce_new() -> int:
    """Tell staff of what has become overdue since the last look; answers how many. Reads little while nothing has."""
    with reading() as tx:
        now = runtime.current().clock.now(tx)
        runs = tx.scalars(select(JobRun.id).where(_late_run(now), JobRun.alerted_at.is_(None))).all()
        schedules = tx.scalars(select(Schedule.id).where(_late_schedule(now), _not_told_of)).all()
    told = sum(in_transaction(partial(_announce_run, run_id=run_id)) for run_id in runs)
    return told + sum(in_transaction(partial(_announce_schedule, schedule_id=each)) for each in schedules)


def tell_staff(tx: Tx, late: Overdue) -> None:
    """One occurrence, once, in the transaction that remembers that it was told (R41, R47)."""
    log.error("job_overdue", job=late.job, shop_id=str(late.shop_id), since=late.since.isoformat())
    job_alerts.job_overdue(tx, late.shop_id, late.job, late.subject_id, late.since)


def _announce_run(tx: Tx, run_id: uuid.UUID) -> bool:
    now = runtime.current().clock.now(tx)
    mine = update(JobRun).where(JobRun.id == run_id, JobRun.alerted_at.is_(None), JobRun.ended_at.is_(None))
    run = tx.scalars(mine.values(alerted_at=now).returning(JobRun)).one_or_none()
    if run is None:
        return False  # another one was a moment earlier, or it has just ended
    tell_staff(tx, _of_run(run))
    return True


def _announce_schedule(tx: Tx, schedule_id: uuid.UUID) -> bool:
    now = runtime.current().clock.now(tx)
    mine = update(Schedule).where(Schedule.id == schedule_id, _late_schedule(now), _not_told_of)
    schedule = tx.scalars(
        mine.values(alerted_at=now).execution_options(synchronize_session=False).returning(Schedule)
    ).one_or_none()
    if schedule is None:
        return False
    tell_staff(tx, _of_schedule(schedule))
    return True


_not_told_of = or_(Schedule.alerted_at.is_(None), Schedule.alerted_at < Schedule.overdue_at)


def _late_run(now: datetime) -> ColumnElement[bool]:
    return (JobRun.ended_at.is_(None)) & (JobRun.overdue_at < now)


def _late_schedule(now: datetime) -> ColumnElement[bool]:
    return Schedule.enabled & (Schedule.overdue_at < now)


def _in(
    shop_id: InstrumentedAttribute[uuid.UUID | None], shops: Collection[uuid.UUID], desk_too: bool
) -> ColumnElement[bool]:
    here = shop_id.in_(shops)
    return or_(here, shop_id.is_(None)) if desk_too else here


def _of_run(run: JobRun) -> Overdue:
    return Overdue(run.job, run.shop_id, run.due_at, run.id, None)


def _of_schedule(schedule: Schedule) -> Overdue:
    return Overdue(schedule.job, schedule.shop_id, schedule.next_due_at, None, schedule.id)
