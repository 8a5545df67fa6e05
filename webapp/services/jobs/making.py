"""Make the runs that are due by the clock, and those that people ask for (R16, R17, R20)."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from webapp.domain.permissions import Permission
from webapp.models import JobRun, Schedule, Shop, Via
from webapp.models.base import new_id
from webapp.services import audit, runtime, wake_ups
from webapp.services.audit import SYSTEM, Actor
from webapp.services.errors import RuleBroken
from webapp.services.jobs.catalogue import DAY_S, HOUR_S, LOOK_UP
from webapp.services.jobs.schedules import check_right, known_job, timetable, zone_of
from webapp.services.kill_points import KillPoint, reached
from webapp.services.sessions import SignedIn
from webapp.services.unit_of_work import Tx, in_transaction

RUN_JOB = "tasks.jobs.run_job"


def tick() -> int:
    """Make the runs that are due; answers how many. Two schedulers at once make each run once (K15)."""

    def due(tx: Tx) -> list[uuid.UUID]:
        now = runtime.current().clock.now(tx)
        return list(tx.scalars(select(Schedule.id).where(Schedule.enabled, Schedule.next_due_at <= now)))

    return sum(_make(schedule_id) for schedule_id in in_transaction(due))


def _make(schedule_id: uuid.UUID) -> bool:
    reached(KillPoint.SCHEDULING)
    try:
        made = in_transaction(lambda tx: _make_within(tx, schedule_id))
    except IntegrityError:
        return False  # the run exists: another scheduler was a moment earlier
    reached(KillPoint.SCHEDULING)
    return made


def _make_within(tx: Tx, schedule_id: uuid.UUID) -> bool:
    now = runtime.current().clock.now(tx)
    schedule = tx.get_one(Schedule, schedule_id, with_for_update=True, populate_existing=True)
    if not schedule.enabled or schedule.next_due_at > now:
        return False
    due_at, times = schedule.next_due_at, timetable(schedule, zone_of(tx, schedule.shop_id))
    next_due_at = times.after(now, due_at)
    twice = 2 * times.gap(next_due_at)
    schedule.next_due_at, schedule.overdue_at = next_due_at, next_due_at + twice
    overdue_at = now + twice + _stop_window(tx, schedule.shop_id)
    _add(tx, schedule.job, schedule.shop_id, now, due_at=due_at, overdue_at=overdue_at)
    reached(KillPoint.SCHEDULING)
    return True


def run_now(actor: SignedIn, job: str, shop_id: uuid.UUID | None, request_id: uuid.UUID) -> uuid.UUID:
    """A run by hand, at once; answers its id. The same request id answers the first run again (R16).

    Raises NoRight, NotFound (no such job), or RuleBroken `wrong_scope` (a shop's job without a shop, or the reverse)
    or `request_id_taken`.
    """
    check_right(actor, Permission.RUN_JOBS, shop_id)
    return ask(Actor(actor.user_id, Via.WEB), job, shop_id, request_id)


def run_by_operator(job: str, shop_id: uuid.UUID | None, request_id: uuid.UUID) -> uuid.UUID:
    """A run that an operator of the machine asks for. Raises as `run_now`, but never NoRight."""
    return ask(SYSTEM, job, shop_id, request_id)


def ask(
    actor: Actor, job: str, shop_id: uuid.UUID | None, request_id: uuid.UUID, *, repeat_of: uuid.UUID | None = None
) -> uuid.UUID:
    """Record a wish for a run; rights are the caller's to check. Raises as `run_now`, but never NoRight."""
    if known_job(job).per_shop != (shop_id is not None):
        raise RuleBroken("wrong_scope")
    wanted = (job, shop_id, repeat_of)

    def work(tx: Tx) -> uuid.UUID:
        seen = tx.scalars(select(JobRun).where(JobRun.request_id == request_id)).one_or_none()
        if seen is not None:
            if (seen.job, seen.shop_id, seen.repeat_of) != wanted:
                raise RuleBroken("request_id_taken")
            return seen.id
        now = runtime.current().clock.now(tx)
        by_hand = {"requested_by": actor.user_id, "request_id": request_id, "repeat_of": repeat_of}
        run_id = _add(tx, job, shop_id, now, due_at=now, overdue_at=_overdue_by_hand(tx, job, shop_id, now), **by_hand)
        details = {"job": job, "repeat_of": str(repeat_of) if repeat_of else None}
        audit.write(tx, actor, "job.asked", ("job_run", run_id), shop_id=shop_id, details=details, at=now)
        return run_id

    try:
        return in_transaction(work)
    except IntegrityError:
        return in_transaction(work)  # the same form twice at once: now the first is there


def _add(
    tx: Tx,
    job: str,
    shop_id: uuid.UUID | None,
    now: datetime,
    *,
    due_at: datetime,
    overdue_at: datetime,
    **more: object,
) -> uuid.UUID:
    run_id = new_id()
    values = {"id": run_id, "job": job, "shop_id": shop_id, "due_at": due_at, "overdue_at": overdue_at}
    tx.execute(insert(JobRun).values(**values, not_before=now, **more))
    wake_ups.add(tx, RUN_JOB, run_id, queue=wake_ups.DEFAULT_QUEUE, not_before=now)
    return run_id


def _overdue_by_hand(tx: Tx, job: str, shop_id: uuid.UUID | None, now: datetime) -> datetime:
    """Twice the interval that the job has by its schedule; an hour where it has none."""
    query = select(Schedule).where(Schedule.job == job, Schedule.shop_id == shop_id)
    schedule = tx.scalars(query).one_or_none()
    if schedule is None:
        usual = timedelta(seconds=HOUR_S if job == LOOK_UP else DAY_S)
        return now + 2 * usual + _stop_window(tx, shop_id)
    times = timetable(schedule, zone_of(tx, shop_id))
    return now + 2 * times.gap(times.after(now, None)) + _stop_window(tx, shop_id)


def _stop_window(tx: Tx, shop_id: uuid.UUID | None) -> timedelta:
    """What the shop's stop window adds: operations wait for it before they have an outcome."""
    if shop_id is None:
        return timedelta(0)
    return timedelta(seconds=tx.execute(select(Shop.stop_window_s).where(Shop.id == shop_id)).scalar_one())
