"""The pages of settling: form, proposal, and the second person's word."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from tests.desk import Desk
from tests.webapp.visitor import Visitor
from webapp.domain.operations import OperationState
from webapp.domain.permissions import Role


def in_review(desk: Desk) -> uuid.UUID:
    desk.emulator.fault("wrong_amount", call="refund", times=1)
    operation = desk.ask(desk.payment(3300, order_number="10023"), 1000)
    for _ in range(2):
        desk.make_due(operation)
        desk.run(operation)
    assert desk.operation(operation).state is OperationState.REVIEW
    return operation


def fill(**changes: str) -> dict[str, str]:
    values = {"settle_as": "not_done", "provider_ref": "pay-1", "evidence": "No refund on the page, 21 Nov"}
    return values | changes


def test_two_owners_settle_and_the_page_tells_what_became_of_it(desk: Desk, visitor_as: Callable[..., Visitor]) -> None:
    operation = in_review(desk)
    first, second = visitor_as(Role.OWNER, name="Odile"), visitor_as(Role.OWNER, name="Pia")
    assert first.get("/review").link(f"/operations/{operation}/settle") == "Decide about order 10023"
    form = first.get(f"/operations/{operation}/settle")
    kept = first.submit(form, "/settle", **fill())
    assert "takes effect when a second person confirms it" in kept.words
    assert not kept.has_form("/confirm")
    page = second.get(f"/operations/{operation}/settle")
    assert "Proposal of Odile" in page.words
    assert "No refund on the page, 21 Nov" in page.words
    result = second.submit(page, "/confirm")
    assert result.h1 == "¥1,000 was not refunded"
    assert "Two people looked at the provider's own pages" in result.words


def test_what_is_missing_is_named_and_what_was_typed_is_kept(desk: Desk, visitor_as: Callable[..., Visitor]) -> None:
    operation = in_review(desk)
    first = visitor_as(Role.OWNER)
    form = first.get(f"/operations/{operation}/settle")
    page = first.submit(form, "/settle", evidence="Seen", provider_ref="")
    assert page.status == 422
    assert page.field_errors == ["Choose what became of it", "Enter the provider's reference"]
    assert page.the_form("/settle").values["evidence"] == "Seen"


def test_the_first_person_is_told_to_wait_for_the_second(desk: Desk, visitor_as: Callable[..., Visitor]) -> None:
    operation = in_review(desk)
    first = visitor_as(Role.OWNER)
    page = first.submit(first.get(f"/operations/{operation}/settle"), "/settle", **fill())
    assert "You are alone in this shop, so you can confirm 24 hours after the proposal." in page.words
    visitor_as(Role.OWNER)
    refused = first.submit(page, "/confirm")
    assert "A second person has to confirm. You made the proposal." in refused.words
    assert desk.operation(operation).state is OperationState.REVIEW


def test_a_merchant_sees_the_queue_and_who_can_decide(
    desk: Desk, merchant: Visitor, visitor_as: Callable[..., Visitor]
) -> None:
    operation = in_review(desk)
    visitor_as(Role.OWNER, name="Odile")
    assert "Refund of ¥1,000, order 10023" in merchant.get("/review").words
    page = merchant.get(f"/operations/{operation}/settle")
    assert page.status == 403
    assert "Odile" in page.words
