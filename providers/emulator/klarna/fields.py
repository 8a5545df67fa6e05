"""Reading request bodies, with Klarna's errors for what is wrong in them (page, sections 1.3 and 2.2)."""

import json

from ..records import Json
from ..wire import Call
from .errors import Problem

LARGEST_MINOR = 200_000_000
LARGEST_OF_SESSION = 100_000_000
LONGEST_TEXT = 255
NUMBERS = ("quantity", "unit_price", "total_amount", "tax_rate", "total_discount_amount", "total_tax_amount")
TYPES = {
    "physical",
    "discount",
    "shipping_fee",
    "sales_tax",
    "store_credit",
    "gift_card",
    "digital",
    "surcharge",
    "return_fee",
}


def body_of(call: Call) -> Json:
    """The JSON object of a request; an absent one is empty."""
    if not call.raw.strip():
        return {}
    try:
        body = json.loads(call.raw)
    except ValueError:
        raise Problem(400, "The body is not JSON.", "BAD_REQUEST") from None
    if not isinstance(body, dict):
        raise Problem(400, "The body has to be a JSON object.", "BAD_REQUEST")
    return body


def whole(body: Json, name: str, least: int = 0, most: int = LARGEST_MINOR) -> int:
    """An integer that has to be there."""
    value = body.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise Problem(400, f"{name} has to be a whole number from {least} to {most}.")
    return value


def text(body: Json, name: str) -> str | None:
    """A text of up to 255 characters, or None."""
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > LONGEST_TEXT:
        raise Problem(400, f"{name} has to be text of up to {LONGEST_TEXT} characters.")
    return value


def lines(body: Json, total_minor: int, *, must_sum: bool = True) -> list[Json]:
    """`order_lines` by the rules of section 2.2, empty when absent; `must_sum` with the amount sent along."""
    rows = body.get("order_lines")
    if rows is None:
        return []
    if not isinstance(rows, list) or len(rows) > 1000 or not all(isinstance(row, dict) for row in rows):
        raise Problem(400, "order_lines has to be a list of up to 1000 objects.")
    for row in rows:
        _check(row)
    if must_sum and rows and sum(row["total_amount"] for row in rows) != total_minor:
        raise Problem(400, "The order lines do not sum to the amount.")
    return rows


def session_lines(body: Json, total_minor: int) -> list[Json]:
    """The lines of a payment session, which are needed and have narrower limits (section 1.3)."""
    rows = lines(body, total_minor)
    if not rows:
        raise Problem(400, "order_lines is missing.")
    for row in rows:
        if max(row["unit_price"], row["total_amount"]) > LARGEST_OF_SESSION or row.get("tax_rate", 0) > 10000:
            raise Problem(400, "An order line is out of bounds.")
        if row.get("type") == "return_fee":
            raise Problem(400, "A session has no return fees.")
    return rows


def _check(row: Json) -> None:
    if not isinstance(row.get("name"), str) or not 0 < len(row["name"]) <= LONGEST_TEXT:
        raise Problem(400, "An order line needs a name.")
    for name in NUMBERS:
        value = row.get(name, 0 if name not in NUMBERS[:3] else None)
        if isinstance(value, bool) or not isinstance(value, int):
            raise Problem(400, f"{name} of an order line has to be a whole number.")
    if row.get("type", "physical") not in TYPES or row["quantity"] < 0 or row.get("tax_rate", 0) < 0:
        raise Problem(400, "An order line is out of bounds.")
    total = row["quantity"] * row["unit_price"] - row.get("total_discount_amount", 0)
    if total != row["total_amount"]:
        raise Problem(400, "total_amount is not quantity x unit_price - total_discount_amount.")
    rate = row.get("tax_rate", 0)
    if abs(row.get("total_tax_amount", 0) * (10000 + rate) - total * rate) > 10000 + rate:
        raise Problem(400, "total_tax_amount does not fit the rate.")
