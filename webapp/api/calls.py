"""How a call of the API is declared: once, for routing, for reading what comes in, and for its description."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

from flask import Blueprint, Response, current_app, url_for

from webapp.api.reading import Asked, read
from webapp.api.shapes import Input, Output
from webapp.domain.permissions import Permission
from webapp.extensions import csrf
from webapp.security import client, with_key
from webapp.services.errors import NoRight

V1 = "/api/v1"
View = Callable[..., Response]


@dataclass(frozen=True, slots=True, kw_only=True)
class Good:
    """An answer to a request that was carried out. `links`: name -> (operationId, path parameter, where it stands)."""

    model: type[Output]
    description: str
    headers: tuple[str, ...] = ()
    links: Mapping[str, tuple[str, str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call. `path` is Flask's, below /api/v1; `problems` are codes beyond those that every call can answer.

    `also` are rights that are needed beside `permission`.
    """

    name: str
    method: str
    path: str
    permission: Permission
    summary: str
    description: str
    answers: Mapping[int, Good]
    query: type[Input] | None = None
    body: type[Input] | None = None
    also: tuple[Permission, ...] = ()
    once: bool = False  # needs an Idempotency-Key
    guarded: bool = False  # needs an If-Match
    problems: tuple[str, ...] = ()


bp = Blueprint("api", __name__, url_prefix=V1)
csrf.exempt(bp)  # no cookie is looked at, so there is nothing that another site could use (3.5.1)
CALLS: dict[str, Call] = {}


def call(**spec: Any) -> Callable[[View], View]:
    """Declare a view as a call; it gets what was asked, read by the declared models, and the ids of its address."""
    declared = Call(**spec)

    def add(view: View) -> View:
        @wraps(view)
        def handle(**ids: Any) -> Response:
            for right in declared.also:
                if right not in client().rights:
                    raise NoRight(right)
            asked = read(declared.query, declared.body, once=declared.once, guarded=declared.guarded)
            return view(asked, **ids)

        guarded = with_key(declared.permission)(handle)
        bp.add_url_rule(
            declared.path, declared.name, guarded, methods=[declared.method], provide_automatic_options=False
        )
        CALLS[declared.name] = declared
        return view

    return add


def answered(model: Output, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """The answer of a call."""
    return Response(model.model_dump_json(), status, headers=dict(headers or {}), mimetype="application/json")


def address(name: str, **ids: Any) -> str:
    """Where a call is found, under the configured public address and never the request's host (R45)."""
    return str(current_app.config["SETTINGS"].public_url) + url_for(f"api.{name}", **ids)


__all__ = ["CALLS", "V1", "Asked", "Call", "Good", "address", "answered", "bp", "call"]
