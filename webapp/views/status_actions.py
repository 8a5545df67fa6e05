"""Status actions of a shop: the two tables with their history, and what a status would do to an order."""

from __future__ import annotations

import uuid

from flask import Blueprint, abort, flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from webapp.domain.permissions import Permission
from webapp.domain.status_actions import FollowedState
from webapp.extensions import db
from webapp.formatting import status_action_words as words
from webapp.forms.refusals import refuse
from webapp.forms.statuses import TablesForm, TrialForm, columns_of, tables_form
from webapp.htmx import page, see_other
from webapp.models import Shop, StatusKind
from webapp.security import check_right, current, requires
from webapp.services.errors import NotFound, RuleBroken
from webapp.services.orders.statuses import statuses_of
from webapp.services.status_actions import foreseeing, tables
from webapp.services.status_actions.foreseeing import Answer
from webapp.services.status_actions.tables import Tables, get_tables

bp = Blueprint("status_actions", __name__, url_prefix="/shops/<uuid:shop_id>/status-actions")
MANAGE = Permission.MANAGE_STATUS_ACTIONS
LONGEST_NUMBER = 100


@bp.route("", methods=["GET", "POST"])
@requires(MANAGE)
def edit(shop_id: uuid.UUID) -> ResponseReturnValue:
    """Both tables in one form, which needs a reason; the changes so far below it."""
    check_right(MANAGE, shop_id)
    found = get_tables(db.session(), shop_id)
    form = tables_form(found)
    status = 422 if form.is_submitted() else 200
    if form.validate_on_submit():
        command = form.command(found)
        db.session.rollback()
        try:
            tables.save(current(), shop_id, form.seen_version, command)
        except RuleBroken as refusal:
            status = refuse(form, refusal)
            found = get_tables(db.session(), shop_id)
        else:
            flash(_("The tables are saved. They hold for every change of status from now on."))
            return see_other(url_for("status_actions.edit", shop_id=shop_id))
    return _page(found, form, status)


@bp.get("/trial")
@requires(Permission.VIEW)
def trial(shop_id: uuid.UUID) -> ResponseReturnValue:
    """What would happen to an order that is given a status; nothing is done."""
    check_right(Permission.VIEW, shop_id)
    tx = db.session()
    shop = tx.get(Shop, shop_id) or abort(404)
    number, status_id = (
        request.args.get("order", "").strip()[:LONGEST_NUMBER],
        request.args.get("status", type=uuid.UUID),
    )
    form = TrialForm(formdata=None, data={"order": number, "status": str(status_id) if status_id else None})
    form.offer(list(statuses_of(tx, shop_id)))
    answer: Answer | None = None
    if number and status_id:
        try:
            answer = foreseeing.try_out(tx, shop_id, current().mode, number, status_id, shop.stop_window_s)
        except NotFound:
            answer = None
    return page(
        "status_actions/trial.html",
        block="trial",
        shop=shop,
        form=form,
        number=number,
        is_asked=bool(number and status_id),
        answer=answer,
        payments=[(each, words.ACTS[each.act], words.outcome_words(each)) for each in answer.payments]
        if answer
        else [],
        jobs_act=answer is not None and answer.status.kind is StatusKind.CANCELLED,
        may_manage=current().may(MANAGE, shop_id),
    )


def _page(found: Tables, form: TablesForm, status: int) -> ResponseReturnValue:
    history = tables.history(db.session(), found.shop.id)
    return page(
        "status_actions/edit.html",
        block="form",
        status=status,
        tables=found,
        shop=found.shop,
        form=form,
        columns=[(provider, words.provider_words(provider)) for provider in columns_of(found)],
        events=[(event, words.EVENTS[event]) for event in FollowedState],
        kinds=words.KINDS,
        history=[(each, words.changes_words(each.entry.details)) for each in history],
    )
