"""Money over the API: each wish once, whatever is repeated, and every refusal says which field is at fault."""

from __future__ import annotations

import threading
import uuid
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from providers.kinds import OperationKind
from tests import factories
from tests.desk import Desk
from tests.webapp.api.caller import Caller, Said, make_key
from webapp.domain.operations import OperationState
from webapp.models import ApiAnswer, AuditEntry, Operation, Payment, Via
from webapp.services import runtime
from webapp.services.api import once
from webapp.services.jobs import upkeep
from webapp.services.kill_points import KillPoint, observe
from webapp.services.unit_of_work import in_transaction

PART = {"amount_minor": 1100, "currency": "JPY", "reason": "returned"}


def operations() -> list[Operation]:
    return in_transaction(lambda tx: list(tx.scalars(select(Operation).order_by(Operation.created_at))))


def refund(erp: Caller, payment_id: uuid.UUID, body: object = PART, key: str | None = "refund-1") -> Said:
    return erp.post(f"/payments/{payment_id}/refunds", body, key)


def test_a_refund_is_taken_sent_and_told_of(erp: Caller, desk: Desk) -> None:
    payment = desk.payment(3300, order_number="10023")
    said = refund(erp, payment, PART | {"comment": "card 4111 1111 1111 1111 seen"})
    assert said.status == 202
    told = said.json["operations"][0]
    assert (told["kind"], told["amount_minor"], told["currency"]) == ("refund", 1100, "JPY")
    assert (told["order_number"], told["shop"], told["reason"]) == ("10023", "tea", "returned")
    assert (told["idempotency_key"], told["is_over"]) == ("refund-1", False)
    assert "4111" not in told["comment"]
    assert said.headers["Location"] == told["url"]
    row = operations()[0]
    assert (row.requested_via, row.requested_by, row.client_key) == (Via.API, None, "refund-1")
    desk.run(row.id)
    later = erp.get(told["url"].partition("/api/v1")[2])
    assert (later.json["stage"], later.json["state"], later.json["is_over"]) == ("done", "succeeded", True)
    assert [effect["amount_minor"] for effect in desk.effects(payment)] == [1100]
    desk.assert_books_are_whole()


def test_who_asked_stands_in_the_audit_and_at_the_operation_I17(erp: Caller, desk: Desk) -> None:
    refund(erp, desk.payment())
    row = operations()[0]
    entry = in_transaction(lambda tx: tx.scalars(select(AuditEntry).where(AuditEntry.subject_id == row.id)).one())
    assert (entry.actor_id, entry.via, entry.action) == (row.api_key_id, "api", "operation.filed")


def test_captures_and_cancellations_take_the_rest_without_a_body(erp: Caller, desk: Desk) -> None:
    held = {"capture": "manual"}
    captured, released = desk.payment(3300, **held), desk.payment(2200, **held)
    assert erp.call("POST", f"/payments/{captured}/captures", Idempotency_Key="a").status == 202
    assert erp.post(f"/payments/{released}/cancellations", {}, "a").status == 202
    made = {row.payment_id: (row.kind, row.amount_minor, row.whole_rest) for row in operations()}
    assert made == {
        captured: (OperationKind.CAPTURE, 3300, True),
        released: (OperationKind.CANCEL, 2200, True),
    }


def test_R15_the_same_key_and_body_give_the_stored_answer(erp: Caller, desk: Desk) -> None:
    payment = desk.payment()
    first, again = refund(erp, payment), refund(erp, payment)
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (again.status, again.json, again.headers["Location"]) == (202, first.json, first.headers["Location"])
    spaced = b'{ "reason": "returned",  "currency":"JPY", "amount_minor": 1100 }'
    assert refund(erp, payment, spaced).json == first.json, "the same wish, written in another way"
    assert refund(erp, payment, spaced, None).code == "idempotency_key_missing"
    assert len(operations()) == 1
    assert desk.row(payment).refund_reserved_minor == 1100


def test_R15_another_body_or_address_under_the_same_key_is_refused(erp: Caller, desk: Desk) -> None:
    payment, other = desk.payment(), desk.payment()
    refund(erp, payment)
    for said in (refund(erp, payment, PART | {"amount_minor": 1000}), refund(erp, other)):
        assert (said.status, said.code) == (422, "key_reused")
    assert len(operations()) == 1


