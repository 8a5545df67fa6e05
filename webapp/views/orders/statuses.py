"""Changing an order's status on its page."""

from __future__ import annotations

import uuid

from flask import flash, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from webapp.domain.permissions import Permission
from webapp.extensions import db
from webapp.forms.orders import NoteForm, StatusForm
from webapp.forms.refusals import refuse
from webapp.htmx import see_other
from webapp.models import Via
from webapp.security import check_right, current, requires, visible_shops
from webapp.services.audit import Actor
from webapp.services.errors import StaleVersion
from webapp.services.orders.page import OrderFacts, get_order
from webapp.services.orders.statuses import Setting, set_status
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
    except StaleVersion as refusal:
        return _shown(get_order(db.session(), order_id, visible_shops()), form, refuse(form, refusal))
    flash(_("The status is changed.") if change else _("The order has this status already."))
    return see_other(url_for("orders.show", order_id=order_id))


def _shown(facts: OrderFacts, form: StatusForm, status: int) -> ResponseReturnValue:
    return order_page(facts, NoteForm(formdata=None), status, form)
