"""The person's own page: language, zone, password, second step, sessions."""

from __future__ import annotations

import segno
from flask import Blueprint, abort, flash, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from markupsafe import Markup

from webapp.extensions import db
from webapp.forms.people import CodeForm, MeForm, PasswordForm, RemoveStepForm
from webapp.forms.refusals import refuse
from webapp.htmx import page, see_other
from webapp.models import User
from webapp.security import current, signed_in
from webapp.security.guard import TOKEN
from webapp.services import me
from webapp.services.errors import RuleBroken
from webapp.services.vault import VaultError

bp = Blueprint("me", __name__, url_prefix="/me")
PENDING = "second_step"


@bp.route("", methods=["GET", "POST"])
@signed_in
def index() -> ResponseReturnValue:
    """Language, time zone, and ways to the rest."""
    user = db.session().get(User, current().user_id) or abort(404)
    form = MeForm(obj=user)
    status = 422 if form.is_submitted() else 200
    if form.validate_on_submit():
        values = {"language": form.language.data, "time_zone": form.time_zone.data}
        try:
            me.edit(current(), form.seen_version, **values)
        except RuleBroken as refusal:
            status = refuse(form, refusal)
            db.session.rollback()
            db.session.refresh(user)
        else:
            flash(_("Your settings are saved."))
            return see_other(url_for("me.index"))
    return page("me/index.html", block="form", status=status, form=form, user=user)


@bp.route("/password", methods=["GET", "POST"])
@signed_in
def password() -> ResponseReturnValue:
    """A new password; afterwards only this browser is signed in."""
    form = PasswordForm()
    status = 422 if form.is_submitted() else 200
    if form.validate_on_submit():
        try:
            token = me.choose_password(current(), form.old.data or "", form.new.data or "")
        except RuleBroken as refusal:
            status = refuse(form, refusal)
        else:
            session.clear()
            session[TOKEN] = token
            flash(_("Your password is set."))
            return see_other(url_for("home.index"))
    return page("me/password.html", block="form", status=status, form=form, first=current().must_choose_password)


@bp.route("/second-step", methods=["GET", "POST"])
@signed_in
def second_step() -> ResponseReturnValue:
    """Set up an app that makes codes: a picture to scan, then the first code."""
    if current().has_totp:
        return see_other(url_for("me.remove_second_step"))
    form = CodeForm()
    status = 422 if form.is_submitted() else 200
    if form.validate_on_submit():
        try:
            me.confirm_totp(current(), session.get(PENDING, ""), "".join((form.code.data or "").split()))
        except RuleBroken as refusal:
            status = refuse(form, refusal)
        else:
            session.pop(PENDING, None)
            flash(_("The second step is on. From now on you need a code to sign in."))
            return see_other(url_for("me.index"))
    address, secret = _pending()
    picture = segno.make(address, error="m").svg_inline(scale=4, border=2, omitsize=False)
    return page("me/second_step.html", block="form", status=status, form=form, picture=Markup(picture), secret=secret)  # noqa: S704 - made by us from our own address


@bp.route("/second-step/remove", methods=["GET", "POST"])
@signed_in
def remove_second_step() -> ResponseReturnValue:
    """Take the second step away."""
    if not current().has_totp:
        return see_other(url_for("me.second_step"))
    form = RemoveStepForm()
    status = 422 if form.is_submitted() else 200
    if form.validate_on_submit():
        try:
            me.remove_totp(current(), form.password.data or "", "".join((form.code.data or "").split()))
        except RuleBroken as refusal:
            status = refuse(form, refusal)
        else:
            flash(_("The second step is off."))
            return see_other(url_for("me.index"))
    return page("me/remove_second_step.html", block="form", status=status, form=form)


@bp.post("/sign-out-everywhere")
@signed_in
def sign_out_everywhere() -> ResponseReturnValue:
    """End every session of the person, this one too."""
    me.sign_out_everywhere(current().user_id)
    session.clear()
    flash(_("You are signed out everywhere."))
    return see_other(url_for("auth.sign_in"))


def _pending() -> tuple[str, str]:
    try:
        return me.totp_address(current(), session.get(PENDING, ""))
    except VaultError:
        session[PENDING] = me.new_totp(current())
        return me.totp_address(current(), session[PENDING])
