"""The API described: for programs as OpenAPI, for people as a page of ours, both from the same declarations."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from flask import Blueprint, Response, current_app
from flask.typing import ResponseReturnValue

from webapp.api import openapi
from webapp.api.calls import CALLS, V1, Call
from webapp.domain.permissions import API_RIGHTS
from webapp.errors.problems import KINDS
from webapp.htmx import page
from webapp.security import public

bp = Blueprint("api_docs", __name__, url_prefix="/api")


@dataclass(frozen=True, slots=True)
class Field:
    """A field or parameter as the page lists it; `place` is where it stands."""

    name: str
    place: str
    kind: str
    is_required: bool
    description: str


@dataclass(frozen=True, slots=True)
class Described:
    """A call as the page shows it."""

    call: Call
    path: str
    fields: Sequence[Field]
    curl: str
    answers: Mapping[int, str]
    problems: Sequence[str]


@bp.get("/v1/openapi.json")
@public
def document() -> ResponseReturnValue:
    """The description for programs; needs no key."""
    return Response(_document(_base()), mimetype="application/json")


@bp.get("/docs")
@public
def docs() -> ResponseReturnValue:
    """The description for people; in English, as the API is."""
    return page(
        "api/docs.html",
        calls=[_described(name, _base()) for name in CALLS],
        about=openapi.ABOUT,
        kinds=KINDS,
        rights=API_RIGHTS,
        base=_base() + V1,
    )


def _base() -> str:
    return str(current_app.config["SETTINGS"].public_url)


@cache
def _document(base: str) -> str:
    return json.dumps(openapi.document(base), ensure_ascii=False)


@cache
def _described(name: str, base: str) -> Described:
    call = CALLS[name]
    path = V1 + openapi.template(call.path)
    operation = openapi.document(base)["paths"][openapi.template(call.path)][call.method.lower()]
    parameters = [
        Field(each["name"], each["in"], _kind(each["schema"]), each["required"], each.get("description", ""))
        for each in operation["parameters"]
    ]
    return Described(
        call,
        path,
        [*parameters, *_body_fields(call)],
        _curl(call, base + path),
        {status: good.description for status, good in call.answers.items()},
        openapi.codes_of(call),
    )


def _body_fields(call: Call) -> list[Field]:
    if call.body is None:
        return []
    names, definitions = openapi.schemas()
    schema = definitions[names[call.body]]
    needed = schema.get("required", [])
    return [
        Field(name, "body", _kind(given), name in needed, given.get("description", ""))
        for name, given in schema["properties"].items()
    ]


def _kind(schema: Mapping[str, Any]) -> str:
    """A type in one word or two."""
    for each in schema.get("anyOf", ()):
        if each != {"type": "null"}:
            return _kind(each)
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        options = openapi.schemas()[1].get(name, {}).get("enum")
        return ", ".join(options) if options else "object"
    return str(schema.get("format") or schema.get("type", "object"))


def _curl(call: Call, address: str) -> str:
    lines = [f"curl -X {call.method} '{address}'", '-H "Authorization: Bearer $PAYDESK_KEY"']
    if call.once:
        lines.append("-H 'Idempotency-Key: a-key-of-your-own'")
    if call.guarded:
        lines.append("-H 'If-Match: \"v1\"'")
    if call.body is not None:
        examples = openapi.schemas()[1][openapi.schemas()[0][call.body]].get("examples", [{}])
        lines += ["-H 'Content-Type: application/json'", f"-d '{json.dumps(examples[0])}'"]
    return " \\\n  ".join(lines)
