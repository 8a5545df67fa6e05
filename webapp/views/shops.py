"""Shops: list, settings, and the list of refund reasons."""

from __future__ import annotations

import uuid

from flask import Blueprint, abort, flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from webapp.domain.permissions import Permission
from webapp.extensions import db
from webapp.forms.refusals import refusal_text, refuse
from webapp.forms.shops import NewShopForm, ReasonForm, ShopForm
from webapp.htmx import page, see_other
from webapp.models import Shop
from webapp.security import check_right, current, requires, visible_shops
from webapp.services import shops
from webapp.services.errors import RuleBroken

bp = Blueprint("shops", __name__, url_prefix="/shops")


@bp.get("")
@requires(Permission.VIEW)
def index() -> ResponseReturnValue:
    """The person's shops."""
    may_edit = visible_shops(Permission.MANAGE_SHOP)
    can_create = bool(visible_shops(Permission.MANAGE_OWNERS))
    rows = shops.visible(db.session(), visible_shops())
    return page("shops/index.html", shops=rows, may_edit=may_edit, can_create=can_create)


@bp.route("/new", methods=["GET", "POST"])
@requires(Permission.MANAGE_OWNERS)
def create() -> ResponseReturnValue:
    """A new shop."""
    form = NewShopForm()
    status = 422 if form.is_submitted() else 200
    if form.validate_on_submit():
        try:
            shop_id = shops.create(current(), form.command(form.code.data or ""))
        except RuleBroken as refusal:
            status = refuse(form, refusal)
        else:
            flash(_("The shop is there. Add a provider account next."))
            return see_other(url_for("shops.edit", shop_id=shop_id))
    return page("shops/create.html", block="form", status=status, form=form)


@bp.route("/<uuid:shop_id>", methods=["GET", "POST"])
@requires(Permission.MANAGE_SHOP)
def edit(shop_id: uuid.UUID) -> ResponseReturnValue:
    """Settings of one shop."""
    check_right(Permission.MANAGE_SHOP, shop_id)
    tx = db.session()
    shop = tx.get(Shop, shop_id) or abort(404)
    form = ShopForm(shop)
    status = 422 if form.is_submitted() else 200
    if form.validate_on_submit():
        try:
            shops.edit(current(), shop_id, form.seen_version, form.command(shop.code))
        except RuleBroken as refusal:
            status = refuse(form, refusal)
            tx.rollback()
            tx.refresh(shop)
        else:
            flash(_("The settings of the shop are saved."))
            return see_other(url_for("shops.edit", shop_id=shop_id))
    return _edit_page(shop, form, ReasonForm(formdata=None, data={"version": shop.version}), status)


@bp.post("/<uuid:shop_id>/reasons")
@requires(Permission.MANAGE_SHOP)
def add_reason(shop_id: uuid.UUID) -> ResponseReturnValue:
    """One more reason."""
    check_right(Permission.MANAGE_SHOP, shop_id)
    form, status = ReasonForm(), 422
    if form.validate_on_submit():
        try:
            shops.add_reason(current(), shop_id, form.seen_version, form.command())
        except RuleBroken as refusal:
            status = refuse(form, refusal)
        else:
            flash(_("The reason is on the list."))
            return see_other(url_for("shops.edit", shop_id=shop_id))
    shop = db.session().get(Shop, shop_id) or abort(404)
    return page("shops/reason.html", block="form", status=status, form=form, shop=shop)


@bp.post("/<uuid:shop_id>/reasons/<uuid:reason_id>")
@requires(Permission.MANAGE_SHOP)
def use_reason(shop_id: uuid.UUID, reason_id: uuid.UUID) -> ResponseReturnValue:
    """Retire a reason or bring it back."""
    check_right(Permission.MANAGE_SHOP, shop_id)
    in_use, version = request.form.get("in_use") == "1", request.form.get("version", 0, type=int)
    try:
        shops.use_reason(current(), shop_id, version, reason_id, in_use=in_use)
    except RuleBroken as refusal:
        flash(refusal_text(refusal))
    else:
        flash(_("The reason can be chosen again.") if in_use else _("The reason is retired."))
    return see_other(url_for("shops.edit", shop_id=shop_id))


def _edit_page(shop: Shop, form: ShopForm, reason_form: ReasonForm, status: int) -> ResponseReturnValue:
    tx = db.session()
    return page(
        "shops/edit.html",
        block="form",
        status=status,
        shop=shop,
        form=form,
        reason_form=reason_form,
        reasons=shops.reasons(tx, shop.id),
        currency_fixed=shops.has_orders(tx, shop.id),
        may_act=current().may(Permission.MANAGE_STATUS_ACTIONS, shop.id),
    )
