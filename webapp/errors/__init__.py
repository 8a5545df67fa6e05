"""Answers to everything that goes wrong: they say what to do and carry the number under which the log has it.

People get pages, programs that call the REST API get problems (problems.py).
"""

from __future__ import annotations

import secrets

import structlog
from flask import Flask, Response, g, request
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, SecurityError

from webapp import htmx
from webapp.errors import problems
from webapp.errors.problems import Problem
from webapp.extensions import db
from webapp.services.errors import KeyRefused, LimitReached, NoRight, NotFound
from webapp.services.people import who_can_grant, who_may
from webapp.services.unit_of_work import DatabaseBusy

log = structlog.get_logger()


def init_app(app: Flask) -> None:
    """Handle every error of `app`, and number its requests."""
    app.before_request(_number_request)
    app.register_error_handler(Problem, problems.answer)
    app.register_error_handler(KeyRefused, _key_refused)
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


def _key_refused(_error: KeyRefused) -> Response:
    return problems.answer(Problem("key_refused", "There is no API key, or none that is in force."))


def _no_right(refused: NoRight) -> Response:
    if problems.is_wanted():
        return problems.answer(Problem("no_right", f"This key lacks the right {refused.permission.value!r}."))
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
    if problems.is_wanted():
        return problems.answer(
            Problem("not_found", "There is nothing at this address, or not in the shops of this key.")
        )
    return _problem(_("Not found"), _("There is nothing at this address, or not in your shops."), 404)


def _limit_reached(refused: LimitReached) -> Response:
    wait = {"Retry-After": str(refused.wait_s)}
    if problems.is_wanted():
        detail = f"This key has sent too many requests. The next is taken in {refused.wait_s} seconds."
        return problems.answer(Problem("too_many_requests", detail, headers=wait))
    text = _("You sent many forms in a short time. Nothing was done. Try again in %(count)s seconds.")
    answer = _problem(_("Too many requests"), text % {"count": refused.wait_s}, 429)
    answer.headers.update(wait)
    return answer


def _busy(_error: DatabaseBusy) -> Response:
    log.warning("database_busy")
    wait = {"Retry-After": "5"}
    if problems.is_wanted():
        return problems.answer(Problem("busy", "The database is busy. Nothing was changed.", headers=wait))
    answer = _problem(_("Busy"), _("The database is busy. Nothing was changed. Try again in a moment."), 503)
    answer.headers.update(wait)
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
    kept = {name: value for name, value in error.get_headers() if name in {"Allow", "Retry-After"}}
    if problems.is_wanted():
        return problems.of_status(code, error.description or "The request could not be answered.", kept)
    texts = {
        400: (_("Not understood"), _("The request could not be read. Nothing was done.")),
        403: (_("Not allowed"), _("The request came from another site or is not allowed. Nothing was done.")),
        405: (_("Not allowed"), _("This address does not take that kind of request.")),
        413: (_("Too large"), _("What was sent is too large. Nothing was done.")),
    }
    title, text = texts.get(code, (_("Something went wrong"), _("The request could not be answered.")))
    answer = _problem(title, text, code)
    answer.headers.update(kept)
    return answer


def _fault(error: Exception) -> Response:
    log.exception("request_failed", error_type=type(error).__name__)
    db.session.rollback()
    if problems.is_wanted():
        detail = "The fault was written down. Whether something was done is told by a repeat with the same key."
        return problems.answer(Problem("fault", detail))
    text = _("The fault was written down. If you sent a form, look at the order before you send it again.")
    return _problem(_("Something went wrong"), text, 500)
