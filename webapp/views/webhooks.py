"""Messages of providers: the address where they come in, and the list of what came."""

from __future__ import annotations

import time
import uuid
from datetime import datetime
from typing import Any

import structlog
from flask import Blueprint, Response, abort, flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.exc import SQLAlchemyError

from webapp.domain.permissions import Permission
from webapp.extensions import csrf, db
from webapp.forms.refusals import refusal_text
from webapp.htmx import page, see_other
from webapp.models import Via, WebhookState
from webapp.security import current, public, requires, shops_in_view, visible_shops
from webapp.services import shops
from webapp.services.audit import Actor
from webapp.services.errors import NotFound, RuleBroken
from webapp.services.unit_of_work import DatabaseBusy
from webapp.services.webhooks import keeping
from webapp.services.webhooks.keeping import MessageFilter
from webapp.services.webhooks.receiving import Delivery, Verdict, receive

log = structlog.get_logger()
bp = Blueprint("webhooks", __name__, url_prefix="/webhooks")
MANAGE = Permission.MANAGE_ACCOUNTS
LARGEST = 256 * 1024
READ_IN_S = 10.0
CHUNK = 16 * 1024
ANSWERS = {Verdict.STORED: ("stored", 200), Verdict.REPEATED: ("here already", 200), Verdict.REFUSED: ("refused", 401)}


@bp.post("/<provider>/<token>")
@csrf.exempt  # type: ignore[untyped-decorator]  # a provider has no session, hence no token
@public
def take(provider: str, token: str) -> ResponseReturnValue:
    """Where a provider sends its messages (R34): 2xx once stored, 401 for a wrong signature, 503 to send it again."""
    if request.mimetype not in ("application/json", ""):
        return _said("send application/json", 415)
    raw = _body()
    if raw is None:
        return _said("too large or too slow", 413)
    if raw and not request.mimetype:  # Klarna's push has no body, and so nothing to declare
        return _said("send application/json", 415)
    try:
        verdict = receive(Delivery(provider, token, dict(request.headers), raw, request.args.to_dict()))
    except NotFound:
        return _said("no such address", 404)
    except (SQLAlchemyError, DatabaseBusy) as failure:
        log.error("webhook_not_stored", error_type=type(failure).__name__)
        return _said("not stored, send it again", 503)
    return _said(*ANSWERS[verdict])


@bp.get("")
@requires(MANAGE)
def index() -> ResponseReturnValue:
    """What came, newest first; the filter stands in the address."""
    tx = db.session()
    wanted = MessageFilter(_state(), _before())
    rows, has_older = keeping.messages(tx, shops_in_view(MANAGE), current().mode, wanted)
    last = rows[-1][0] if rows else None
    state = wanted.state.value if wanted.state else None
    older: dict[str, Any] = {"state": state, "at": last.received_at.isoformat(), "id": last.id} if last else {}
    return page(
        "webhooks/index.html",
        block="messages",
        rows=rows,
        wanted=wanted,
        states=list(WebhookState),
        shops={shop.id: shop.name for shop in shops.visible(tx, visible_shops(MANAGE))},
        older=url_for("webhooks.index", **older) if has_older else "",
        newest=url_for("webhooks.index", state=state) if wanted.before else "",
    )


@bp.post("/messages/<uuid:message_id>/again")
@requires(MANAGE)
def again(message_id: uuid.UUID) -> ResponseReturnValue:
    """Have the payment of a message read once more."""
    db.session.rollback()
    try:
        keeping.process_again(message_id, visible_shops(MANAGE), Actor(current().user_id, Via.WEB))
    except NotFound:
        abort(404)
    except RuleBroken as refusal:
        flash(refusal_text(refusal))
    else:
        flash(_("The payment is being read once more."))
    return see_other(url_for("webhooks.index"))


def _said(words: str, status: int) -> Response:
    return Response(words + "\n", status, mimetype="text/plain")


def _body() -> bytes | None:
    """The raw body, within 256 KiB and ten seconds; None when it is more of either."""
    if (request.content_length or 0) > LARGEST:
        return None
    until, raw = time.monotonic() + READ_IN_S, bytearray()
    while chunk := request.stream.read(CHUNK):
        raw += chunk
        if len(raw) > LARGEST or time.monotonic() > until:
            return None
    return bytes(raw)


def _state() -> WebhookState | None:
    try:
        return WebhookState(request.args.get("state", ""))
    except ValueError:
        return None


def _before() -> tuple[datetime, uuid.UUID] | None:
    row_id = request.args.get("id", type=uuid.UUID)
    try:
        at = datetime.fromisoformat(request.args.get("at", ""))
    except ValueError:
        return None
    return None if row_id is None or at.tzinfo is None else (at, row_id)
