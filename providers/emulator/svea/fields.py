"""Reading the bodies of calls; names in either letter case (section 2)."""

import json
from typing import Any

from ..records import Json
from ..wire import Call
from .errors import Problem

LONGEST_NAME = 40
MOST_ROWS = 1000


def body_of(call: Call) -> Json:
    """The JSON object of a call, its names in lower case."""
    try:
        body = json.loads(call.raw) if call.raw.strip() else {}
    except ValueError:
        raise Problem(400, "The body is not JSON.") from None
    if not isinstance(body, dict):
        raise Problem(400, "The body is not an object.")
    lowered: Json = _lowered(body)
    return lowered


def _lowered(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name).lower(): _lowered(each) for name, each in value.items()}
    return [_lowered(each) for each in value] if isinstance(value, list) else value


def whole(body: Json, name: str, *, least: int | None = None) -> int:
    """An integer that has to be there."""
    value = body.get(name.lower())
    if isinstance(value, bool) or not isinstance(value, int) or (least is not None and value < least):
        raise Problem(400, f"{name} is not valid.", name)
    return value


def ids(body: Json) -> list[int]:
    """`OrderRowIds`, which may be empty."""
    value = body.get("orderrowids") or []
    if not isinstance(value, list) or not all(type(each) is int for each in value):
        raise Problem(400, "OrderRowIds is not valid.", "OrderRowIds")
    return value


def quantities(body: Json, name: str, chosen: list[int]) -> dict[int, int]:
    """Quantities of rows in hundredths, by row id; each has to be among `chosen`."""
    found: dict[int, int] = {}
    for option in body.get(name.lower()) or []:
        row_id = whole(option, "OrderRowId")
        if row_id not in chosen:
            raise Problem(400, f"{name} names a row that is not in OrderRowIds.", name)
        found[row_id] = whole(option, "Quantity", least=1)
    return found


def rows(body: Json, name: str) -> list[Json]:
    """New rows as the order keeps them, without ids."""
    given = body.get(name.lower())
    if not isinstance(given, list) or not 0 < len(given) <= MOST_ROWS:
        raise Problem(400, f"{name} is not valid.", name)
    return [row(one) for one in given]


def row(given: Any) -> Json:
    """One row: Name, Quantity, UnitPrice and VatPercent are required."""
    if not isinstance(given, dict):
        raise Problem(400, "A row is not an object.", "OrderRows")
    title = given.get("name")
    if not isinstance(title, str) or not 0 < len(title) <= LONGEST_NAME:
        raise Problem(400, "Name has 1 to 40 characters.", "Name")
    unit = given.get("unit")
    if unit is not None and (not isinstance(unit, str) or len(unit) > 4):
        raise Problem(400, "Unit has at most 4 characters.", "Unit")
    read = {
        "ArticleNumber": given.get("articlenumber"),
        "Name": title,
        "Quantity": whole(given, "Quantity", least=1),
        "UnitPrice": whole(given, "UnitPrice"),
        "VatPercent": whole(given, "VatPercent", least=0),
        "Unit": unit,
        "RowType": given.get("rowtype") or "Row",
        "IsCancelled": False,
        "credited": 0,
    }
    for name in ("DiscountPercent", "DiscountAmount"):
        if given.get(name.lower()) is not None:
            read[name] = whole(given, name)
    return read
