"""Whether the process lives, and whether it can serve; the reason stays in the log."""

from __future__ import annotations

from flask import Blueprint, current_app, jsonify
from flask.typing import ResponseReturnValue

from webapp.security import public
from webapp.services import readiness

bp = Blueprint("health", __name__)


@bp.get("/healthz")
@public
def alive() -> ResponseReturnValue:
    """200 as long as the process answers."""
    return jsonify(status="ok")


@bp.get("/readyz")
@public
def ready() -> ResponseReturnValue:
    """200 when database, schema and Redis are there, else 503."""
    settings = current_app.config["SETTINGS"]
    is_ready = readiness.is_ready(settings.redis_url, readiness.newest_revision(current_app.config["MIGRATIONS"]))
    return jsonify(status="ready" if is_ready else "not ready"), 200 if is_ready else 503
