"""Schedules are rows: whoever inserts the run wins, and missed ticks run once (R17, R20)."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType

import structlog
from sqlalchemy import delete, exists, insert, select, update
from sqlalchemy.exc import IntegrityError

from webapp.models import JobRun, RateEvent, Schedule, UserSession
from webapp.models.base import new_id
from webapp.services import drafts, runtime, verify, wake_ups
from webapp.services.imports import cleaning as import_cleaning
from webapp.services.unit_of_work import Tx, in_transaction
from webapp.services.webhooks import keeping as webhook_keeping

log = structlog.get_logger()
RUN_JOB = "tasks.jobs.run_job"
DAY_S = 24 * 3600
_KEEP_COUNTERS = timedelta(days=1)
_KEEP_SESSIONS = timedelta(days=30)

DEFAULTS: Mapping[str, int] = MappingProxyType({"housekeeping": 3600, "verify": DAY_S})
"""Every job with its interval in seconds."""


def ensure() -> None:
    """Give every job a schedule; an existing one is left as people set it."""

    def work(tx: Tx) -> None:
        now = runtime.current().clock.now(tx)
        known = set(tx.scalars(select(Schedule.job)))
        for job, interval_s in DEFAULTS.items():
            if job not in known:
                tx.execute(insert(Schedule).values(id=new_id(), job=job, interval_s=interval_s, next_due_at=now))

    try:
        in_transaction(work)
    except IntegrityError:
        log.info("schedules_exist")  # another scheduler was a moment earlier; its rows are as good


def tick() -> int:
    """Make the runs that are due; answers how many. Two schedulers at once make each run once."""

    def due(tx: Tx) -> list[uuid.UUID]:
        now = runtime.current().clock.now(tx)
        return list(tx.scalars(select(Schedule.id).where(Schedule.enabled, Schedule.next_due_at <= now)))

    return sum(_make_run(schedule_id) for schedule_id in in_transaction(due))


def _make_run(schedule_id: uuid.UUID) -> bool:
    def work(tx: Tx) -> bool:
        now = runtime.current().clock.now(tx)
        schedule = tx.get_one(Schedule, schedule_id, with_for_update=True, populate_existing=True)
        if not schedule.enabled or schedule.next_due_at > now:
            return False
        run_id = new_id()
        tx.execute(insert(JobRun).values(id=run_id, job=schedule.job, due_at=schedule.next_due_at))
        schedule.next_due_at = _next(schedule, now)
        wake_ups.add(tx, RUN_JOB, run_id, queue=wake_ups.DEFAULT_QUEUE, not_before=now)
        return True

    try:
        return in_transaction(work)
    except IntegrityError:
        return False  # the run exists: another scheduler was a moment earlier


def _next(schedule: Schedule, now: datetime) -> datetime:
    step = timedelta(seconds=schedule.interval_s)
    missed = (now - schedule.next_due_at) // step
    return schedule.next_due_at + step * (missed + 1)


def run_job(run_id: uuid.UUID) -> bool:
    """Run one job that was made due; False when it was taken already."""

    def take(tx: Tx) -> str | None:
        now = runtime.current().clock.now(tx)
        return tx.execute(
            update(JobRun)
            .where(JobRun.id == run_id, JobRun.started_at.is_(None))
            .values(started_at=now)
            .returning(JobRun.job)
        ).scalar_one_or_none()

    job = in_transaction(take)
    if job is None:
        return False
    result = _JOBS[job]()

    def close(tx: Tx) -> None:
        now = runtime.current().clock.now(tx)
        tx.execute(update(JobRun).where(JobRun.id == run_id).values(ended_at=now, result=result))

    in_transaction(close)
    return True


def run_due() -> int:
    """Run every job that is due and not taken; for the poll, when the wake-up was lost."""

    def waiting(tx: Tx) -> list[uuid.UUID]:
        return list(tx.scalars(select(JobRun.id).where(JobRun.started_at.is_(None)).order_by(JobRun.due_at)))

    return sum(run_job(run_id) for run_id in in_transaction(waiting))


def _verify() -> str:
    found = list(verify.problems())
    for problem in found:
        log.error("verifier", problem=problem)
    return "\n".join(found[:50]) or "whole"


def _housekeeping() -> str:
    words = wake_ups.forget_old()

    def work(tx: Tx) -> Sequence[uuid.UUID]:
        now = runtime.current().clock.now(tx)
        tx.execute(delete(RateEvent).where(RateEvent.at < now - _KEEP_COUNTERS))
        drafts.forget_old(tx, now)
        webhook_keeping.forget_old(tx, now)
        tx.execute(delete(UserSession).where(UserSession.last_seen_at < now - _KEEP_SESSIONS))
        return import_cleaning.forget_old(tx, now)

    for import_id in in_transaction(work):
        import_cleaning.clean(import_id)
    return f"{words} wake-ups dropped"


_JOBS: Mapping[str, Callable[[], str]] = MappingProxyType({"housekeeping": _housekeeping, "verify": _verify})


def last_result(tx: Tx, job: str) -> str | None:
    """What the newest finished run of `job` said."""
    newest = select(JobRun.result).where(JobRun.job == job, JobRun.ended_at.is_not(None))
    return tx.execute(newest.order_by(JobRun.due_at.desc()).limit(1)).scalar_one_or_none()


def is_waiting(tx: Tx, job: str) -> bool:
    """Whether a run of `job` is due and nobody has taken it."""
    return bool(tx.scalar(select(exists().where(JobRun.job == job, JobRun.started_at.is_(None)))))
