"""Captures and refunds by order lines over the API at Klarna and Svea: named by id or reference, amounts must agree."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from tests import klarna_desk, svea_desk
from tests.desk import Desk
from tests.providers.klarna.samples import KETTLE, MUGS
from tests.webapp.api.caller import Caller, Said
from tests.webapp.services.operations.test_svea_wishes import finish
from webapp.domain.operations import OperationState
from webapp.models import Operation, Payment
from webapp.services.operations import kept_lines
from webapp.services.unit_of_work import in_transaction

ONE_MUG = {"line": "SKU-2", "quantity": "1"}
BODY: dict[str, Any] = {"lines": [{"line": "SKU-1"}, ONE_MUG]}


def at_klarna(desk: Desk) -> uuid.UUID:
    """A kettle for 500 and two mugs for 124.50 kronor each."""
    return klarna_desk.order(klarna_desk.use_klarna(desk), 74900, settled=False, lines=[KETTLE, MUGS])


def at_svea(desk: Desk) -> uuid.UUID:
    """A kettle for 500 and three mugs for 100 kronor each."""
    return svea_desk.basket(svea_desk.use_svea(desk))


def operations() -> list[Operation]:
    return in_transaction(lambda tx: list(tx.scalars(select(Operation).order_by(Operation.created_at))))


def capture(erp: Caller, payment_id: uuid.UUID, body: Any, key: str = "capture-1") -> Said:
    return erp.post(f"/payments/{payment_id}/captures", body, key)


def lines_of(erp: Caller, desk: Desk, payment_id: uuid.UUID, kind: str = "capture") -> list[dict[str, Any]]:
    order = erp.get(f"/orders/{desk.row(payment_id).order_id}").json
    (found,) = [each["lines"] for each in order["payments"][0]["actions"] if each["kind"] == kind]
    return list(found)


@pytest.mark.parametrize(("place", "one_mug"), [(at_klarna, 12450), (at_svea, 10000)])
def test_chosen_pieces_are_captured_and_the_rest_stays(
    erp: Caller, desk: Desk, place: Callable[[Desk], uuid.UUID], one_mug: int
) -> None:
    payment = place(desk)
    kettle, mugs = lines_of(erp, desk, payment)
    assert (kettle["name"], kettle["total_minor"], mugs["reference"]) == ("Kettle", 50000, "SKU-2")
    body = {"lines": [{"line": kettle["id"], "quantity": "1"}, ONE_MUG], "amount_minor": 50000 + one_mug}
    said = capture(erp, payment, body | {"currency": "SEK"})
    assert said.status == 202, said.json
    (told,) = said.json["operations"]
    assert (told["kind"], told["amount_minor"]) == ("capture", 50000 + one_mug)
    assert [(each["name"], each["quantity"], each["total_minor"]) for each in told["lines"]] == [
        ("Kettle", "1", 50000),
        ("Mug", "1", one_mug),
    ]
    assert finish(desk, operations()[0].id).state is OperationState.SUCCEEDED
    (left,) = lines_of(erp, desk, payment)
    assert (left["id"], left["name"]) == (mugs["id"], "Mug")
    assert int(left["quantity"]) == int(mugs["quantity"]) - 1
    assert desk.row(payment).captured_minor == 50000 + one_mug
    desk.assert_books_are_whole()


@pytest.mark.parametrize(("place", "one_mug"), [(at_klarna, 12450), (at_svea, 10000)])
def test_chosen_pieces_of_what_was_captured_are_given_back(
    erp: Caller, desk: Desk, place: Callable[[Desk], uuid.UUID], one_mug: int
) -> None:
    payment = place(desk)
    assert lines_of(erp, desk, payment, "refund") == []
    assert capture(erp, payment, {}).status == 202
    assert finish(desk, operations()[0].id).state is OperationState.SUCCEEDED
    kettle, mugs = lines_of(erp, desk, payment, "refund")
    body = {"lines": [ONE_MUG], "reason": "returned"}
    said = erp.post(f"/payments/{payment}/refunds", body, "refund-1")
    assert said.status == 202, said.json
    told = said.json["operations"][0]
    assert (told["amount_minor"], told["lines"][0]["quantity"]) == (one_mug, "1")
    assert finish(desk, operations()[1].id).state is OperationState.SUCCEEDED
    assert desk.row(payment).refunded_minor == one_mug
    left = {each["id"]: each["quantity"] for each in lines_of(erp, desk, payment, "refund")}
    assert left == {kettle["id"]: "1", mugs["id"]: str(int(mugs["quantity"]) - 1)}
    too_many = erp.post(
        f"/payments/{payment}/refunds", {"lines": [ONE_MUG | {"quantity": "3"}], "reason": "returned"}, "refund-2"
    )
    assert (too_many.status, too_many.pointers) == (422, ["#/lines/0/quantity"])
    desk.assert_books_are_whole()


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"lines": [{"line": "SKU-9"}]}, "#/lines/0/line"),
        ({"lines": [{"line": "SKU-1"}, {"line": "SKU-1"}]}, "#/lines/1/line"),
        ({"lines": [{"line": "SKU-2", "quantity": "4"}]}, "#/lines/0/quantity"),
        ({"lines": [{"line": "SKU-2", "quantity": "0"}]}, "#/lines/0/quantity"),
        ({"lines": [{"line": "SKU-2", "quantity": "1.5"}]}, "#/lines/0/quantity"),
        ({"lines": [{"line": "SKU-2", "quantity": "1.555"}]}, "#/lines/0/quantity"),
        ({"lines": [{"line": "SKU-2", "quantity": 1}]}, "#/lines/0/quantity"),
        ({"lines": [{"line": "SKU-2", "amount": 1}]}, "#/lines/0/amount"),
        ({"lines": [{"quantity": "1"}]}, "#/lines/0/line"),
        ({"lines": []}, "#/lines"),
        (BODY | {"amount_minor": 60000}, "#/currency"),
        (BODY | {"amount_minor": 59999, "currency": "SEK"}, "#/lines"),
        (BODY | {"currency": "EUR"}, "#/currency"),
    ],
)
def test_what_is_wrong_is_pointed_at_and_nothing_is_filed(
    erp: Caller, desk: Desk, body: dict[str, Any], pointer: str
) -> None:
    said = capture(erp, at_svea(desk), body)
    assert (said.status, said.code, said.pointers) == (422, "invalid", [pointer])
    assert operations() == []


def test_lines_that_do_not_come_to_the_amount_say_to_what_they_come(erp: Caller, desk: Desk) -> None:
    said = capture(erp, at_klarna(desk), BODY | {"amount_minor": 62000, "currency": "SEK"})
    assert said.errors == [{"pointer": "#/lines", "detail": "come to 62450 and not to 62000 (minor units)"}]


def test_R15_the_same_key_gives_the_stored_answer_also_when_the_lines_are_gone(erp: Caller, desk: Desk) -> None:
    payment = at_svea(desk)
    first = capture(erp, payment, BODY)
    assert finish(desk, operations()[0].id).state is OperationState.SUCCEEDED
    again = capture(erp, payment, BODY)
    assert (again.json, again.headers["Idempotent-Replayed"]) == (first.json, "true")
    assert capture(erp, payment, {"lines": [ONE_MUG]}).code == "key_reused"
    desk.raw("delete from api_answers")
    assert capture(erp, payment, BODY).json["operations"][0]["id"] == first.json["operations"][0]["id"]
    desk.raw("delete from api_answers")
    for other in ({"lines": [ONE_MUG]}, {"lines": [{"line": "SKU-7"}]}, {"amount_minor": 60000, "currency": "SEK"}):
        assert capture(erp, payment, other).code == "key_reused"
        desk.raw("delete from api_answers")
    assert len(operations()) == 1


def test_what_is_promised_to_others_cannot_be_chosen_again(erp: Caller, desk: Desk) -> None:
    payment = at_klarna(desk)
    desk.change(Payment, payment, capture_reserved_minor=30000)
    said = capture(erp, payment, {"lines": [{"line": "SKU-1"}]})
    assert (said.status, said.code, said.pointers) == (422, "not_enough", ["#/lines"])
    assert said.json["available_minor"] == 44900


def test_a_payment_without_lines_says_so_and_a_captured_one_says_that(erp: Caller, desk: Desk) -> None:
    held, captured = desk.payment(3300, capture="manual"), desk.payment(3300)
    assert lines_of(erp, desk, held) == []
    said = capture(erp, held, {"lines": [{"line": "SKU-1"}]})
    assert (said.status, said.pointers) == (422, ["#/lines"])
    over = capture(erp, captured, {"lines": [{"line": "SKU-1"}]}, "capture-2")
    assert (over.status, over.code, over.json["reason"]) == (409, "not_available", "already_captured")


def test_svea_needs_lines_for_a_part_and_is_told_the_rows_R4(erp: Caller, desk: Desk) -> None:
    payment = at_svea(desk)
    missing = capture(erp, payment, {"amount_minor": 60000, "currency": "SEK"}, "a")
    assert (missing.status, missing.json["reason"], missing.pointers) == (409, "lines_needed", ["#/lines"])
    assert capture(erp, payment, BODY, "b").status == 202
    rows = [(line.provider_line_ref, line.total_minor) for line in kept_lines.load(operations()[0].lines)]
    assert rows == [("1", 50000), ("2", 10000)]
