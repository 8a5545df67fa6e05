"""Pages for everything that goes wrong; they say what to do and carry the number under which the log has it."""

from __future__ import annotations

import secrets

import structlog
from flask import Flask, Response, g, request
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, SecurityError

from webapp import htmx
from webapp.extensions import db
from webapp.services.errors import LimitReached, NoRight, NotFound
from webapp.services.people import who_can_grant, who_may
from webapp.services.unit_of_work import DatabaseBusy

log = structlog.get_logger()


def init_app(app: Flask) -> None:
    """Handle every error of `app`, and number its requests."""
    app.before_request(_number_request)
    app.register_error_handler(NoRight, _no_right)
    app.register_error_handler(NotFound, _not_found)
    app.register_error_handler(LimitReached, _limit_reached)
    app.register_error_handler(DatabaseBusy, _busy)
    app.register_error_handler(CSRFError, _stale_form)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _fault)


def _number_request() -> None:
    g.request_id = secrets.token_hex(6)
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id, endpoint=request.endpoint, method=request.method)


def _problem(title: str, text: str, status: int) -> Response:
    return htmx.page("errors/problem.html", block="problem", status=status, title=title, text=text)


def _no_right(refused: NoRight) -> Response:
    tx = db.session()
    holders = who_may(tx, refused.permission, refused.shop_id, g.signed_in)
    granters = who_can_grant(tx, refused.permission, refused.shop_id, g.signed_in)
    return htmx.page(
        "errors/no_right.html",
        block="problem",
        status=403,
        permission=refused.permission,
        holders=holders,
        granters=granters,
    )


def _not_found(_error: NotFound) -> Response:
    return _problem(_("Not found"), _("There is nothing at this address, or not in your shops."), 404)


def _limit_reached(refused: LimitReached) -> Response:
    text = _("You sent many forms in a short time. Nothing was done. Try again in %(count)s seconds.")
    answer = _problem(_("Too many requests"), text % {"count": refused.wait_s}, 429)
    answer.headers["Retry-After"] = str(refused.wait_s)
    return answer


def _busy(_error: DatabaseBusy) -> Response:
    log.warning("database_busy")
    answer = _problem(_("Busy"), _("The database is busy. Nothing was changed. Try again in a moment."), 503)
    answer.headers["Retry-After"] = "5"
    return answer


def _stale_form(_error: CSRFError) -> Response:
    text = _("The form was too old to be used. Nothing was done. Open the page again and send it once more.")
    return _problem(_("This form is out of date"), text, 400)


def _http(error: HTTPException) -> Response | HTTPException:
    code = error.code or 500
    if isinstance(error, SecurityError):
        return Response("Unknown host.\n", 400, mimetype="text/plain")  # no page: nothing of ours has an address there
    if code < 400:
        return error  # a redirect of the router
    if code == 404:
        return _not_found(NotFound())
    texts = {
        400: (_("Not understood"), _("The request could not be read. Nothing was done.")),
        403: (_("Not allowed"), _("The request came from another site or is not allowed. Nothing was done.")),
        405: (_("Not allowed"), _("This address does not take that kind of request.")),
        413: (_("Too large"), _("What was sent is too large. Nothing was done.")),
    }
    title, text = texts.get(code, (_("Something went wrong"), _("The request could not be answered.")))
    answer = _problem(title, text, code)
    for name, value in error.get_headers():
        if name in {"Allow", "Retry-After"}:
            answer.headers[name] = value
    return answer


def _fault(error: Exception) -> Response:
    log.exception("request_failed", error_type=type(error).__name__)
    db.session.rollback()
    text = _("The fault was written down. If you sent a form, look at the order before you send it again.")
    return _problem(_("Something went wrong"), text, 500)
