"""Hosted pages over the wire (page, section 8)."""

from dataclasses import replace
from datetime import timedelta

from ..pages import HostedPage
from ..records import Account, Json
from ..wire import Answer, Call, json_answer
from ..world import World
from .errors import Problem
from .fields import body_of, string_map, text, whole
from .methods import DEFAULT_METHODS
from .payments import version_of
from .render import payment_json, session_json

LONGEST_SECONDS = 86400
CURRENCIES = {
    "JPY",
    "USD",
    "EUR",
    "TWD",
    "KRW",
    "PLN",
    "GBP",
    "HKD",
    "SGD",
    "NZD",
    "AUD",
    "IDR",
    "MYR",
    "PHP",
}
CURRENCIES |= {"THB", "CNY", "BRL", "CHF", "CAD", "VND"}


def create(world: World, account: Account, call: Call) -> Answer:
    """POST /sessions."""
    body = body_of(call)
    if body.get("mode", "payment") != "payment":
        raise Problem(422, "Only mode payment is offered here.", param="mode")
    amount = whole(body, "amount")
    if amount is None:
        raise Problem(422, "amount is missing.", "missing_parameter", "amount")
    currency = text(body, "currency", required=True) or ""
    if currency not in CURRENCIES:
        raise Problem(422, "This currency is not accepted.", "invalid_currency", "currency")
    lasting = whole(body, "expires_in_seconds") or LONGEST_SECONDS
    if lasting > LONGEST_SECONDS:
        raise Problem(422, "A page lives 86400 seconds at most.", param="expires_in_seconds")
    payment_data = body.get("payment_data") or {}
    if not isinstance(payment_data, dict):
        raise Problem(422, "payment_data has to be an object.", param="payment_data")
    now = world.clock.now()
    page_id = world.ledger.new_ref()
    page = HostedPage(
        id=page_id,
        provider="komoju",
        account=account.id,
        amount_minor=amount,
        currency=currency,
        created_at=now,
        expires_at=now + timedelta(seconds=lasting),
        url=f"{call.host}/komoju/sessions/{page_id}",
        return_url=text(body, "return_url"),
        locale=text(body, "default_locale") or "ja",
        methods=_methods(account, body, currency),
        manual_capture=payment_data.get("capture") == "manual",
        order_number=text(payment_data, "external_order_num"),
        metadata=string_map(body, "metadata"),
        shown={"payment_data": payment_data, "line_items": body.get("line_items") or []},
    )
    world.pages.keep(page)
    return _shown(world, account, call, page)


def _methods(account: Account, body: Json, currency: str) -> list[str]:
    offered = account.methods if account.methods is not None else DEFAULT_METHODS
    active = list(dict.fromkeys(one["type_slug"] for one in offered if one["currency"] == currency))
    wanted = body.get("payment_types")
    if wanted is None:
        return active
    if not isinstance(wanted, list) or not set(map(str, wanted)) <= set(active):
        raise Problem(422, "A payment type is not active.", "invalid_payment_type", "payment_types")
    return list(wanted)


def _own_page(world: World, account: Account, call: Call) -> HostedPage:
    page = world.pages.pages.get(call.args["id"])
    if page is None or page.account != account.id:
        raise Problem(404, "The requested resource could not be found.")
    return page


def _shown(world: World, account: Account, call: Call, page: HostedPage) -> Answer:
    payment = None
    if page.payment is not None:
        payment = payment_json(world.ledger.get(page.payment), account, version_of(call, account))
    return json_answer(200, session_json(page, world.pages.expired(page), payment))


def read(world: World, account: Account, call: Call) -> Answer:
    """GET /sessions/{id}."""
    return _shown(world, account, call, _own_page(world, account, call))


def cancel(world: World, account: Account, call: Call) -> Answer:
    """POST /sessions/{id}/cancel: only while nobody has paid."""
    page = _own_page(world, account, call)
    if not world.pages.open_for_buyer(page):
        raise Problem(422, "This page cannot be cancelled.")
    page = world.pages.keep(replace(page, cancelled_at=world.clock.now()))
    return _shown(world, account, call, page)
