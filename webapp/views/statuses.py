"""The shop's own list of order statuses."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from flask import Blueprint, abort, flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from webapp.domain.permissions import Permission
from webapp.extensions import db
from webapp.formatting.status_action_words import KINDS
from webapp.forms.refusals import refusal_text, refuse
from webapp.forms.statuses import NewStatusForm, StatusEntryForm
from webapp.htmx import page, see_other
from webapp.models import OrderStatus, Shop
from webapp.security import check_right, current, requires
from webapp.services.errors import RuleBroken
from webapp.services.orders import status_list

bp = Blueprint("statuses", __name__, url_prefix="/shops/<uuid:shop_id>/statuses")
MANAGE = Permission.MANAGE_SHOP


@bp.get("")
@requires(MANAGE)
def index(shop_id: uuid.UUID) -> ResponseReturnValue:
    """The list, and the form for one more."""
    shop = _shop(shop_id)
    return _list(shop, NewStatusForm(formdata=None, data={"version": shop.version}), 200)


@bp.post("")
@requires(MANAGE)
def add(shop_id: uuid.UUID) -> ResponseReturnValue:
    """One more status."""
    shop, form, status = _shop(shop_id), NewStatusForm(), 422
    if form.validate_on_submit():
        db.session.rollback()
        try:
            status_list.add(current(), shop_id, form.seen_version, form.command())
        except RuleBroken as refusal:
            status = refuse(form, refusal)
            shop = _shop(shop_id)
        else:
            flash(_("The status is on the list."))
            return see_other(url_for("statuses.index", shop_id=shop_id))
    return _list(shop, form, status)


@bp.route("/<uuid:status_id>", methods=["GET", "POST"])
@requires(MANAGE)
def edit(shop_id: uuid.UUID, status_id: uuid.UUID) -> ResponseReturnValue:
    """Name and kind of one status."""
    shop, row = _shop(shop_id), db.session().get(OrderStatus, status_id)
    if row is None or row.shop_id != shop_id:
        abort(404)
    line = next(each for each in status_list.listed(db.session(), shop_id) if each.status.id == status_id)
    form = StatusEntryForm(data={"name": row.name, "kind": row.kind.value, "version": shop.version})
    status = 422 if form.is_submitted() else 200
    if form.validate_on_submit():
        db.session.rollback()
        try:
            name = form.name.data or ""
            status_list.edit(current(), shop_id, form.seen_version, status_id, name, form.chosen_kind)
        except RuleBroken as refusal:
            status = refuse(form, refusal)
            shop = _shop(shop_id)
        else:
            flash(_("The status is saved."))
            return see_other(url_for("statuses.index", shop_id=shop_id))
    return page("statuses/edit.html", block="form", status=status, form=form, shop=shop, line=line, kinds=KINDS)


@bp.post("/<uuid:status_id>/use")
@requires(MANAGE)
def use(shop_id: uuid.UUID, status_id: uuid.UUID) -> ResponseReturnValue:
    """Retire a status or bring it back."""
    in_use = request.form.get("in_use") == "1"
    said = _("The status can be chosen again.") if in_use else _("The status is retired. Orders that have it keep it.")
    return _act(shop_id, said, lambda: status_list.use(current(), shop_id, _version(), status_id, in_use=in_use))


@bp.post("/<uuid:status_id>/move")
@requires(MANAGE)
def move(shop_id: uuid.UUID, status_id: uuid.UUID) -> ResponseReturnValue:
    """One place up or down."""
    up = request.form.get("to") == "up"
    return _act(shop_id, "", lambda: status_list.move(current(), shop_id, _version(), status_id, up=up))


def _act(shop_id: uuid.UUID, said: str, deed: Callable[[], None]) -> ResponseReturnValue:
    _shop(shop_id)
    db.session.rollback()
    try:
        deed()
    except RuleBroken as refusal:
        flash(refusal_text(refusal))
    else:
        if said:
            flash(said)
    return see_other(url_for("statuses.index", shop_id=shop_id))


def _list(shop: Shop, form: NewStatusForm, status: int) -> ResponseReturnValue:
    lines = status_list.listed(db.session(), shop.id)
    return page("statuses/index.html", block="form", status=status, form=form, shop=shop, lines=lines, kinds=KINDS)


def _shop(shop_id: uuid.UUID) -> Shop:
    check_right(MANAGE, shop_id)
    return db.session().get(Shop, shop_id) or abort(404)


def _version() -> int:
    return request.form.get("version", 0, type=int)
