"""Signing in and out."""

from __future__ import annotations

from flask import Blueprint, flash, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from webapp.extensions import db
from webapp.formatting import LANGUAGE, LANGUAGES
from webapp.forms.auth import SignInForm
from webapp.htmx import page, see_other
from webapp.security import current, find_current, public, signed_in
from webapp.security.guard import TOKEN, local_address
from webapp.services import sessions
from webapp.services.sign_in import SignInRefused, TooManyTries, sign_in

bp = Blueprint("auth", __name__)


@bp.route("/sign-in", methods=["GET", "POST"], endpoint="sign_in")
@public
def enter() -> ResponseReturnValue:
    """The form; after it, the page the person wanted."""
    if find_current() is not None:
        return see_other(_target())
    form = SignInForm()
    status = 200
    if form.validate_on_submit():
        db.session.rollback()
        try:
            token = sign_in(form.command(request.remote_addr or "unknown"))
        except SignInRefused:
            status = 422
            form.refuse("", _("E-mail address, password or code is wrong"))
        except TooManyTries as refused:
            status = 429
            text = ngettext(
                "Too many tries. Try again in %(num)d second",
                "Too many tries. Try again in %(num)d seconds",
                refused.wait_s,
            )
            form.refuse("", text)
        else:
            session.clear()  # nothing of the time before the sign-in lives on
            session[TOKEN] = token
            return see_other(_target())
    elif form.is_submitted():
        status = 422
    return page("auth/sign_in.html", status=status, form=form, is_over=request.args.get("over") == "1")


@bp.post("/sign-out")
@signed_in
def sign_out() -> ResponseReturnValue:
    """End this session."""
    db.session.rollback()
    sessions.end(current().session_id)
    session.clear()
    flash(_("You are signed out."))
    return see_other(url_for("auth.sign_in"))


@bp.post("/language")
@public
def language() -> ResponseReturnValue:
    """The language of pages before the sign-in."""
    chosen = request.form.get("language", "")
    if chosen in LANGUAGES:
        session[LANGUAGE] = chosen
    return see_other(url_for("auth.sign_in", next=local_address(request.form.get("next"))))


def _target() -> str:
    return local_address(request.args.get("next")) or url_for("home.index")
