"""Reading a request: JSON without repeated fields, a query without unknown or repeated parameters, two headers."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import request
from pydantic import ValidationError

from webapp.api.shapes import Input
from webapp.errors.problems import Problem
from webapp.security import client
from webapp.services.api.keys import Client

CLIENT_KEY = re.compile(r"[!-~]{1,255}")


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, read. `query` and `body` are of the call's models; `raw` is the body as it came."""

    client: Client
    query: Any
    body: Any
    raw: bytes
    client_key: str  # the Idempotency-Key; "" where the call needs none
    if_match: tuple[str, ...] | None  # the tags; None for the star, or where the call needs none


class _Repeated(ValueError):
    pass


def read(query: type[Input] | None, body: type[Input] | None, *, once: bool, guarded: bool) -> Asked:
    """The request as the call's models see it. Raises Problem, which names the fields at fault."""
    client_key = _client_key() if once else ""
    if_match = _if_match() if guarded else None
    asked = _query(query)
    raw = request.get_data(cache=True) if body is not None else b""
    return Asked(client(), asked, None if body is None else _body(body, raw), raw, client_key, if_match)


def _client_key() -> str:
    given = request.headers.getlist("Idempotency-Key")
    if not given:
        raise Problem("idempotency_key_missing", "This call needs the header Idempotency-Key.")
    if len(given) > 1 or CLIENT_KEY.fullmatch(given[0]) is None:
        fault = {"header": "Idempotency-Key", "detail": "must be 1 to 255 visible ASCII characters, once"}
        raise Problem("not_understood", "The header Idempotency-Key cannot be used.", errors=[fault])
    return given[0]


def _if_match() -> tuple[str, ...] | None:
    if not request.headers.get("If-Match"):
        raise Problem("if_match_missing", "This call needs the header If-Match with the ETag of the order.")
    tags = request.if_match
    return None if tags.star_tag else tuple(tags.as_set())


def _query(model: type[Input] | None) -> Any:
    values = dict(request.args.lists())
    known = set() if model is None else set(model.model_fields)
    errors = [{"parameter": name, "detail": "is not a parameter of this call"} for name in values if name not in known]
    errors += [
        {"parameter": name, "detail": "was sent more than once"} for name, all_ in values.items() if len(all_) > 1
    ]
    if errors:
        raise Problem("invalid", "Some parameters are wrong.", errors=errors)
    if model is None:
        return None
    try:
        return model.model_validate_strings({name: all_[0] for name, all_ in values.items()})
    except ValidationError as wrong:
        errors = [{"parameter": str(each["loc"][0]), "detail": _words(each)} for each in _errors(wrong)]
        raise Problem("invalid", "Some parameters are wrong.", errors=errors) from None


def _body(model: type[Input], raw: bytes) -> Any:
    if not raw and not request.mimetype:
        raw = b"{}"
    elif request.mimetype != "application/json":
        raise Problem("not_json", "Send the body as application/json.")
    try:
        json.loads(raw.decode(), object_pairs_hook=_no_repeats, parse_constant=_no_constant)
        return model.model_validate_json(raw)  # each field says itself that it takes no other type
    except _Repeated as repeated:
        raise Problem("not_understood", str(repeated)) from None
    except ValidationError as wrong:
        raise _invalid(wrong) from None
    except (ValueError, RecursionError):
        raise Problem("not_understood", "The body is not JSON in UTF-8.") from None


def _invalid(wrong: ValidationError) -> Problem:
    found = _errors(wrong)
    if any(each["type"] == "json_invalid" for each in found):
        return Problem("not_understood", "The body is not JSON in UTF-8.")
    errors = [{"pointer": pointer(each["loc"]), "detail": _words(each)} for each in found]
    return Problem("invalid", "Some fields are wrong.", errors=errors)


def _errors(wrong: ValidationError) -> Sequence[Mapping[str, Any]]:
    return wrong.errors(include_url=False, include_context=False, include_input=False)


def _words(error: Mapping[str, Any]) -> str:
    if error["type"] == "extra_forbidden":
        return "is not a field of this call"
    return str(error["msg"]).removeprefix("Value error, ")


def pointer(parts: Sequence[int | str]) -> str:
    """A JSON pointer (RFC 6901) as a fragment."""
    return "#" + "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    twice = [name for name, count in Counter(name for name, _value in pairs).items() if count > 1]
    if twice:
        raise _Repeated(f"The field {twice[0][:40]!r} stands there more than once.")
    return dict(pairs)


def _no_constant(name: str) -> Any:
    raise ValueError(name)
