"""Every call of the API: nothing without a key in force and its right, nothing of other shops or modes (I18)."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from tests import factories
from tests.desk import Desk
from tests.webapp.api.caller import Caller, make_key
from tests.webapp.routes import NOWHERE, routes
from tests.webapp.visitor import Visitor
from webapp.api import CALLS
from webapp.api.calls import Call
from webapp.api.openapi import document
from webapp.domain.permissions import API_RIGHTS, Permission
from webapp.models import ApiAnswer, ApiKey, AuditEntry, Mode, Operation, Order, Payment, RateEvent
from webapp.services.unit_of_work import in_transaction

BODIES: dict[str, dict[str, Any]] = {
    "put_order": {"shop": "tea", "number": "N-1", "amount_minor": 1, "currency": "JPY"},
    "change_order": {"status": "cancelled"},
    "capture_payment": {},
    "cancel_payment": {},
    "refund_payment": {"reason": "returned"},
    "cancel_or_refund_order": {"reason": "returned"},
    "change_amount": {"amount_minor": 1, "currency": "JPY"},
}
QUERIES = {"list_payment_methods": "?shop=tea"}
WITHOUT_ID = {"list_orders", "put_order", "list_payment_methods"}
"""Calls whose address names nothing: what they say of other shops is asked for one by one."""


@dataclass(frozen=True)
class Theirs:
    """What belongs to somebody else, by the names of ids in addresses."""

    ids: dict[str, uuid.UUID]

    def path(self, call: Call) -> str:
        """The call's address with these ids."""
        path = call.path
        for name, value in self.ids.items():
            path = path.replace(f"<uuid:{name}>", str(value))
        assert "<" not in path, f"{call.name} has an id that nothing here has"
        return path + QUERIES.get(call.name, "")


def send(caller: Caller, call: Call, path: str) -> Any:
    """One call with all that it needs."""
    headers = {"Idempotency_Key": uuid.uuid4().hex} if call.once else {}
    headers |= {"If_Match": "*"} if call.guarded else {}
    return caller.call(call.method, path, BODIES.get(call.name), **headers)


@pytest.fixture
def theirs(desk: Desk) -> Theirs:
    """An order with a payment and an operation in the desk's shop, in test mode."""
    payment_id = desk.payment(3300)
    ids = {
        "payment_id": payment_id,
        "order_id": desk.row(payment_id).order_id,
        "operation_id": desk.ask(payment_id, 100),
    }
    return Theirs(ids)


def state_of_everything() -> tuple[Any, ...]:
    """Counts and sums that any effect would change."""
    sums = select(
        func.sum(Payment.refund_reserved_minor + Payment.cancel_reserved_minor + Payment.capture_reserved_minor)
    )
    counts = [select(func.count()).select_from(model) for model in (Operation, Order, AuditEntry, ApiAnswer, RateEvent)]
    versions = select(func.sum(Order.version))
    return in_transaction(lambda tx: tuple(tx.execute(each).scalar_one() for each in (sums, versions, *counts)))


def calls() -> Iterator[Call]:
    yield from CALLS.values()


def test_this_file_knows_every_call_that_takes_a_body_or_has_no_id(quick_app: Flask) -> None:
    assert set(BODIES) == {call.name for call in calls() if call.body is not None}
    assert {call.name for call in calls() if "<" not in call.path} == WITHOUT_ID
    described = [one for path in document("")["paths"].values() for one in path.values()]
    by_key = {route.endpoint.partition(".")[2] for route in routes(quick_app) if route.access.by_key}
    assert {one["operationId"] for one in described} == {call.name for call in calls()} == by_key


def test_nothing_is_done_without_with_a_wrong_or_with_a_revoked_key(
    desk_app: Flask, desk: Desk, theirs: Theirs
) -> None:
    key_id, token = make_key({desk.shop_id})
    desk.change(ApiKey, key_id, revoked_at=factories.LONG_AGO)
    before = state_of_everything()
    for wrong in (None, "", "pd_test_wrong", token, token + "x", "ключ".encode().decode("latin-1")):
        caller = Caller(desk_app, wrong)
        for call in calls():
            said = send(caller, call, theirs.path(call))
            assert (said.status, said.code) == (401, "key_refused"), (call.name, wrong)
            assert said.headers["WWW-Authenticate"].startswith("Bearer")
    basic = Caller(desk_app, None).get("/orders", Authorization=f"Basic {make_key({desk.shop_id})[1]}")
    assert basic.status == 401
    assert state_of_everything()[:4] == before[:4]


