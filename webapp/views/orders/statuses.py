"""Changing an order's status on its page, and trying again what that set going."""

from __future__ import annotations

import uuid

from flask import flash, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from webapp.domain.permissions import Permission
from webapp.domain.status_actions import STANDS_STILL
from webapp.extensions import db
from webapp.forms.orders import NoteForm, StatusForm
from webapp.forms.refusals import refuse
from webapp.htmx import see_other
from webapp.models import Via
from webapp.security import check_right, current, limit_money_forms, requires, visible_shops
from webapp.services.audit import Actor
from webapp.services.errors import RuleBroken
from webapp.services.orders.page import OrderFacts, get_order
from webapp.services.orders.statuses import Setting, set_status
from webapp.services.status_actions import carrying
from webapp.views.orders import bp
from webapp.views.orders.showing import order_page


@bp.post("/<uuid:order_id>/status")
@requires(Permission.SET_STATUS)
def change_status(order_id: uuid.UUID) -> ResponseReturnValue:
    """Give the order another status and go back to it; what that lets jobs do stands beside the button."""
    facts = get_order(db.session(), order_id, visible_shops())
    check_right(Permission.SET_STATUS, facts.order.shop_id)
    form = StatusForm()
    form.offer(facts.statuses)
    if not form.validate_on_submit():
        return _shown(facts, form, 422)
    setting = Setting(
        actor=Actor(current().user_id, Via.WEB),
        shop_ids=visible_shops(Permission.SET_STATUS),
        order_id=order_id,
        status_id=uuid.UUID(form.status.data),
        seen_version=form.seen_version,
    )
    db.session.rollback()
    try:
        change = set_status(setting)
    except RuleBroken as refusal:  # somebody else was quicker, or the status was retired meanwhile
        return _shown(get_order(db.session(), order_id, visible_shops()), form, refuse(form, refusal))
    flash(_("The status is changed.") if change else _("The order has this status already."))
    return see_other(url_for("orders.show", order_id=order_id))


@bp.post("/<uuid:order_id>/status-actions/<uuid:fired_id>")
@requires(Permission.SET_STATUS)
@limit_money_forms
def try_action(order_id: uuid.UUID, fired_id: uuid.UUID) -> ResponseReturnValue:
    """Try once more what the order's status set going and could not be carried out."""
    facts = get_order(db.session(), order_id, visible_shops())
    check_right(Permission.SET_STATUS, facts.order.shop_id)
    db.session.rollback()
    fired = carrying.try_again(order_id, fired_id, visible_shops(Permission.SET_STATUS))
    is_done = fired.state not in STANDS_STILL
    flash(_("The status action is carried out.") if is_done else _("It could not be carried out this time either."))
    return see_other(url_for("orders.show", order_id=order_id))


def _shown(facts: OrderFacts, form: StatusForm, status: int) -> ResponseReturnValue:
    return order_page(facts, NoteForm(formdata=None), status, form)
