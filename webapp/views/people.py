"""People: list, invite, roles per shop, shutting out."""

from __future__ import annotations

import uuid
from collections import defaultdict

from flask import Blueprint, abort, flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from webapp.domain.permissions import Permission, Role
from webapp.extensions import db
from webapp.forms.choices import pairs
from webapp.forms.people import InviteForm, RolesForm, role_choices
from webapp.forms.refusals import refusal_text, refuse
from webapp.htmx import page, see_other
from webapp.models import Shop, User
from webapp.security import check_right, current, requires, shops_in_view, visible_shops
from webapp.services import passwords, people, shops
from webapp.services.errors import RuleBroken

bp = Blueprint("people", __name__, url_prefix="/people")
MANAGE = Permission.MANAGE_PEOPLE


@bp.get("")
@requires(MANAGE)
def index() -> ResponseReturnValue:
    """Everybody with a role in the person's shops."""
    tx, mine = db.session(), shops_in_view(MANAGE)
    rows = people.visible(tx, mine)
    roles: dict[uuid.UUID, dict[uuid.UUID, list[Role]]] = defaultdict(lambda: defaultdict(list))
    for grant in people.grants_of(tx, [user.id for user in rows], mine):
        roles[grant.user_id][grant.shop_id].append(grant.role)
    names = {shop.id: shop.name for shop in shops.visible(tx, mine)}
    return page("people/index.html", people=rows, roles=roles, shops=names, state_of=state_of)


@bp.route("/new", methods=["GET", "POST"])
@requires(MANAGE)
def create() -> ResponseReturnValue:
    """Invite a colleague; the one-time code is shown once, on this answer only."""
    form = InviteForm()
    mine = shops.visible(db.session(), visible_shops(MANAGE))
    form.shop_id.choices = pairs((str(shop.id), shop.name) for shop in mine)
    form.roles.choices = role_choices(list(Role))
    status = 422 if form.is_submitted() else 200
    if form.validate_on_submit():
        try:
            user_id, code = people.invite(current(), form.command())
        except RuleBroken as refusal:
            status = refuse(form, refusal)
        else:
            return page("people/invited.html", block="code", name=form.name.data, code=code, user_id=user_id)
    return page("people/create.html", block="form", status=status, form=form)


@bp.get("/<uuid:user_id>")
@requires(MANAGE)
def edit(user_id: uuid.UUID) -> ResponseReturnValue:
    """One person: a form of roles per shop that the reader manages."""
    return _edit_page(_person(user_id), {}, 200)


@bp.post("/<uuid:user_id>/roles/<uuid:shop_id>")
@requires(MANAGE)
def set_roles(user_id: uuid.UUID, shop_id: uuid.UUID) -> ResponseReturnValue:
    """The roles of a person in one shop."""
    check_right(MANAGE, shop_id)
    user = _person(user_id)
    form = RolesForm(prefix=shop_id.hex)
    form.roles.choices = role_choices(list(Role))
    status = 422
    if form.validate_on_submit():
        try:
            people.set_roles(current(), user_id, form.seen_version, shop_id, form.chosen())
        except RuleBroken as refusal:
            status = refuse(form, refusal)
            db.session.rollback()
            db.session.refresh(user)
        else:
            flash(_("The roles are saved. The person signs in again with them."))
            still_visible = people.grants_of(db.session(), [user_id], visible_shops(MANAGE))
            return see_other(url_for("people.edit", user_id=user_id) if still_visible else url_for("people.index"))
    return _edit_page(user, {shop_id: form}, status)


@bp.post("/<uuid:user_id>/<any(disable, enable, code):action>")
@requires(MANAGE)
def act(user_id: uuid.UUID, action: str) -> ResponseReturnValue:
    """Shut out, let in again, or make a new one-time code."""
    user = _person(user_id)
    version, name = request.form.get("version", 0, type=int), user.name
    try:
        if action == "code":
            code = people.renew_invite(current(), user_id, version)
            return page("people/invited.html", block="code", name=name, code=code, user_id=user_id)
        people.disable(current(), user_id, version, disabled=action == "disable")
    except RuleBroken as refusal:
        flash(refusal_text(refusal))
    else:
        flash(_("The person is shut out.") if action == "disable" else _("The person can sign in again."))
    return see_other(url_for("people.edit", user_id=user_id))


def state_of(user: User) -> str:
    """The tag of a person."""
    if user.disabled_at is not None:
        return "disabled"
    return "invited" if passwords.is_invite(user.password_hash) else "enabled"


def _person(user_id: uuid.UUID) -> User:
    tx = db.session()
    user = tx.get(User, user_id)
    if user is None or not people.grants_of(tx, [user_id], visible_shops(MANAGE)):
        abort(404)
    return user


def _edit_page(user: User, tried: dict[uuid.UUID, RolesForm], status: int) -> ResponseReturnValue:
    tx = db.session()
    mine = shops.visible(tx, visible_shops(MANAGE))
    held: dict[uuid.UUID, list[str]] = defaultdict(list)
    for grant in people.grants_of(tx, [user.id], [shop.id for shop in mine]):
        held[grant.shop_id].append(grant.role.value)
    forms = [(shop, tried.get(shop.id) or _roles_form(shop, user, held[shop.id])) for shop in mine]
    failed = next(iter(tried.values()), None)
    return page(
        "people/edit.html",
        block="forms",
        status=status,
        user=user,
        forms=forms,
        form=failed,
        state=state_of(user),
        is_self=user.id == current().user_id,
    )


def _roles_form(shop: Shop, user: User, held: list[str]) -> RolesForm:
    form = RolesForm(formdata=None, prefix=shop.id.hex, data={"version": user.version, "roles": held})
    form.roles.choices = role_choices(list(Role))
    form.roles.label.text = _("Roles in %(shop)s", shop=shop.name)
    return form