def test_a_signed_in_browser_is_nobody_to_the_api(desk_app: Flask, desk: Desk, theirs: Theirs, erp: Caller) -> None:
    person = Visitor(desk_app, desk.user_id)
    for call in calls():
        answer = person.client.open(f"/api/v1{theirs.path(call)}", method=call.method)
        assert answer.status_code == 401, call.name


def test_I18_what_belongs_to_others_is_not_there(desk_app: Flask, desk: Desk, theirs: Theirs) -> None:
    other = factories.shop("print")
    strangers = {
        "another shop": make_key({other.id})[1],
        "the other mode": make_key({desk.shop_id}, Mode.LIVE)[1],
        "both": make_key({other.id}, Mode.LIVE)[1],
    }
    nowhere = Theirs(dict.fromkeys(theirs.ids, NOWHERE))
    before = state_of_everything()
    for who, token in strangers.items():
        caller = Caller(desk_app, token)
        for call in calls():
            if call.name in WITHOUT_ID:
                continue
            said, unknown = (send(caller, call, ids.path(call)) for ids in (theirs, nowhere))
            assert (said.status, said.code) == (404, "not_found"), (who, call.name)
            assert said.json | {"request_id": ""} == unknown.json | {"request_id": ""}, "as if it did not exist"
        assert caller.get("/orders").json == {"orders": [], "next_cursor": None}
    foreign = Caller(desk_app, strangers["another shop"])
    assert foreign.get("/orders?shop=tea").status == 404
    assert foreign.get("/payment-methods?shop=tea").status == 404
    assert foreign.post("/orders", BODIES["put_order"]).pointers == ["#/shop"]
    live = Caller(desk_app, strangers["the other mode"])
    assert state_of_everything()[:4] == before[:4], "no sum, version, operation or order"
    assert live.post("/orders", BODIES["put_order"]).json["mode"] == "live"


def test_each_call_needs_its_right(desk_app: Flask, desk: Desk, theirs: Theirs) -> None:
    for call in calls():
        lacking = [right for right in API_RIGHTS if right not in {call.permission, Permission.VIEW}]
        caller = Caller(desk_app, make_key({desk.shop_id}, rights=lacking)[1])
        said = send(caller, call, theirs.path(call))
        assert (said.status == 403) is (call.permission is not Permission.VIEW), call.name
        if said.status == 403:
            assert call.permission.value in said.json["detail"]


def test_rights_and_shops_are_read_at_each_request(desk_app: Flask, desk: Desk) -> None:
    key_id, token = make_key({desk.shop_id})
    caller = Caller(desk_app, token)
    desk.payment(3300)
    assert len(caller.get("/orders").json["orders"]) == 1
    desk.raw("delete from api_key_shops")
    assert caller.get("/orders").json["orders"] == []
    desk.change(ApiKey, key_id, rights=[])
    assert caller.get("/orders").status == 403


@pytest.mark.parametrize("headers", [{"Sec_Fetch_Site": "cross-site"}, {"Origin": "https://evil.test"}])
def test_other_sites_cannot_use_a_browser_to_call(erp: Caller, theirs: Theirs, headers: dict[str, str]) -> None:
    for call in calls():
        if call.method != "GET":
            said = erp.call(call.method, theirs.path(call), BODIES[call.name], **headers)
            assert (said.status, said.code) == (403, "not_allowed")


def test_unknown_addresses_and_methods_are_problems_too(erp: Caller) -> None:
    assert erp.get("/nothing").code == "not_found"
    assert erp.get("/orders/not-an-id").code == "not_found"
    said = erp.call("DELETE", "/orders")
    assert (said.status, said.code) == (405, "method_not_allowed")
    assert {"GET", "POST"} <= set(said.headers["Allow"].replace(" ", "").split(","))
