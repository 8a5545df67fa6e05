"""Reading request bodies and queries, with KOMOJU's errors for what is wrong in them."""

import json
from datetime import UTC, datetime
from urllib.parse import parse_qsl

from ..records import Json
from ..wire import Call
from .errors import Problem


def body_of(call: Call, required: bool = True) -> Json:
    """The JSON object (or form) of a request; 400 when it is missing or something else."""
    if not call.raw.strip():
        if required:
            raise Problem(400, "The request needs a body.")
        return {}
    if (call.header("content-type") or "").startswith("application/x-www-form-urlencoded"):
        return _form(call.raw)
    try:
        body = json.loads(call.raw)
    except ValueError:
        raise Problem(400, "The body is not JSON.") from None
    if not isinstance(body, dict):
        raise Problem(400, "The body has to be a JSON object.")
    return body


def _form(raw: str) -> Json:
    """A form with nested names such as `payment_data[capture]`; whole numbers become integers."""
    body: Json = {}
    for name, value in parse_qsl(raw, keep_blank_values=True):
        outer, _, inner = name.partition("[")
        wanted: str | int = int(value) if value.isascii() and value.isdigit() else value
        if inner:
            body.setdefault(outer, {})[inner.rstrip("]")] = wanted
        else:
            body[outer] = wanted
    return body


def whole(body: Json, name: str, minimum: int = 1) -> int | None:
    """An integer field, or None when absent; 422 for anything else."""
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < minimum:
        raise Problem(422, f"{name} has to be a whole number from {minimum}.", param=name)
    return value


def text(body: Json, name: str, required: bool = False) -> str | None:
    """A text field; 422 `missing_parameter` when it is required and absent."""
    value = body.get(name)
    if value is None or (required and value == ""):
        if required:
            raise Problem(422, f"{name} is missing.", "missing_parameter", name)
        return None
    if not isinstance(value, str):
        raise Problem(422, f"{name} has to be text.", param=name)
    return value


def string_map(body: Json, name: str) -> Json:
    """A `metadata` object: keys up to 30 and text values up to 2000 characters."""
    value = body.get(name, {})
    fits = isinstance(value, dict) and all(
        isinstance(word, str) and len(key) <= 30 and len(word) <= 2000 for key, word in value.items()
    )
    if not fits:
        raise Problem(422, f"{name} has to map short keys to texts.", param=name)
    return dict(value)


def moment(query: dict[str, str], name: str) -> datetime | None:
    """A date-time of the query in UTC, or None when absent."""
    if (value := query.get(name)) is None:
        return None
    try:
        read = datetime.fromisoformat(value)
    except ValueError:
        raise Problem(422, f"{name} is not a date-time.", param=name) from None
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read


def page_numbers(query: dict[str, str]) -> tuple[int, int]:
    """`page` from 1 and `per_page` from 1 to 100, by default 20."""
    numbers = []
    for name, usual in (("page", 1), ("per_page", 20)):
        value = query.get(name, str(usual))
        if not value.isascii() or not value.isdigit() or int(value) < 1:
            raise Problem(422, f"{name} has to be a whole number from 1.", param=name)
        numbers.append(int(value))
    return numbers[0], min(numbers[1], 100)
