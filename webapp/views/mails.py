"""Mails that left the desk or wait: list, one mail, stop it, send it again."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from flask import Blueprint, abort, flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from webapp.domain.mails import FOR_PEOPLE, MailState
from webapp.domain.permissions import Permission
from webapp.extensions import db
from webapp.forms.refusals import refusal_text
from webapp.htmx import page, see_other
from webapp.models import Via
from webapp.security import current, requires, shops_in_view, visible_shops
from webapp.services import shops, switches
from webapp.services.audit import Actor
from webapp.services.errors import NotFound, RuleBroken
from webapp.services.mails import keeping
from webapp.services.mails.keeping import MailFilter, Scope
from webapp.services.orders.rows import masked

bp = Blueprint("mails", __name__, url_prefix="/mails")
MANAGE = Permission.MANAGE_MAILS
WAIT_FOR_PEOPLE = "for_people"


@bp.get("")
@requires(MANAGE)
def index() -> ResponseReturnValue:
    """The mails, newest first; the filter stands in the address."""
    tx, wanted = db.session(), _filter()
    rows, has_older = keeping.mails(tx, scope(shops_in_view(MANAGE)), wanted)
    asked: dict[str, Any] = {name: request.args[name] for name in ("state", "shop") if request.args.get(name)}
    last = rows[-1] if rows else None
    place: dict[str, Any] = {"at": last.created_at.isoformat(), "id": last.id} if last else {}
    return page(
        "mails/index.html",
        block="mails",
        rows=rows,
        masked=masked,
        wanted=wanted,
        states=list(MailState),
        wait_for_people=WAIT_FOR_PEOPLE,
        shops={shop.id: shop.name for shop in shops.visible(tx, visible_shops(MANAGE))},
        older=url_for("mails.index", **asked, **place) if has_older else "",
        newest=url_for("mails.index", **asked) if wanted.before else "",
    )


@bp.get("/<uuid:mail_id>")
@requires(MANAGE)
def show(mail_id: uuid.UUID) -> ResponseReturnValue:
    """One mail with its text and what the server said."""
    tx = db.session()
    try:
        mail = keeping.get_mail(tx, mail_id, scope(visible_shops(MANAGE)))
    except NotFound:
        abort(404)
    names = {shop.id: shop.name for shop in shops.visible(tx, visible_shops(MANAGE))}
    return page(
        "mails/show.html",
        block="mail",
        mail=mail,
        shop_name=names.get(mail.shop_id, "") if mail.shop_id else "",
        may_stop=mail.state is MailState.QUEUED,
        may_send_again=mail.state in FOR_PEOPLE and mail.next_id is None and mail.body is not None,
        may_come_twice=mail.state is MailState.MAYBE_SENT,
    )


@bp.post("/<uuid:mail_id>/stop")
@requires(MANAGE)
def stop(mail_id: uuid.UUID) -> ResponseReturnValue:
    """Keep a queued mail from being sent."""
    mine = _write_scope()
    try:
        keeping.stop(mail_id, mine, _actor())
    except NotFound:
        abort(404)
    except RuleBroken as refusal:
        flash(refusal_text(refusal))
    else:
        flash(_("The mail is stopped."))
    return see_other(url_for("mails.show", mail_id=mail_id))


@bp.post("/<uuid:mail_id>/again")
@requires(MANAGE)
def again(mail_id: uuid.UUID) -> ResponseReturnValue:
    """Have the same text sent once more."""
    mine = _write_scope()
    try:
        next_id = keeping.send_again(mail_id, mine, _actor())
    except NotFound:
        abort(404)
    except RuleBroken as refusal:
        flash(refusal_text(refusal))
        return see_other(url_for("mails.show", mail_id=mail_id))
    flash(_("The mail is being sent once more."))
    return see_other(url_for("mails.show", mail_id=next_id))


def scope(of_shops: frozenset[uuid.UUID]) -> Scope:
    """Mails of no shop are for those who look after the mails of every shop there is, and look at all of them."""
    is_all = bool(of_shops) and of_shops == visible_shops(MANAGE)
    sees_all = is_all and switches.covers_all_shops(db.session(), current(), MANAGE)
    return Scope(of_shops, current().mode, sees_all)


def _write_scope() -> Scope:
    """The scope for a change, which has a transaction of its own."""
    mine = scope(visible_shops(MANAGE))
    db.session.rollback()
    return mine


def _actor() -> Actor:
    return Actor(current().user_id, Via.WEB)


def _filter() -> MailFilter:
    state = request.args.get("state", "")
    known = MailState(state) if state in set(MailState) else None
    return MailFilter(known, state == WAIT_FOR_PEOPLE, request.args.get("shop", type=uuid.UUID), _before())


def _before() -> tuple[datetime, uuid.UUID] | None:
    row_id = request.args.get("id", type=uuid.UUID)
    try:
        at = datetime.fromisoformat(request.args.get("at", ""))
    except ValueError:
        return None
    return None if row_id is None or at.tzinfo is None else (at, row_id)
