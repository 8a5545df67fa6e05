"""Payment sessions, as far as asking for the methods needs them (page, sections 7.1 and 8)."""

import re

from ..records import Account, Json
from ..wire import Answer, Call, json_answer
from ..world import World
from .errors import Problem
from .fields import LARGEST_OF_SESSION, body_of, session_lines, whole

ASSETS = {"descriptive": "https://assets.example.test/d.svg", "standard": "https://assets.example.test/s.svg"}
USUAL_CATEGORIES: list[Json] = [
    {"identifier": "pay_later", "name": "Pay in 30 days", "asset_urls": ASSETS},
    {"identifier": "pay_now", "name": "Pay now", "asset_urls": ASSETS},
    {"identifier": "pay_over_time", "name": "Pay over time", "asset_urls": ASSETS},
]


def create(world: World, account: Account, call: Call) -> Answer:
    """POST /payments/v1/sessions; the switch `countries` lists those that the account sells in."""
    body = body_of(call)
    country, currency = str(body.get("purchase_country") or ""), str(body.get("purchase_currency") or "")
    if not re.fullmatch("[A-Za-z]{2}", country) or not re.fullmatch("[A-Za-z]{3}", currency):
        raise Problem(400, "purchase_country and purchase_currency are needed.")
    if country.upper() not in account.switches.get("countries", [country.upper()]):
        raise Problem(400, "The account does not sell in this country.")
    amount = whole(body, "order_amount", most=LARGEST_OF_SESSION)
    rows = session_lines(body, amount)
    tax = sum(row.get("total_tax_amount", 0) for row in rows)
    if whole({"order_tax_amount": tax, **body}, "order_tax_amount") != tax:
        raise Problem(400, "order_tax_amount is not the sum of the lines' tax.")
    session: Json = {
        "session_id": world.ledger.new_uuid(),
        "client_token": "eyJhbGciOiJub25lIn0.e30.",
        "payment_method_categories": USUAL_CATEGORIES if account.methods is None else account.methods,
    }
    return json_answer(200, session)
