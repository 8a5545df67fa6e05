"""Reading a provider's JSON without guessing: exact numbers (R3), typed fields, one error for the rest."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any


class Unreadable(ValueError):
    """The answer is not what the provider's page says; the text names the field, never a value."""


def parse(raw: bytes) -> Any:
    """JSON of `raw` (UTF-8) with fractions as Decimal (R3, I15). Raises Unreadable."""
    try:
        return json.loads(raw.decode(), parse_float=Decimal, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        pass  # the parser's own text may quote the answer, so it is dropped with its context
    raise Unreadable("not JSON")


def _no_constant(name: str) -> None:
    raise ValueError(name)


def an_object(value: Any, what: str) -> Mapping[str, Any]:
    """`value` if it is a JSON object. Raises Unreadable."""
    if not isinstance(value, dict):
        raise Unreadable(f"{what} is not an object")
    return value


def an_array(value: Any, what: str) -> Sequence[Any]:
    """`value` if it is a JSON array; None counts as empty. Raises Unreadable."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise Unreadable(f"{what} is not an array")
    return value


def text(of: Mapping[str, Any], name: str) -> str:
    """The non-empty text under `name`. Raises Unreadable."""
    value = optional_text(of, name)
    if not value:
        raise Unreadable(f"{name} is missing")
    return value


def optional_text(of: Mapping[str, Any], name: str) -> str | None:
    """The text under `name`, None when null or absent. Raises Unreadable."""
    value = of.get(name)
    if value is not None and not isinstance(value, str):
        raise Unreadable(f"{name} is not text")
    return value


def whole_number(of: Mapping[str, Any], name: str) -> int:
    """The integer under `name`; a fraction, text or boolean is no integer (R1). Raises Unreadable."""
    value = of.get(name)
    if type(value) is not int:
        raise Unreadable(f"{name} is not a whole number")
    return value


def moment(of: Mapping[str, Any], name: str) -> datetime | None:
    """The ISO 8601 moment under `name` in UTC, None when null or absent. Raises Unreadable."""
    value = optional_text(of, name)
    if value is None:
        return None
    try:
        read = datetime.fromisoformat(value)
    except ValueError:
        read = None
    if read is None or read.tzinfo is None:
        raise Unreadable(f"{name} is not a moment with its zone")
    return read.astimezone(UTC)
