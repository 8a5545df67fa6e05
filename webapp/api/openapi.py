"""The description of the API, OpenAPI 3.1, made from the declared calls and the models that read and write them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import models_json_schema

from webapp.api.calls import CALLS, V1, Call, Good
from webapp.errors.problems import KINDS, MIME, type_of

VERSION = "1.0.0"
REFERENCE = "#/components/schemas/{model}"
USUAL = ("not_understood", "key_refused", "no_right", "not_allowed", "invalid", "too_many_requests", "fault", "busy")
WITH_BODY = ("too_large", "not_json")
WITH_WAIT = {"too_many_requests", "busy", "still_running"}
ABOUT = (
    "Orders in and out, money actions, and what became of them. Amounts are integers in minor units of their currency:"
    " 1100 is 1,100 yen and 11.00 euro. Moments are RFC 3339. A key reaches its shops in one mode, test or live; what"
    " belongs to others answers 404. Unknown and repeated fields are refused."
)
HEADERS: Mapping[str, Mapping[str, Any]] = {
    "ETag": {"description": "The version of the order, for If-Match.", "schema": {"type": "string"}},
    "Location": {"description": "Where the result is found.", "schema": {"type": "string", "format": "uri"}},
    "Idempotent-Replayed": {
        "description": "`true`: the stored answer of the same request, sent before.",
        "schema": {"type": "string", "const": "true"},
    },
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "string", "pattern": "^[0-9]+$"}},
    "WWW-Authenticate": {"description": "The scheme.", "schema": {"type": "string"}},
}
ONCE = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "Of your own making, new for each wish and the same when you repeat it; at least 30 days in force.",
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
    "example": "refund-10023-1",
}
GUARDED = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "description": "The `ETag` of the order that you saw, or `*` for whatever stands there now.",
    "schema": {"type": "string", "minLength": 1},
    "example": '"v1"',
}


class FaultOutput(BaseModel):
    """One field, parameter or header at fault."""

    model_config = ConfigDict(extra="forbid")

    detail: str
    pointer: Annotated[str, Field(description="JSON pointer into the body, as a fragment.")] = ""
    parameter: str = ""
    header: str = ""


class ProblemOutput(BaseModel):
    """What is wrong (RFC 9457). Programs go by `code`."""

    model_config = ConfigDict(extra="forbid", title="Problem")

    type: Annotated[str, Field(description="Where this kind of problem is described.")]
    title: str
    status: int
    detail: str
    code: str
    request_id: Annotated[str, Field(description="Under this number the desk's log has it.")]
    errors: list[FaultOutput] = []
    reason: Annotated[str, Field(description="Why it is not possible.")] = ""
    available_minor: Annotated[int, Field(description="What there is.")] = 0
    least_minor: Annotated[int, Field(description="How far down an amount may go.")] = 0
    currency: str = ""


@cache
def schemas() -> tuple[Mapping[type[BaseModel], str], Mapping[str, Any]]:
    """The name of each model, and the schemas by name."""
    inputs = {model for call in CALLS.values() for model in (call.query, call.body) if model is not None}
    outputs = {good.model for call in CALLS.values() for good in call.answers.values()}
    wanted: list[Any] = [(model, "validation") for model in [*inputs, ProblemOutput]]
    wanted += [(model, "serialization") for model in outputs]
    references, definitions = models_json_schema(wanted, ref_template=REFERENCE)
    names: dict[Any, str] = {
        model: reference["$ref"].rpartition("/")[2] for (model, _mode), reference in references.items()
    }
    return names, definitions["$defs"]


def document(base: str) -> dict[str, Any]:
    """The whole description; `base` is the desk's public address."""
    names, definitions = schemas()
    queries = {names[call.query] for call in CALLS.values() if call.query is not None}
    paths: dict[str, dict[str, Any]] = {}
    for call in CALLS.values():
        paths.setdefault(template(call.path), {})[call.method.lower()] = _operation(call)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Paydesk", "version": VERSION, "description": ABOUT},
        "servers": [{"url": base + V1}],
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": "A key of the page *API keys*."}
            },
            "schemas": {name: schema for name, schema in sorted(definitions.items()) if name not in queries},
        },
    }


def template(path: str) -> str:
    """A path with its ids as OpenAPI writes them."""
    return re.sub(r"<uuid:([a-z_]+)>", r"{\1}", path)


