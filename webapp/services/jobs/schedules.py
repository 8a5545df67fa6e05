"""The schedules: every shop has its own for each of its jobs; people with the right change them (R20, R32)."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from webapp.domain.permissions import Permission
from webapp.domain.timetable import EVERY_DAY, Timetable, WrongTimetable
from webapp.models import Schedule, Shop, Via
from webapp.models.base import new_id
from webapp.services import audit, runtime
from webapp.services.audit import Actor
from webapp.services.editing import change, differences
from webapp.services.errors import NoRight, NotFound, RuleBroken
from webapp.services.jobs.catalogue import JOBS, OF_DESK, OF_SHOPS, Job
from webapp.services.sessions import SignedIn
from webapp.services.unit_of_work import Tx, in_transaction

log = structlog.get_logger()
DESK_ZONE = "UTC"  # of jobs that belong to no shop


@dataclass(frozen=True, slots=True)
class ScheduleCommand:
    """What people set; the fields are those of `Timetable`, and whether the job runs by itself at all."""

    enabled: bool
    interval_s: int | None = None
    cron: str | None = None
    active_from: int | None = None
    active_until: int | None = None
    active_days: int = EVERY_DAY


def timetable(schedule: Schedule | ScheduleCommand, zone: str) -> Timetable:
    """The rules of time in it; `zone` is the shop's."""
    return Timetable(
        interval_s=schedule.interval_s,
        cron=schedule.cron,
        zone=zone,
        active_from=schedule.active_from,
        active_until=schedule.active_until,
        active_days=schedule.active_days,
    )


def zone_of(tx: Tx, shop_id: uuid.UUID | None) -> str:
    """The time zone in which a job of that shop counts its hours."""
    if shop_id is None:
        return DESK_ZONE
    return tx.execute(select(Shop.time_zone).where(Shop.id == shop_id)).scalar_one()


def ensure() -> None:
    """Give every job of every shop and of the desk its schedule; existing ones are left as people set them."""

    def work(tx: Tx) -> None:
        now = runtime.current().clock.now(tx)
        known = {(job, shop_id) for job, shop_id in tx.execute(select(Schedule.job, Schedule.shop_id))}
        wanted = [(job, None) for job in OF_DESK] + [
            (job, shop_id) for shop_id in tx.scalars(select(Shop.id)) for job in OF_SHOPS
        ]
        for job, shop_id in wanted:
            if (job.name, shop_id) not in known:
                _add(tx, job, shop_id, now)

    try:
        in_transaction(work)
    except IntegrityError:
        log.info("schedules_exist")  # another scheduler was a moment earlier; its rows are as good


def add_for_shop(tx: Tx, shop_id: uuid.UUID) -> None:
    """The schedules of a new shop, in the transaction that makes the shop."""
    now = runtime.current().clock.now(tx)
    for job in OF_SHOPS:
        _add(tx, job, shop_id, now)


def _add(tx: Tx, job: Job, shop_id: uuid.UUID | None, now: datetime) -> None:
    if job.every_s is None:
        return
    usual = Timetable(interval_s=job.every_s, cron=None, zone=DESK_ZONE)
    first = now + timedelta(seconds=job.every_s) if job.waits_first else now
    values = {"id": new_id(), "job": job.name, "shop_id": shop_id, "interval_s": job.every_s, "next_due_at": first}
    tx.execute(insert(Schedule).values(**values, overdue_at=first + 2 * usual.gap(first)))


def edit(
    actor: SignedIn,
    schedule_id: uuid.UUID,
    version: int,
    command: ScheduleCommand,
    *,
    also_in: Collection[uuid.UUID] = (),
) -> None:
    """Change one schedule, and with it the same job's schedules in the shops `also_in`: all or none.

    Raises NotFound, NoRight, StaleVersion, or RuleBroken with a code of `Timetable.check`.
    """

    def work(tx: Tx) -> None:
        schedule = tx.get(Schedule, schedule_id)
        if schedule is None or not _sees(actor, schedule.shop_id):
            raise NotFound(f"schedule {schedule_id}")
        _set(tx, actor, schedule, version, command)
        if others := set(also_in) - {schedule.shop_id}:
            _set_in(tx, actor, schedule.job, others, command)

    in_transaction(work)


def edit_in(actor: SignedIn, job: str, shops: Collection[uuid.UUID], command: ScheduleCommand) -> int:
    """Give the schedule of a job in several shops the same rules; answers how many were changed.

    Each shop's hours are in its own time zone. All or none. Raises as `edit`, but never StaleVersion.
    """
    return in_transaction(lambda tx: _set_in(tx, actor, job, shops, command))


def _set_in(tx: Tx, actor: SignedIn, job: str, shops: Collection[uuid.UUID], command: ScheduleCommand) -> int:
    query = select(Schedule).where(Schedule.job == job, Schedule.shop_id.in_(shops)).order_by(Schedule.id)
    found = tx.scalars(query.with_for_update()).all()
    if len(found) != len(set(shops)) or not all(_sees(actor, schedule.shop_id) for schedule in found):
        raise NotFound(f"schedule of {job}")
    for schedule in found:
        _set(tx, actor, schedule, schedule.version, command)
    return len(found)


def _set(tx: Tx, actor: SignedIn, schedule: Schedule, version: int, command: ScheduleCommand) -> None:
    check_right(actor, Permission.MANAGE_JOBS, schedule.shop_id)
    now = runtime.current().clock.now(tx)
    times = timetable(command, zone_of(tx, schedule.shop_id))
    try:
        times.check(now)
    except WrongTimetable as wrong:
        raise RuleBroken(wrong.code) from None
    values = asdict(command)
    changed = differences(schedule, values)
    if changed:
        next_due_at = times.after(now, None)
        values |= {"next_due_at": next_due_at, "overdue_at": next_due_at + 2 * times.gap(next_due_at)}
    change(tx, Schedule, schedule.id, version, **values)
    details = {"job": schedule.job, **changed}
    subject = ("schedule", schedule.id)
    who = Actor(actor.user_id, Via.WEB)
    audit.write(tx, who, "schedule.changed", subject, shop_id=schedule.shop_id, details=details, at=now)


def _sees(actor: SignedIn, shop_id: uuid.UUID | None) -> bool:
    return shop_id is None or actor.may(Permission.VIEW, shop_id)


def check_right(actor: SignedIn, permission: Permission, shop_id: uuid.UUID | None) -> None:
    """NoRight where the person lacks it; what belongs to the whole desk is for owners."""
    if shop_id is None:
        if not actor.shops_with(Permission.MANAGE_OWNERS):
            raise NoRight(Permission.MANAGE_OWNERS)
    elif not actor.may(permission, shop_id):
        raise NoRight(permission, shop_id)


def known_job(name: str) -> Job:
    """The job of that name. NotFound when there is none."""
    if name not in JOBS:
        raise NotFound(f"job {name}")
    return JOBS[name]
