"""Settling by two people (money-safety section 3, `review -> terminal or queued`), on both databases."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from sqlalchemy import select

from providers.kinds import OperationKind
from tests import factories
from tests.desk import Desk
from webapp.domain.operations import OperationState
from webapp.domain.permissions import Role
from webapp.models import AuditEntry, LedgerMovement, Operation, SettleAs, Settlement, Via
from webapp.services import runtime
from webapp.services.audit import Actor
from webapp.services.errors import NotFound, RuleBroken
from webapp.services.operations.settling import Proposal, confirm, find_open, propose
from webapp.services.unit_of_work import in_transaction


def in_review(desk: Desk, amount_minor: int = 1000) -> uuid.UUID:
    """A refund that timed out, was never made, and whose one fresh send shows nothing either."""
    operation = desk.ask(desk.payment(3300), amount_minor)

    def work(tx: Any) -> None:
        row = tx.get_one(Operation, operation)
        row.state, row.due_at, row.in_doubt = OperationState.REVIEW, None, True

    in_transaction(work)
    return operation


def owner(desk: Desk) -> Actor:
    return Actor(factories.user(desk.shop_id, Role.OWNER).id, Via.WEB)


def proposed(desk: Desk, operation: uuid.UUID, actor: Actor, settle_as: SettleAs, **more: Any) -> uuid.UUID:
    values: dict[str, Any] = {"provider_ref": "ref-1", "evidence": "Seen on the refunds page"}
    return propose(
        Proposal(actor=actor, operation_id=operation, shop_ids=[desk.shop_id], settle_as=settle_as, **(values | more))
    )


def test_carried_out_is_booked_under_the_providers_reference_once_a_second_person_confirms(desk: Desk) -> None:
    operation, first, second = in_review(desk), owner(desk), owner(desk)
    settlement = proposed(desk, operation, first, SettleAs.DONE, provider_ref="refund-77")
    assert desk.operation(operation).state is OperationState.REVIEW
    confirm(operation, settlement, [desk.shop_id], second)
    assert desk.operation(operation).state is OperationState.SUCCEEDED
    row = desk.row(desk.operation(operation).payment_id)
    assert (row.refunded_minor, row.refund_reserved_minor) == (1000, 0)
    closed = in_transaction(lambda tx: tx.get_one(Settlement, settlement))
    assert (closed.confirmed_by, closed.closed_at is not None) == (second.user_id, True)
    actions = in_transaction(
        lambda tx: list(tx.scalars(select(AuditEntry.action).where(AuditEntry.subject_id == operation)))
    )
    assert actions[-2:] == ["operation.settlement_proposed", "operation.succeeded"]


def test_where_only_sums_are_shown_a_refund_must_have_been_read_before_it_is_settled_I9(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next growth of the sum would bring it a second time."""
    real = runtime.current().providers.capabilities("komoju")
    summing = type("Summing", (type(real),), {"keeps_reference": lambda _self, _kind: False})()
    monkeypatch.setattr(runtime.current().providers, "capabilities", lambda _provider: summing)
    operation = in_review(desk)
    with pytest.raises(RuleBroken, match="not_in_books"):
        proposed(desk, operation, owner(desk), SettleAs.DONE, provider_ref="refund-77")
    assert desk.operation(operation).state is OperationState.REVIEW


def test_not_carried_out_frees_the_money_I3(desk: Desk) -> None:
    operation = in_review(desk)
    settlement = proposed(desk, operation, owner(desk), SettleAs.NOT_DONE)
    confirm(operation, settlement, [desk.shop_id], owner(desk))
    ended = desk.operation(operation)
    assert (ended.state, ended.provider_code) == (OperationState.REJECTED, "settled")
    assert desk.row(ended.payment_id).refund_reserved_minor == 0
    desk.assert_books_are_whole()


