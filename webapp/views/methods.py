"""Payment methods: what each account offers, and the merchant's switches."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence

from flask import Blueprint, abort, flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from webapp.domain.permissions import Permission
from webapp.extensions import db
from webapp.forms.refusals import refusal_text
from webapp.htmx import is_htmx, page, see_other
from webapp.security import current, requires, shops_in_view, visible_shops
from webapp.services import shops
from webapp.services.errors import StaleVersion
from webapp.services.methods import asking, listing, switching
from webapp.services.methods.listing import AccountMethods

bp = Blueprint("methods", __name__, url_prefix="/methods")
VIEW, SWITCH = Permission.VIEW, Permission.SWITCH_METHODS
DECISIONS: dict[str, bool | None] = {"on": True, "off": False, "seen": None}


@bp.get("")
@requires(VIEW)
def index() -> ResponseReturnValue:
    """The accounts of the person's shops in their mode, each with its methods."""
    return _page(listing.of_shops(db.session(), shops_in_view(VIEW), current().mode))


@bp.get("/<uuid:account_id>")
@requires(VIEW)
def show(account_id: uuid.UUID) -> ResponseReturnValue:
    """One account; also what its part of the list fetches while a sync is under way."""
    return _page([_account(account_id)], one=True)


@bp.post("/<uuid:account_id>/sync")
@requires(SWITCH)
def sync(account_id: uuid.UUID) -> ResponseReturnValue:
    """Have a worker read the list."""
    return _act(account_id, lambda: asking.ask(current(), account_id))


@bp.post("/<uuid:account_id>/new")
@requires(SWITCH)
def decide_new(account_id: uuid.UUID) -> ResponseReturnValue:
    """Switch all new methods that stood on the page, or only note that somebody looked."""
    decision = request.form.get("decision", "")
    if decision not in DECISIONS:
        abort(400)
    seen = request.form.getlist("seen", type=uuid.UUID)
    done = switching.decide_new(current(), account_id, seen, on=DECISIONS[decision])
    words = {
        "on": ngettext("%(num)d new method is switched on.", "%(num)d new methods are switched on.", done),
        "off": ngettext("%(num)d new method is switched off.", "%(num)d new methods are switched off.", done),
        "seen": _("The new methods are marked as seen."),
    }
    return _shown(account_id, said=words[decision])


@bp.post("/<uuid:account_id>/<uuid:method_id>/switch")
@requires(SWITCH)
def switch(account_id: uuid.UUID, method_id: uuid.UUID) -> ResponseReturnValue:
    """Switch one method."""
    on = request.form.get("on") == "1"
    return _act(account_id, lambda: switching.switch(current(), method_id, _version(), on=on), method_id)


@bp.post("/<uuid:account_id>/<uuid:method_id>/move")
@requires(SWITCH)
def move(account_id: uuid.UUID, method_id: uuid.UUID) -> ResponseReturnValue:
    """One place up or down."""
    up = request.form.get("to") == "up"
    return _act(account_id, lambda: switching.move(current(), method_id, _version(), up=up), method_id)


def _act(account_id: uuid.UUID, deed: Callable[[], object], method_id: uuid.UUID | None = None) -> ResponseReturnValue:
    """Do it for a row of that account, and show the account as it is then; 409 with it when the row has moved on."""
    account = _account(account_id)
    if method_id is not None and method_id not in {row.id for row in account.methods}:
        abort(404)
    db.session.rollback()  # the service opens its own transaction
    try:
        deed()
    except StaleVersion as refusal:
        return _page([_account(account_id)], one=True, status=409, refused=refusal_text(refusal))
    return _shown(account_id, method_id)


def _shown(account_id: uuid.UUID, method_id: uuid.UUID | None = None, said: str = "") -> ResponseReturnValue:
    """After a deed: the account's part for htmx, else the way back to where it stands on the page."""
    if is_htmx():
        return _page([_account(account_id)], one=True, said=said)
    if said:
        flash(said)
    anchor = f"method-{method_id}" if method_id else f"account-{account_id}"
    listed = _account(account_id).account
    if listed.mode == current().mode and listed.shop_id in shops_in_view(VIEW):
        return see_other(url_for("methods.index", _anchor=anchor))
    return see_other(url_for("methods.show", account_id=account_id, _anchor=anchor))


def _page(
    accounts: Sequence[AccountMethods],
    *,
    one: bool = False,
    status: int = 200,
    refused: str = "",
    said: str = "",
) -> ResponseReturnValue:
    names = {shop.id: shop.name for shop in shops.visible(db.session(), visible_shops(VIEW))}
    return page(
        "methods/index.html",
        block="accounts",
        status=status,
        accounts=accounts,
        shops=names,
        changeable=visible_shops(SWITCH),
        one=one,
        refused=refused,
        said=said,
    )


def _account(account_id: uuid.UUID) -> AccountMethods:
    """The account as it is now: what this request read before is dropped."""
    db.session.rollback()
    return listing.of_account(db.session(), visible_shops(VIEW), account_id)


def _version() -> int:
    return request.form.get("version", 0, type=int)
