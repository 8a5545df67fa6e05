"""What stands around every page: navigation, choice of shop and of test or live."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, abort, current_app, request, session, url_for
from flask.typing import ResponseReturnValue

from webapp.domain.permissions import Permission
from webapp.extensions import db
from webapp.formatting import LANGUAGES
from webapp.formatting.lazy import _l
from webapp.htmx import page, see_other
from webapp.models import Mode
from webapp.security import current, find_current, signed_in
from webapp.security.access import chosen_shop
from webapp.security.guard import local_address
from webapp.services import sessions
from webapp.services.sessions import SignedIn

bp = Blueprint("frame", __name__)
SHOP = "shop"
P = Permission


@dataclass(frozen=True, slots=True)
class Place:
    """An entry of the left rail; it is shown where its page exists and the person has the right somewhere."""

    endpoint: str
    label: str
    icon: str
    permission: Permission
    is_setting: bool = False


PLACES = (
    Place("home.index", _l("Home"), "home", P.VIEW),
    Place("orders.index", _l("Orders"), "orders", P.VIEW),
    Place("refunds.index", _l("Refunds"), "refund", P.VIEW),
    Place("operations.unknown", _l("Unknown"), "question", P.VIEW),
    Place("operations.review", _l("Review"), "eye", P.VIEW),
    Place("cases.index", _l("Cases"), "warning", P.VIEW),
    Place("methods.index", _l("Methods"), "card", P.VIEW),
    Place("imports.index", _l("Import"), "import", P.IMPORT_ORDERS),
    Place("jobs.index", _l("Jobs"), "clock", P.VIEW),
    Place("shops.index", _l("Shops"), "shop", P.VIEW, is_setting=True),
    Place("accounts.index", _l("Provider accounts"), "key", P.MANAGE_ACCOUNTS, is_setting=True),
    Place("webhooks.index", _l("Messages of providers"), "send", P.MANAGE_ACCOUNTS, is_setting=True),
    Place("mails.index", _l("Mails"), "mail", P.MANAGE_MAILS, is_setting=True),
    Place("api_keys.index", _l("API keys"), "lock", P.MANAGE_API_KEYS, is_setting=True),
    Place("people.index", _l("People"), "people", P.MANAGE_PEOPLE, is_setting=True),
    Place("switches.index", _l("Kill switches"), "stop", P.FLIP_KILL_SWITCH, is_setting=True),
    Place("audit.index", _l("Audit"), "list", P.READ_AUDIT, is_setting=True),
)

_BLUEPRINTS = Counter(place.endpoint.partition(".")[0] for place in PLACES)
ALONE = {name: place.endpoint for place in PLACES if _BLUEPRINTS[name := place.endpoint.partition(".")[0]] == 1}
"""Endpoints that stand for their whole blueprint: each of its pages is marked there."""


@bp.app_context_processor
def surroundings() -> dict[str, Any]:
    """What base.html needs: `frame`, and `is_test` for every page."""
    person = find_current()
    if person is None or person.must_choose_password:
        return {"frame": {"person": None, "languages": LANGUAGES}, "is_test": False}
    frame = {
        "person": person,
        "languages": LANGUAGES,
        "places": _places(person),
        "shops": _shops(person),
        "chosen_shop": chosen_shop(),
        "recovery_since": person.recovery_since,
        "here": request.full_path.rstrip("?"),
        "can_search": "orders.index" in current_app.view_functions,
    }
    return {"frame": frame, "is_test": person.mode is Mode.TEST}


@bp.get("/menu")
@signed_in
def menu() -> ResponseReturnValue:
    """Every page that the person may open: a phone's bar has room for the first ones only."""
    return page("frame/menu.html")


@bp.post("/frame/mode")
@signed_in
def mode() -> ResponseReturnValue:
    """Switch between test and live; the page the person was on may not exist there, so it goes to lists."""
    try:
        wanted = Mode(request.form.get("mode", ""))
    except ValueError:
        abort(400)
    db.session.rollback()
    sessions.choose_mode(current().session_id, wanted)
    return see_other(_back())


@bp.post("/frame/shop")
@signed_in
def shop() -> ResponseReturnValue:
    """Show one shop, or all with an empty choice."""
    wanted = request.form.get("shop", "")
    if wanted and wanted not in {str(shop_id) for shop_id in current().grants}:
        abort(404)
    session[SHOP] = wanted
    return see_other(_back())


def _back() -> str:
    return local_address(request.form.get("back")) or url_for("home.index")


def _places(person: SignedIn) -> list[dict[str, Any]]:
    here = request.endpoint or ""
    alone = ALONE.get(here.partition(".")[0])
    return [
        {"place": place, "is_here": place.endpoint in {here, alone}}
        for place in PLACES
        if place.endpoint in current_app.view_functions and person.may_somewhere(place.permission)
    ]


def _shops(person: SignedIn) -> list[tuple[str, str]]:
    names = sorted(person.shop_names.items(), key=lambda each: each[1])
    return [(str(shop_id), name) for shop_id, name in names]
