"""Kill switches."""

from __future__ import annotations

import uuid

from flask import Blueprint, flash, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from webapp.domain.permissions import Permission
from webapp.extensions import db
from webapp.forms.choices import pairs
from webapp.forms.refusals import refusal_text
from webapp.forms.switches import KINDS, SwitchForm
from webapp.htmx import page, see_other
from webapp.security import current, requires, visible_shops
from webapp.services import audit_list, providers, shops, switches
from webapp.services.errors import RuleBroken

bp = Blueprint("switches", __name__, url_prefix="/kill-switches")
FLIP = Permission.FLIP_KILL_SWITCH


@bp.route("", methods=["GET", "POST"])
@requires(FLIP)
def index() -> ResponseReturnValue:
    """What is stopped, and the form that stops more."""
    tx, person = db.session(), current()
    mine = shops.visible(tx, visible_shops(FLIP))
    form = SwitchForm()
    every = [("", _("All shops"))] if switches.may_flip(tx, person, None) else []
    form.shop_id.choices = pairs([*every, *((str(shop.id), shop.name) for shop in mine)])
    form.provider.choices = pairs([("", _("All providers")), *((info.name, info.title) for info in providers.known())])
    if form.validate_on_submit():
        switches.throw(person, form.command())
        flash(_("Sending is stopped for what matches. What is under way is still looked up."))
        return see_other(url_for("switches.index"))
    rows = switches.thrown(tx, visible_shops(FLIP))
    return page(
        "switches/index.html",
        block="form",
        status=422 if form.errors else 200,
        form=form,
        switches=rows,
        shops={shop.id: shop.name for shop in mine},
        titles={info.name: info.title for info in providers.known()},
        kinds={kind.value: word for kind, word in KINDS.items()},
        names=audit_list.names(tx, [row.thrown_by for row in rows if row.thrown_by]),
        releasable={row.id for row in rows if switches.may_flip(tx, person, row.shop_id)},
    )


@bp.post("/<uuid:switch_id>/release")
@requires(FLIP)
def release(switch_id: uuid.UUID) -> ResponseReturnValue:
    """Let sends go on."""
    row = next((row for row in switches.thrown(db.session(), visible_shops()) if row.id == switch_id), None)
    try:
        if row is None:
            raise RuleBroken("gone")  # released meanwhile, or of a shop that is not there for this person (I18)
        switches.release(current(), switch_id)
    except RuleBroken as refusal:
        flash(refusal_text(refusal))
    else:
        flash(_("Sending goes on."))
    return see_other(url_for("switches.index"))
