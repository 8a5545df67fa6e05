"""Cancel or refund of an order over the API: one request, all its payments or none, each operation its own fate."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Flask

from providers.kinds import OperationKind
from tests import factories
from tests.desk import Desk
from tests.klarna_desk import order, use_klarna
from tests.webapp.api.caller import Caller, Said, make_key
from tests.webapp.api.test_payments import operations
from webapp.domain.permissions import Permission
from webapp.models import Payment
from webapp.services.payments.reading import read_payment

K = OperationKind
WHY = {"reason": "returned", "comment": "never sent"}


def undo(erp: Caller, order_id: uuid.UUID, body: Any = WHY, key: str = "undo-1") -> Said:
    return erp.post(f"/orders/{order_id}/cancel-or-refund", body, key)


def two_payments(desk: Desk) -> uuid.UUID:
    """An order with a captured payment and one that is only reserved."""
    first = desk.payment(3300, order_number="10023")
    desk.payment(2200, order_number="10023", capture="manual")
    return desk.row(first).order_id


def test_each_payment_is_released_or_refunded_and_the_list_tells_of_all(erp: Caller, desk: Desk) -> None:
    said = undo(erp, two_payments(desk))
    assert said.status == 202
    told = {(one["kind"], one["amount_minor"], one["idempotency_key"]) for one in said.json["operations"]}
    assert told == {("refund", 3300, "undo-1"), ("cancel", 2200, "undo-1")}
    for one in said.json["operations"]:
        desk.run(uuid.UUID(one["id"]))
        assert erp.get(one["url"].partition("/api/v1")[2]).json["stage"] == "done"
    desk.assert_books_are_whole()


def test_a_part_captured_payment_makes_two_operations_in_order_R6(erp: Caller, desk: Desk) -> None:
    use_klarna(desk)
    payment = order(desk, 1000)
    desk.emulator.portal(desk.row(payment).provider_ref, "capture", provider="klarna", amount_minor=400)
    read_payment(payment)
    said = undo(erp, desk.row(payment).order_id)
    assert [(one["kind"], one["amount_minor"]) for one in said.json["operations"]] == [("cancel", 600), ("refund", 400)]
    assert said.headers["Location"] == said.json["operations"][0]["url"]


def test_R15_the_same_key_finds_the_first_operations_also_without_a_stored_answer(erp: Caller, desk: Desk) -> None:
    order_id = two_payments(desk)
    first = undo(erp, order_id)
    assert undo(erp, order_id).headers["Idempotent-Replayed"] == "true"
    desk.raw("delete from api_answers")
    desk.payment(500, order_number="10023")
    later = undo(erp, order_id)
    ids = [{one["id"] for one in said.json["operations"]} for said in (first, later)]
    assert ids[0] == ids[1], "a payment that came later is not touched by a repeat"
    desk.raw("delete from api_answers")
    assert undo(erp, order_id, {"reason": "other", "comment": "x"}).code == "key_reused"
    desk.raw("delete from api_answers")
    elsewhere = desk.row(desk.payment(700, order_number="10024")).order_id
    assert undo(erp, elsewhere).code == "key_reused"
    assert len(operations()) == 2


def test_where_one_payment_cannot_be_undone_nothing_is_done(erp: Caller, desk: Desk) -> None:
    order_id = two_payments(desk)
    frozen = desk.payment(1100, order_number="10023")
    desk.change(Payment, frozen, frozen_at=factories.LONG_AGO, frozen_reason="difference")
    assert undo(erp, order_id).code == "frozen"
    assert operations() == []
    desk.change(Payment, frozen, frozen_at=None, frozen_reason=None)
    assert undo(erp, order_id, {}, "undo-2").pointers == ["#/reason"]
    assert undo(erp, order_id, {"reason": "nonsense"}, "undo-3").pointers == ["#/reason"]
    assert operations() == []


def test_what_is_undone_already_is_told_with_its_reason(erp: Caller, desk: Desk) -> None:
    payment = desk.payment(3300)
    order_id = desk.row(payment).order_id
    desk.run(uuid.UUID(undo(erp, order_id).json["operations"][0]["id"]))
    said = undo(erp, order_id, key="undo-2")
    assert (said.status, said.code, said.json["reason"]) == (409, "not_available", "nothing_left")


def test_it_needs_both_rights(desk_app: Flask, desk: Desk) -> None:
    order_id = two_payments(desk)
    for right, missing in ((Permission.CANCEL, "refund"), (Permission.REFUND, "cancel")):
        said = undo(Caller(desk_app, make_key({desk.shop_id}, rights=[Permission.VIEW, right])[1]), order_id)
        assert said.code == "no_right"
        assert missing in said.json["detail"]
    assert operations() == []
