"""The schedule of a job in one shop."""

from __future__ import annotations

import uuid
from typing import Any

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from webapp.domain.permissions import Permission
from webapp.extensions import db
from webapp.formatting import job_words, schedule_words
from webapp.forms.refusals import refuse
from webapp.forms.schedule import ScheduleForm
from webapp.htmx import page, see_other
from webapp.models import Schedule, Shop
from webapp.security import check_right, current, requires, visible_shops
from webapp.services import runtime, shops
from webapp.services.errors import RuleBroken, StaleVersion
from webapp.services.jobs import listing, schedules
from webapp.services.jobs.previewing import next_times
from webapp.views.jobs import bp

P = Permission


@bp.route("/schedules/<uuid:schedule_id>", methods=["GET", "POST"])
@requires(P.MANAGE_JOBS)
def edit(schedule_id: uuid.UUID) -> ResponseReturnValue:
    """The form; “Show the next runs” works them out without saving anything."""
    tx = db.session()
    row, shop = listing.get_schedule(tx, schedule_id, visible_shops())
    check_right(P.MANAGE_JOBS, shop.id)
    others = [other for other in shops.visible(tx, visible_shops(P.MANAGE_JOBS)) if other.id != shop.id]
    form = ScheduleForm(row, others)
    if not form.is_submitted():
        return _page(row, shop, form, 200)
    if not form.validate_on_submit():
        return _page(row, shop, form, 422)
    if "preview" in request.form:
        return _preview(row, shop, form)
    return _save(row, shop, form)


def _save(row: Schedule, shop: Shop, form: ScheduleForm) -> ResponseReturnValue:
    tx, also_in = db.session(), form.shops()
    tx.rollback()  # let go of the read lock before the write
    try:
        schedules.edit(current(), row.id, form.seen_version, form.command(), also_in=also_in)
    except StaleVersion as refusal:
        return _page(*_fresh(row, shop), form, refuse(form, refusal))
    except RuleBroken as refusal:
        form.take_refusal(refusal)
        return _page(*_fresh(row, shop), form, 422)
    flash(_("The schedule is saved.") if not also_in else _("The schedules are saved."))
    return see_other(url_for("jobs.index"))


def _fresh(row: Schedule, shop: Shop) -> tuple[Schedule, Shop]:
    tx = db.session()
    tx.refresh(row)
    tx.refresh(shop)
    return row, shop


def _preview(row: Schedule, shop: Shop, form: ScheduleForm) -> ResponseReturnValue:
    now = runtime.current().clock.now(db.session())
    try:
        found = next_times(form.command(), shop.time_zone, now)
    except RuleBroken as refusal:
        form.take_refusal(refusal)
        return _page(row, shop, form, 422)
    return _page(row, shop, form, 200, previewed=found, in_words=_in_words(form.command(), shop.time_zone))


def _page(row: Schedule, shop: Shop, form: ScheduleForm, status: int, **more: Any) -> ResponseReturnValue:
    now = runtime.current().clock.now(db.session())
    return page(
        "jobs/schedule.html",
        block="form",
        status=status,
        form=form,
        schedule=row,
        shop=shop,
        title=job_words.job_title(row.job),
        present=_in_words(row, shop.time_zone),
        planned=next_times(row, shop.time_zone, now),
        **more,
    )


def _in_words(rules: Schedule | schedules.ScheduleCommand, zone: str) -> str:
    hours = schedule_words.active_hours(rules, zone)
    often = schedule_words.how_often(rules)
    return f"{often}, {hours}" if hours else often