def test_R15_a_key_counts_for_one_client_shop_and_route(erp: Caller, desk: Desk, desk_app: Flask) -> None:
    payment = desk.payment(3300)
    other = Caller(desk_app, make_key({desk.shop_id}, name="Till")[1])
    assert refund(erp, payment).status == refund(other, payment).status == 202
    held = desk.payment(3300, capture="manual")
    assert erp.post(f"/payments/{held}/captures", {}, "refund-1").status == 202
    assert len(operations()) == 3


def test_R15_a_refusal_is_an_answer_too_and_nothing_is_reserved(erp: Caller, desk: Desk) -> None:
    payment = desk.payment(3300)
    said = refund(erp, payment, PART | {"amount_minor": 3301})
    assert (said.status, said.code, said.pointers) == (422, "not_enough", ["#/amount_minor"])
    assert (said.json["available_minor"], said.json["currency"]) == (3300, "JPY")
    again = refund(erp, payment, PART | {"amount_minor": 3301})
    assert (again.json, again.headers["Idempotent-Replayed"]) == (said.json, "true")
    assert (operations(), desk.row(payment).refund_reserved_minor) == ([], 0)


def test_R15_a_request_that_runs_answers_409_and_is_taken_over_when_its_process_died(erp: Caller, desk: Desk) -> None:
    payment = desk.payment()
    refund(erp, payment)
    desk.raw("delete from operations", "update payments set refund_reserved_minor = 0")  # as before its deed
    desk.raw("update api_answers set status = null, body = null, location = null")
    said = refund(erp, payment)
    assert (said.status, said.code) == (409, "still_running")
    assert 0 < int(said.headers["Retry-After"]) <= 60
    assert operations() == []
    desk.clock.ahead += timedelta(seconds=61)
    assert refund(erp, payment).status == 202
    assert len(operations()) == 1
    fence = in_transaction(lambda tx: tx.execute(select(ApiAnswer.fence)).scalar_one())
    assert fence == 2


def test_R15_whoever_was_overtaken_keeps_nothing_of_what_it_did(erp: Caller, desk: Desk) -> None:
    payment = desk.payment()
    refund(erp, payment, key="warm-up")
    row = in_transaction(lambda tx: tx.scalars(select(ApiAnswer)).one())
    request = once.Request(row.key_id, row.shop_id, "refund", "slow", "digest")

    def deed(tx: object) -> once.Answer:
        with runtime.current().engine.connect() as other:
            if not desk.is_postgresql:
                return once.Answer(202, "{}")  # SQLite has one writer: nobody can overtake inside of it
            other.exec_driver_sql("update api_answers set fence = fence + 1 where client_key = 'slow'")
            other.commit()
        return once.Answer(202, "{}")

    if desk.is_postgresql:
        with pytest.raises(once.StillRunning):
            once.carry_out(request, deed)
    else:
        assert once.carry_out(request, deed) == (once.Answer(202, "{}"), False)


def test_R15_two_requests_at_once_are_one_operation(erp: Caller, desk: Desk, desk_app: Flask) -> None:
    payment = desk.payment(3300)
    start, answers = threading.Barrier(4), []

    def send() -> None:
        caller = Caller(desk_app, erp.token)
        start.wait()
        answers.append(refund(caller, payment))

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {said.status for said in answers} <= {202, 409}
    told = [said.json["operations"][0]["id"] for said in answers if said.status == 202]
    assert told
    assert set(told) == {str(row.id) for row in operations()}
    assert len(operations()) == 1
    assert refund(erp, payment).json["operations"][0]["id"] == told[0]
    assert desk.row(payment).refund_reserved_minor == 1100


def test_whoever_dies_around_the_commit_is_told_of_one_operation_K1_K2(erp: Caller, desk: Desk) -> None:
    payment = desk.payment()
    for point, made in ((KillPoint.BEFORE_CREATE_COMMIT, 0), (KillPoint.AFTER_CREATE_COMMIT, 1)):

        def die(reached: KillPoint, point: KillPoint = point) -> None:
            if reached is point:
                raise MemoryError

        observe(die)
        try:
            assert refund(erp, payment).code == "fault"
        finally:
            observe(None)
        assert len(operations()) == made
    again = refund(erp, payment)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert [str(row.id) for row in operations()] == [again.json["operations"][0]["id"]]


