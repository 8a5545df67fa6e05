"""All jobs of the shops in view, with their schedules and last runs; and the list of a job's runs in one shop."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import abort, request, url_for
from flask.typing import ResponseReturnValue

from webapp.domain.permissions import Permission
from webapp.extensions import db
from webapp.formatting import job_words, schedule_words
from webapp.formatting.run_bars import Bar, run_bars
from webapp.htmx import page
from webapp.models import Shop
from webapp.models.base import new_id
from webapp.security import check_right, current, requires, shops_in_view, visible_shops
from webapp.services import runtime
from webapp.services.jobs import listing, overdue
from webapp.services.jobs.catalogue import JOBS, RECONCILE, VERIFY, Job
from webapp.services.jobs.listing import JobLine
from webapp.services.jobs.overdue import Overdue
from webapp.services.jobs.previewing import next_times
from webapp.services.jobs.schedules import DESK_ZONE
from webapp.views.jobs import bp

PAGE = 50
P = Permission
Late = Mapping[tuple[str, uuid.UUID | None], Overdue]


@dataclass(frozen=True, slots=True)
class Row:
    """One job of one shop on the board. `request_id` is spent by the button that runs it now (R16)."""

    line: JobLine
    how_often: str
    hours: str
    next_times: Sequence[datetime]
    counts: str
    bars: Sequence[Bar]
    late: Overdue | None
    request_id: uuid.UUID
    may_run: bool
    may_manage: bool
    said: str = ""

    @property
    def is_clockless(self) -> bool:
        """Whether nobody plans it: people run it by hand."""
        return self.line.schedule is None

    @property
    def can_be_rehearsed(self) -> bool:
        """Whether it can be asked what it would take."""
        return self.line.job.is_rehearsed


@bp.get("")
@requires(P.VIEW)
def index() -> ResponseReturnValue:
    """Every job with a row per shop; the jobs of the whole desk for those who may plan jobs."""
    tx, person = db.session(), current()
    seen, sees_desk = shops_in_view(), bool(visible_shops(P.MANAGE_JOBS))
    late: Late = {(each.job, each.shop_id): each for each in overdue.overdue(tx, seen, desk_too=sees_desk)}
    now = runtime.current().clock.now(tx)
    by_job: dict[Job, list[Row]] = {}
    for line in listing.jobs_of(tx, seen, person.mode):
        by_job.setdefault(line.job, []).append(_row(line, late, now))
    desk = listing.jobs_of_desk(tx, person.mode) if sees_desk else []
    return page(
        "jobs/index.html",
        blocks=[(job, job_words.job_title(job.name), _sentences(job), by_job[job]) for job in by_job],
        desk=[(job_words.job_title(line.job.name), _row(line, late, now)) for line in desk],
        states=job_words.STATES,
        has_many_shops=len(seen) > 1,
        moves_money=bool(shops_in_view(P.RUN_JOBS)),
    )


@bp.get("/<job>/<uuid:shop_id>")
@requires(P.VIEW)
def history(job: str, shop_id: uuid.UUID) -> ResponseReturnValue:
    """The runs of a job in one shop, newest first; the filter stands in the address."""
    check_right(P.VIEW, shop_id)
    tx, mode = db.session(), current().mode
    found, shop = known_job(job), tx.get(Shop, shop_id) or abort(404)
    only_with_rows = request.args.get("rows") == "1"
    before = _before()
    lines = listing.history(tx, job, shop_id, mode, PAGE + 1, before=before, only_with_rows=only_with_rows)
    shown, last = lines[:PAGE], lines[PAGE - 1].run if len(lines) > PAGE else None
    here: dict[str, Any] = {"job": job, "shop_id": shop_id, "rows": "1" if only_with_rows else None}
    return page(
        "jobs/history.html",
        job=found,
        shop=shop,
        title=job_words.job_title(job),
        lines=[(line, job_words.STATES[line.state], job_words.counts_words(line, found.undoes)) for line in shown],
        bars=run_bars(shown),
        only_with_rows=only_with_rows,
        newest=url_for("jobs.history", **here) if before else "",
        older=url_for("jobs.history", **here, at=last.due_at.isoformat(), id=last.id) if last else "",
    )


def known_job(name: str) -> Job:
    """The job of that name that shops have; else the page is not there."""
    job = JOBS.get(name)
    return job if job is not None and job.per_shop else abort(404)


def _row(line: JobLine, late: Late, now: datetime) -> Row:
    shop_id, schedule, last = line.shop.id if line.shop else None, line.schedule, line.last
    zone = line.shop.time_zone if line.shop else DESK_ZONE
    compared = job_words.compared_words(last.run.result) if last and line.job.name == RECONCILE else ""
    said = last.run.result if last and line.job.name == VERIFY and last.is_over and not last.run.failed_by else None
    return Row(
        line=line,
        how_often=schedule_words.how_often(schedule) if schedule else "",
        hours=schedule_words.active_hours(schedule, zone) if schedule else "",
        next_times=next_times(schedule, zone, now, 3 if schedule.cron else 1) if schedule else [],
        counts=job_words.counts_words(last, line.job.undoes) if last else "",
        bars=run_bars(line.history),
        late=late.get((line.job.name, shop_id)),
        request_id=new_id(),
        may_run=_may(P.RUN_JOBS, shop_id),
        may_manage=_may(P.MANAGE_JOBS, shop_id),
        said=job_words.books_words(said) if said else compared if last and not last.rows else "",
    )


def _sentences(job: Job) -> str:
    """What the job does, and where it cannot be rehearsed, why not."""
    return " ".join(filter(None, (job_words.job_sentence(job.name), job_words.why_not_rehearsed(job))))


def _may(permission: Permission, shop_id: uuid.UUID | None) -> bool:
    return shop_id is not None and current().may(permission, shop_id)


def _before() -> tuple[datetime, uuid.UUID] | None:
    row_id = request.args.get("id", type=uuid.UUID)
    try:
        at = datetime.fromisoformat(request.args.get("at", ""))
    except ValueError:
        return None
    return None if row_id is None or at.tzinfo is None else (at, row_id)
