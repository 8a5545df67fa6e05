"""Keys of the REST API: list, make one, revoke."""

from __future__ import annotations

import uuid

from flask import Blueprint, flash, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from webapp.domain.permissions import Permission
from webapp.extensions import db
from webapp.formatting.words import right_name
from webapp.forms.api_keys import KeyForm
from webapp.forms.choices import pairs
from webapp.forms.refusals import refuse
from webapp.htmx import page, see_other
from webapp.security import current, requires, shops_in_view, visible_shops
from webapp.services import shops
from webapp.services.api import keys
from webapp.services.errors import RuleBroken

bp = Blueprint("api_keys", __name__, url_prefix="/api-keys")
MANAGE = Permission.MANAGE_API_KEYS


@bp.get("")
@requires(MANAGE)
def index() -> ResponseReturnValue:
    """The keys that reach the person's shops, revoked ones too."""
    tx = db.session()
    names = {shop.id: shop.name for shop in shops.visible(tx, visible_shops(MANAGE))}
    return page("api_keys/index.html", rows=keys.list_keys(tx, shops_in_view(MANAGE)), shops=names)


@bp.route("/new", methods=["GET", "POST"])
@requires(MANAGE)
def create() -> ResponseReturnValue:
    """Make a key; it is shown once, on this answer only."""
    form = KeyForm()
    form.shops.choices = pairs((str(shop.id), shop.name) for shop in shops.visible(db.session(), visible_shops(MANAGE)))
    given = [right for right in keys.grantable(current()) if right is not Permission.VIEW]
    form.rights.choices = pairs((right.value, right_name(right)) for right in given)
    status = 422 if form.is_submitted() else 200
    if form.validate_on_submit():
        db.session.rollback()
        try:
            _key_id, token = keys.create(current(), form.command())
        except RuleBroken as refusal:
            status = refuse(form, refusal)
        else:
            return page("api_keys/made.html", block="key", name=form.name.data, token=token)
    return page("api_keys/create.html", block="form", status=status, form=form)


@bp.post("/<uuid:key_id>/revoke")
@requires(MANAGE)
def revoke(key_id: uuid.UUID) -> ResponseReturnValue:
    """End a key at once."""
    db.session.rollback()
    keys.revoke(current(), key_id)
    flash(_("The key is revoked. Nothing is done with it any more."))
    return see_other(url_for("api_keys.index"))