def test_sent_once_more_it_goes_out_under_a_new_key_R14(desk: Desk) -> None:
    operation = in_review(desk)
    key = desk.operation(operation).key
    settlement = proposed(desk, operation, owner(desk), SettleAs.SEND_AGAIN)
    confirm(operation, settlement, [desk.shop_id], owner(desk))
    assert desk.operation(operation).state is OperationState.QUEUED
    assert desk.operation(operation).key != key
    desk.run(operation)
    assert desk.operation(operation).state is OperationState.SUCCEEDED
    assert len(desk.effects(desk.operation(operation).payment_id)) == 1
    desk.assert_books_are_whole()


def test_the_first_person_cannot_be_the_second(desk: Desk) -> None:
    operation, first = in_review(desk), owner(desk)
    owner(desk)
    settlement = proposed(desk, operation, first, SettleAs.NOT_DONE)
    desk.later(hours=30)
    with pytest.raises(RuleBroken, match="second_person"):
        confirm(operation, settlement, [desk.shop_id], first)
    assert desk.operation(operation).state is OperationState.REVIEW


def test_an_owner_who_is_alone_confirms_after_24_hours(desk: Desk) -> None:
    operation, alone = in_review(desk), owner(desk)
    settlement = proposed(desk, operation, alone, SettleAs.NOT_DONE)
    with pytest.raises(RuleBroken, match="wait_24_hours"):
        confirm(operation, settlement, [desk.shop_id], alone)
    desk.later(hours=24, minutes=1)
    confirm(operation, settlement, [desk.shop_id], alone)
    assert desk.operation(operation).state is OperationState.REJECTED


def test_a_later_proposal_takes_the_place_of_the_first_which_nobody_can_confirm_any_more(desk: Desk) -> None:
    operation, second = in_review(desk), owner(desk)
    old = proposed(desk, operation, owner(desk), SettleAs.DONE)
    new = proposed(desk, operation, second, SettleAs.NOT_DONE)
    with pytest.raises(RuleBroken, match="proposal_changed"):
        confirm(operation, old, [desk.shop_id], second)
    waiting = in_transaction(lambda tx: find_open(tx, operation))
    assert waiting is not None
    assert waiting.id == new


def test_evidence_reference_state_and_shop_are_checked(desk: Desk) -> None:
    operation, first = in_review(desk), owner(desk)
    for field, code in (("evidence", "evidence_missing"), ("provider_ref", "reference_missing")):
        with pytest.raises(RuleBroken, match=code):
            proposed(desk, operation, first, SettleAs.NOT_DONE, **{field: "  "})
    with pytest.raises(NotFound):
        propose(Proposal(first, operation, [uuid.uuid4()], SettleAs.NOT_DONE, "r", "e"))
    queued = desk.ask(desk.payment(500), 100)
    with pytest.raises(RuleBroken, match="nothing_to_settle"):
        proposed(desk, queued, first, SettleAs.NOT_DONE)


def test_a_reference_of_another_operation_is_refused_I9(desk: Desk) -> None:
    done = desk.ask(desk.payment(3300), 500)
    desk.run(done)
    query = select(LedgerMovement.provider_movement_id).where(LedgerMovement.operation_id == done)
    refund_ref = in_transaction(lambda tx: tx.execute(query).scalar_one())
    with pytest.raises(RuleBroken, match="reference_taken"):
        proposed(desk, in_review(desk), owner(desk), SettleAs.DONE, provider_ref=refund_ref)


def test_a_cancel_is_only_settled_as_done_by_what_the_books_show(desk: Desk) -> None:
    operation = desk.ask(desk.payment(5000, capture="manual"), kind=OperationKind.CANCEL)

    def work(tx: Any) -> None:
        tx.get_one(Operation, operation).state = OperationState.REVIEW

    in_transaction(work)
    with pytest.raises(RuleBroken, match="not_in_books"):
        proposed(desk, operation, owner(desk), SettleAs.DONE, provider_ref="whatever")
