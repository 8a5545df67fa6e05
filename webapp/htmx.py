"""Whole page or fragment, and the way onwards after a form; the only module that knows htmx's headers."""

from __future__ import annotations

from typing import Any

from flask import Response, make_response, redirect, render_template, request
from jinja2_fragments.flask import render_block


def is_htmx() -> bool:
    """Whether htmx asks for a part of a page."""
    return request.headers.get("HX-Request") == "true"


def is_background() -> bool:
    """Whether the page refreshes itself, with nobody at the keyboard: such a request keeps no session alive."""
    return request.headers.get("X-Background") == "1"


def page(template: str, block: str | None = None, status: int = 200, **context: Any) -> Response:
    """The page, or only its `block` when htmx asks and one is named."""
    if block is not None and is_htmx():
        body = render_block(template, block, is_fragment=True, **context)
    else:
        body = render_template(template, is_fragment=False, **context)
    response = make_response(body, status)
    if block is not None:
        response.vary.add("HX-Request")
    return response


def see_other(url: str) -> Response:
    """Go on to `url` with a GET: 204 with HX-Redirect for htmx, which never sees headers of a 3xx, else 303."""
    if not is_htmx():
        return make_response(redirect(url, code=303))
    response = make_response("", 204)
    response.headers["HX-Redirect"] = url
    return response


def in_step(response: Response, url: str) -> Response:
    """The answer to a filter or a page of a list, with the address that the browser is to show for it."""
    if is_htmx():
        response.headers["HX-Push-Url"] = url
    return response
