"""Another amount over the API: once for its key, with lines, and every refusal points at its field."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from providers.lines import LineKind
from tests import klarna_desk, svea_desk
from tests.desk import Desk
from tests.providers.klarna.samples import KETTLE, MUGS
from tests.webapp.api.caller import Caller, Said, make_key
from webapp.domain.permissions import Permission
from webapp.models import ApiAnswer, Operation, Order, Payment, Via
from webapp.services.operations import kept_lines
from webapp.services.unit_of_work import in_transaction

KETTLE_LINE = {"name": "Kettle", "quantity": "1", "unit_price_minor": 50000, "vat_rate": 2500, "reference": "SKU-1"}
MUG_LINE = {"name": "Mug", "quantity": "1", "unit_price_minor": 12450, "vat_rate": 1200, "total_minor": 12450}
LESS: dict[str, Any] = {"amount_minor": 62450, "currency": "SEK", "lines": [KETTLE_LINE, MUG_LINE]}


@pytest.fixture
def payment(desk: Desk) -> uuid.UUID:
    """A kettle and two mugs for 749 kronor at Klarna."""
    return klarna_desk.order(klarna_desk.use_klarna(desk), 74900, settled=False, lines=[KETTLE, MUGS])


def operations() -> list[Operation]:
    return in_transaction(lambda tx: list(tx.scalars(select(Operation).order_by(Operation.created_at))))


def change(erp: Caller, payment_id: uuid.UUID, body: Any = LESS, key: str | None = "change-1") -> Said:
    return erp.post(f"/payments/{payment_id}/amount", body, key)


def test_a_change_is_taken_with_its_lines_and_told_of(erp: Caller, desk: Desk, payment: uuid.UUID) -> None:
    said = change(erp, payment, LESS | {"reason": "returned", "comment": "one mug less"})
    assert said.status == 202
    (told,) = said.json["operations"]
    assert (told["kind"], told["amount_minor"], told["new_total_minor"]) == ("update", 12450, 62450)
    assert said.headers["Location"] == told["url"]
    (row,) = operations()
    assert (row.requested_via, row.client_key, row.new_total_minor) == (Via.API, "change-1", 62450)
    assert [(line.name, line.tax_minor) for line in kept_lines.load(row.lines)] == [("Kettle", 10000), ("Mug", 1334)]
    assert desk.row(payment).cancel_reserved_minor == 12450


def test_R15_the_same_key_gives_the_stored_answer_and_another_body_is_refused(
    erp: Caller, desk: Desk, payment: uuid.UUID
) -> None:
    first, again = change(erp, payment), change(erp, payment)
    assert (again.status, again.json, again.headers["Idempotent-Replayed"]) == (202, first.json, "true")
    other = change(erp, payment, LESS | {"amount_minor": 50000, "lines": [KETTLE_LINE]})
    assert (other.status, other.code) == (422, "key_reused")
    desk.raw("delete from api_answers")
    renamed = change(erp, payment, LESS | {"lines": [KETTLE_LINE | {"name": "Pot"}, MUG_LINE]})
    assert (renamed.code, len(operations())) == ("key_reused", 1)
    assert change(erp, payment, LESS, None).code == "idempotency_key_missing"


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"lines": [KETTLE_LINE, MUG_LINE | {"vat_rate": 10001}]}, "#/lines/1/vat_rate"),
        ({"lines": [KETTLE_LINE, MUG_LINE | {"vat_rate": "25"}]}, "#/lines/1/vat_rate"),
        ({"lines": [KETTLE_LINE, MUG_LINE | {"vat_rate": 25.5}]}, "#/lines/1/vat_rate"),
        ({"lines": [KETTLE_LINE, MUG_LINE | {"total_minor": 12451}]}, "#/lines/1/total_minor"),
        ({"lines": [KETTLE_LINE | {"quantity": "0.5"}]}, "#/lines/0/quantity"),
        ({"lines": [KETTLE_LINE | {"quantity": "0"}]}, "#/lines/0/quantity"),
        ({"lines": [KETTLE_LINE | {"quantity": 1}]}, "#/lines/0/quantity"),
        ({"lines": [KETTLE_LINE | {"kind": "discount"}]}, "#/lines/0/unit_price_minor"),
        ({"lines": [KETTLE_LINE | {"discount_minor": 50001}]}, "#/lines/0/discount_minor"),
        ({"lines": [KETTLE_LINE | {"vat": 25}]}, "#/lines/0/vat"),
        ({"lines": [KETTLE_LINE | {"name": ""}]}, "#/lines/0/name"),
        ({"lines": []}, "#/lines"),
        ({"lines": [KETTLE_LINE]}, "#/lines"),
        ({"currency": "EUR"}, "#/currency"),
        ({"amount_minor": 0}, "#/amount_minor"),
        ({"amount": 1}, "#/amount"),
        ({"reason": "no such reason"}, "#/reason"),
    ],
)
def test_what_is_wrong_is_pointed_at_and_nothing_is_filed(
    erp: Caller, payment: uuid.UUID, changed: dict[str, Any], pointer: str
) -> None:
    said = change(erp, payment, LESS | changed)
    assert (said.status, said.code, said.pointers) == (422, "invalid", [pointer])
    assert operations() == []


def test_lines_that_do_not_sum_say_to_what_they_come(erp: Caller, payment: uuid.UUID) -> None:
    said = change(erp, payment, LESS | {"amount_minor": 62000})
    assert said.errors == [{"pointer": "#/lines", "detail": "come to 62450 and not to 62000 (minor units)"}]


def test_refusals_of_the_rules_say_why(erp: Caller, desk: Desk, payment: uuid.UUID) -> None:
    missing = change(erp, payment, {"amount_minor": 50000, "currency": "SEK"}, "a")
    assert (missing.status, missing.json["reason"], missing.pointers) == (409, "lines_needed", ["#/lines"])
    two_mugs = MUG_LINE | {"quantity": "2", "total_minor": 24900}
    same = change(erp, payment, LESS | {"amount_minor": 74900, "lines": [KETTLE_LINE, two_mugs]}, "b")
    assert (same.status, same.json["reason"]) == (409, "amount_as_it_is")
    desk.change(Payment, payment, capture_reserved_minor=70000)
    low = change(erp, payment, LESS, "c")
    assert (low.status, low.code, low.json["least_minor"], low.pointers) == (
        422,
        "amount_too_low",
        70000,
        ["#/amount_minor"],
    )
    card = svea_desk.order(svea_desk.use_svea(desk), 3300, "Card", settled=False)
    up = change(erp, card, {"amount_minor": 4000, "currency": "SEK"}, "d")
    assert (up.status, up.json["reason"]) == (409, "cannot_raise")
    assert operations() == []


def test_it_needs_the_right_to_capture_and_a_payment_of_the_keys_shops(
    desk_app: Flask, desk: Desk, erp: Caller, payment: uuid.UUID
) -> None:
    looker = Caller(desk_app, make_key({desk.shop_id}, rights=[Permission.VIEW, Permission.REFUND], name="Looker")[1])
    assert change(looker, payment).code == "no_right"
    assert change(erp, uuid.uuid4()).code == "not_found"
    assert in_transaction(lambda tx: tx.scalars(select(ApiAnswer)).all()) == []


def test_an_order_comes_in_with_its_lines_and_its_total_follows_until_something_is_captured(
    erp: Caller, desk: Desk, payment: uuid.UUID
) -> None:
    order_id = desk.row(payment).order_id
    order = in_transaction(lambda tx: tx.get_one(Order, order_id))
    sent = {"shop": "tea", "number": order.number, "currency": "SEK"}
    body = sent | {"amount_minor": 62450, "lines": [KETTLE_LINE, MUG_LINE | {"kind": LineKind.DIGITAL.value}]}
    said = erp.post("/orders", body)
    assert (said.status, said.json["amount_minor"]) == (200, 62450)
    assert [(line["name"], line["total_minor"], line["kind"]) for line in said.json["lines"]] == [
        ("Kettle", 50000, "goods"),
        ("Mug", 12450, "digital"),
    ]
    action = next(each for each in said.json["payments"][0]["actions"] if each["kind"] == "update")
    assert (action["available_minor"], action["why_not"]) == (74900, None)
    assert erp.post("/orders", body).headers["ETag"] == said.headers["ETag"], "the same lines are no change"
    kept = erp.post("/orders", sent | {"amount_minor": 62450})
    assert len(kept.json["lines"]) == 2
    wrong = erp.post("/orders", body | {"amount_minor": 1000})
    assert (wrong.code, wrong.pointers) == ("invalid", ["#/lines"])
    desk.change(Payment, payment, captured_minor=1000)
    assert erp.post("/orders", sent | {"amount_minor": 60000}).pointers == ["#/amount_minor"]