def _operation(call: Call) -> dict[str, Any]:
    said: dict[str, Any] = {
        "operationId": call.name,
        "summary": call.summary,
        "description": f"{call.description} {_rights(call)}",
        "parameters": [
            *_ids(call),
            *_query(call),
            *([ONCE] if call.once else []),
            *([GUARDED] if call.guarded else []),
        ],
        "responses": _responses(call),
    }
    if call.body is not None:
        names, definitions = schemas()
        said["requestBody"] = {
            "required": bool(definitions[names[call.body]].get("required")),
            "content": {"application/json": {"schema": _reference(call.body)}},
        }
    return said


def _rights(call: Call) -> str:
    names = " and ".join(f"`{right.value}`" for right in (call.permission, *call.also))
    return f"Needs the rights {names}." if call.also else f"Needs the right {names}."


def _ids(call: Call) -> Iterable[dict[str, Any]]:
    for name in re.findall(r"<uuid:([a-z_]+)>", call.path):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}


def _query(call: Call) -> Iterable[dict[str, Any]]:
    if call.query is None:
        return
    names, definitions = schemas()
    schema = definitions[names[call.query]]
    for name, given in schema["properties"].items():
        required = name in schema.get("required", [])
        said: dict[str, Any] = {"name": name, "in": "query", "required": required, "schema": _without_null(given)}
        if "description" in given:
            said["description"] = given["description"]
        yield said


def _without_null(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A parameter is there or not; it has no null."""
    kept = {name: value for name, value in schema.items() if name not in {"anyOf", "description", "title"}}
    if kept.get("default", 0) is None:
        del kept["default"]
    others = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    return {**others[0], **kept} if others else kept


def _reference(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": REFERENCE.format(model=schemas()[0][model])}


def codes_of(call: Call) -> list[str]:
    """Every problem that the call can answer, by status."""
    codes = {*USUAL, *call.problems, *(WITH_BODY if call.body is not None else ())}
    return sorted(codes, key=lambda code: (KINDS[code].status, code))


def _responses(call: Call) -> dict[str, Any]:
    said = {str(status): _good(good) for status, good in call.answers.items()}
    by_status: dict[int, list[str]] = {}
    for code in codes_of(call):
        by_status.setdefault(KINDS[code].status, []).append(code)
    return said | {str(status): _bad(status, codes) for status, codes in by_status.items()}


def _good(good: Good) -> dict[str, Any]:
    said: dict[str, Any] = {
        "description": good.description,
        "content": {"application/json": {"schema": _reference(good.model)}},
    }
    if good.headers:
        said["headers"] = {name: HEADERS[name] for name in good.headers}
    if good.links:
        said["links"] = {name: _link(*link) for name, link in good.links.items()}
    return said


def _link(operation: str, parameter: str, expression: str) -> dict[str, Any]:
    parameters = {f"path.{parameter}": expression}
    if CALLS[operation].guarded:
        parameters["header.If-Match"] = "$response.header.ETag"
    return {"operationId": operation, "parameters": parameters}


def _bad(status: int, codes: list[str]) -> dict[str, Any]:
    examples = {code: {"summary": KINDS[code].title, "value": example(code)} for code in codes}
    said: dict[str, Any] = {
        "description": " ".join(f"`{code}`: {KINDS[code].advice}" for code in codes),
        "content": {MIME: {"schema": _reference(ProblemOutput), "examples": examples}},
    }
    if status == 401:
        said["headers"] = {"WWW-Authenticate": HEADERS["WWW-Authenticate"]}
    if WITH_WAIT & set(codes):
        said["headers"] = {"Retry-After": HEADERS["Retry-After"]}
    return said


def example(code: str) -> dict[str, Any]:
    """A problem of that kind."""
    kind = KINDS[code]
    said: dict[str, Any] = {
        "type": type_of(code),
        "title": kind.title,
        "status": kind.status,
        "detail": kind.advice,
        "code": code,
        "request_id": "0f3c1a2b4d5e",
    }
    if code == "not_enough":
        said |= {"available_minor": 2200, "currency": "JPY"}
    if code == "amount_too_low":
        said |= {"least_minor": 1100, "currency": "JPY"}
    if code in {"not_enough", "amount_too_low", "invalid"}:
        said["errors"] = [{"pointer": "#/amount_minor", "detail": "Input should be greater than or equal to 1"}]
    return said
