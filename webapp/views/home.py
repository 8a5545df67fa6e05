"""Home: what waits for me."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from webapp.htmx import page
from webapp.security import signed_in

bp = Blueprint("home", __name__)


@bp.get("/")
@signed_in
def index() -> ResponseReturnValue:
    """What waits for the person, and the sums of the last days."""
    return page("home/index.html", block="waiting")