def test_R15_answers_are_kept_30_days_and_the_key_at_the_operation_for_ever(erp: Caller, desk: Desk) -> None:
    payment = desk.payment()
    first = refund(erp, payment)
    desk.clock.ahead += timedelta(days=29)
    upkeep.sweep_out()
    assert refund(erp, payment).headers["Idempotent-Replayed"] == "true"
    desk.clock.ahead += timedelta(days=2)
    upkeep.sweep_out()
    assert in_transaction(lambda tx: tx.scalars(select(ApiAnswer)).all()) == []
    assert refund(erp, payment, PART | {"amount_minor": 500}, "refund-1").code == "key_reused"
    desk.raw("delete from api_answers")
    later = refund(erp, payment)
    assert later.json["operations"][0]["id"] == first.json["operations"][0]["id"]
    assert len(operations()) == 1


def test_another_currency_or_an_amount_without_one_is_named_as_the_fault(erp: Caller, desk: Desk) -> None:
    payment = desk.payment()
    for body in (PART | {"currency": "EUR"}, {"amount_minor": 100, "reason": "returned"}):
        said = refund(erp, payment, body)
        assert (said.status, said.code, said.pointers) == (422, "invalid", ["#/currency"])
    assert operations() == []


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (PART | {"amount_minor": 0}, "#/amount_minor"),
        (PART | {"amount_minor": -5}, "#/amount_minor"),
        (PART | {"amount_minor": 11.5}, "#/amount_minor"),
        (PART | {"amount_minor": "1100"}, "#/amount_minor"),
        (PART | {"amount_minor": True}, "#/amount_minor"),
        (PART | {"amount_minor": 10**15 + 1}, "#/amount_minor"),
        (PART | {"currency": "ZZZ"}, "#/currency"),
        (PART | {"reason": "nonsense"}, "#/reason"),
        ({"amount_minor": 1100, "currency": "JPY"}, "#/reason"),
        (PART | {"reason": "other"}, "#/comment"),
        (PART | {"comment": "x" * 1001}, "#/comment"),
        (PART | {"comment": "nul \x00"}, "#/comment"),
        (PART | {"ammount": 5}, "#/ammount"),
        (PART | {"bank_details": {}}, "#/bank_details/customer_name"),
        ([], "#"),
    ],
)
def test_every_field_at_fault_is_pointed_at(erp: Caller, desk: Desk, body: object, pointer: str) -> None:
    said = refund(erp, desk.payment(), body)
    assert said.status == 422
    assert pointer in said.pointers
    assert operations() == []


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b'{"reason": "returned", "amount_minor": 1, "amount_minor": 2, "currency": "JPY"}', 400),
        (b'{"reason": "returned", "amount_minor": NaN}', 400),
        (b"{", 400),
        (b"\xff", 400),
        (b"[" * 100_000, 400),
        (b'{"reason": "\\ud800"}', 400),
        (b'{"amount_minor": ' + b"9" * 5000 + b"}", 400),
    ],
)
def test_what_is_no_clean_json_is_refused_as_a_whole(erp: Caller, desk: Desk, raw: bytes, status: int) -> None:
    assert refund(erp, desk.payment(), raw).status == status
    assert operations() == []


def test_other_content_types_and_large_bodies_are_refused(erp: Caller, desk: Desk) -> None:
    path = f"/payments/{desk.payment()}/refunds"
    assert erp.post(path, b"a=1", "k", Content_Type="application/x-www-form-urlencoded").code == "not_json"
    assert erp.post(path, b" " * (1024 * 1024 + 1), "k").code == "too_large"


@pytest.mark.parametrize("key", ["", "x" * 256, "två", "a b"])
def test_a_key_that_cannot_be_kept_is_refused(erp: Caller, desk: Desk, key: str) -> None:
    said = refund(erp, desk.payment(), PART, key)
    assert said.status == 400
    assert operations() == []


def test_what_the_payment_forbids_is_told_with_its_reason(erp: Caller, desk: Desk) -> None:
    held = desk.payment(3300, capture="manual")
    said = refund(erp, held)
    assert (said.status, said.code, said.json["reason"]) == (409, "not_available", "nothing_captured")
    frozen = desk.payment()
    desk.change(Payment, frozen, frozen_at=factories.LONG_AGO, frozen_reason="difference")
    assert refund(erp, frozen, key="other").code == "frozen"


def test_what_a_revoked_key_asked_for_is_not_sent(erp: Caller, desk: Desk) -> None:
    payment = desk.payment()
    refund(erp, payment)
    row = operations()[0]
    desk.raw("update api_keys set revoked_at = '2026-11-22 00:00:00'")
    desk.run(row.id)
    after = desk.operation(row.id)
    assert (after.state, after.provider_code) == (OperationState.WITHDRAWN, "right_revoked")
    assert desk.effects(payment) == []
    assert desk.row(payment).refund_reserved_minor == 0
