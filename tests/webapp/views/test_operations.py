"""The result page through every stage with the real engine and the emulator; stop, ask, and the queues."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import select

from tests.desk import Desk
from tests.webapp.visitor import Seen, Visitor
from webapp.domain.operations import OperationState
from webapp.domain.permissions import Role
from webapp.models import AuditEntry
from webapp.services.unit_of_work import in_transaction


def result(visitor: Visitor, operation: uuid.UUID) -> Seen:
    return visitor.get(f"/operations/{operation}")


def audit_actions(operation: uuid.UUID) -> list[str]:
    query = select(AuditEntry.action).where(AuditEntry.subject_id == operation).order_by(AuditEntry.number)
    return in_transaction(lambda tx: list(tx.scalars(query)))


def test_planned_can_be_stopped_and_then_nothing_is_sent(desk: Desk, merchant: Visitor) -> None:
    payment = desk.payment(3300)
    operation = desk.ask(payment, 1000, stop_window=timedelta(minutes=10))
    page = result(merchant, operation)
    assert page.h1 == "Refund of ¥1,000 is planned"
    assert "Nothing has been sent to KOMOJU yet." in page.words
    page = merchant.submit(page, "/stop")
    assert page.h1 == "Refund of ¥1,000 was stopped"
    assert desk.operation(operation).state is OperationState.WITHDRAWN
    assert desk.row(payment).refund_reserved_minor == 0
    assert not desk.run(operation)
    assert desk.effects(payment) == []
    assert "every" not in page.html.split('id="result"')[1].split(">")[0]


def test_being_sent_looks_again_by_itself_and_says_so_politely(desk: Desk, merchant: Visitor) -> None:
    page = result(merchant, desk.ask(desk.payment(3300), 1000))
    assert page.h1 == "Refund of ¥1,000 is on its way"
    assert 'hx-trigger="every 2s"' in page.html
    assert 'aria-live="polite"' in page.html
    assert "successfully" not in page.words.lower()


def test_the_part_that_refreshes_is_the_block_alone_and_keeps_no_session_alive(desk: Desk, merchant: Visitor) -> None:
    operation = desk.ask(desk.payment(3300), 1000)
    headers = {"HX-Request": "true", "X-Background": "1"}
    part = Seen(merchant.client.get(f"/operations/{operation}", headers=headers))
    assert "<html" not in part.html
    assert part.html.lstrip().startswith('<div id="result"')
    assert part.response.headers["Vary"].count("HX-Request") == 1


def test_done_names_when_the_customer_sees_it_and_has_a_text_in_the_orders_language(
    desk: Desk, merchant: Visitor
) -> None:
    operation = desk.ask(desk.payment(3300, order_number="10023"), 1000, comment="Box was wet")
    desk.run(operation)
    page = result(merchant, operation)
    assert page.h1 == "¥1,000 is refunded"
    assert "On the card statement within 5 to 10 days" in page.words
    assert 'lang="ja"' in page.html
    assert "Box was wet" in page.words
    assert "hx-trigger" not in page.html.split('id="result"')[1].split(">")[0]


def test_not_done_says_why_in_our_words_and_keeps_the_code_in_the_details(desk: Desk, merchant: Visitor) -> None:
    desk.emulator.fault("error_before", call="refund", status=404, times=1)
    operation = desk.ask(desk.payment(3300), 1000)
    desk.run(operation)
    page = result(merchant, operation)
    assert page.h1 == "¥1,000 was not refunded"
    assert "The provider does not know this payment under our keys." in page.words
    assert "not_found" in page.html
    assert "No money moved" in page.words


def test_unknown_shows_what_was_sent_and_offers_to_ask_never_to_try_again(desk: Desk, merchant: Visitor) -> None:
    desk.emulator.fault("timeout_after", call="refund", times=1, seconds=0.05)
    payment = desk.payment(3300)
    operation = desk.ask(payment, 1000)
    desk.run(operation)
    page = result(merchant, operation)
    assert page.h1 == "We do not know yet whether ¥1,000 was refunded"
    assert desk.operation(operation).key in page.words
    assert [each.text for each in page.buttons("/ask")] == ["Ask the provider"]
    assert "try again" not in page.words.lower()
    page = merchant.submit(page, "/ask")
    assert "The provider is being asked." in page.words
    assert "The provider was asked a moment ago." in merchant.submit(page, "/ask").words
    desk.run(operation)
    assert result(merchant, operation).h1 == "¥1,000 is refunded"
    assert len(desk.effects(payment)) == 1
    assert audit_actions(operation).count("operation.asked") == 1
    desk.assert_books_are_whole()


def test_a_provider_that_is_down_is_told_as_nothing_sent_yet(desk: Desk, merchant: Visitor) -> None:
    desk.emulator.fault("rate_limited", call="refund", times=1)
    operation = desk.ask(desk.payment(3300), 1000)
    desk.run(operation)
    assert desk.operation(operation).state is OperationState.QUEUED
    page = result(merchant, operation)
    assert page.h1 == "Refund of ¥1,000 is planned"
    assert "Nothing has been sent yet. It is tried again by itself." in page.words
    assert "It will be sent" in page.words


def test_too_late_to_stop_is_told_and_changes_nothing(desk: Desk, merchant: Visitor) -> None:
    operation = desk.ask(desk.payment(3300), 1000)
    page = result(merchant, operation)
    desk.run(operation)
    page = merchant.submit(page, "/stop")
    assert "It is too late to stop it" in page.words
    assert page.h1 == "¥1,000 is refunded"


def test_support_stops_only_what_it_asked_for_itself(
    desk: Desk, merchant: Visitor, visitor_as: Callable[..., Visitor]
) -> None:
    operation = desk.ask(desk.payment(3300), 1000, stop_window=timedelta(minutes=10))
    support = visitor_as(Role.SUPPORT)
    assert not result(support, operation).has_form("/stop")
    page = support.submit(result(merchant, operation), "/stop", csrf_token=support.token())
    assert "Somebody else asked for it." in page.words
    assert desk.operation(operation).state is OperationState.QUEUED


def test_a_viewer_sees_and_does_nothing(desk: Desk, visitor_as: Callable[..., Visitor]) -> None:
    desk.emulator.fault("timeout_after", call="refund", times=1, seconds=0.05)
    operation = desk.ask(desk.payment(3300), 1000)
    desk.run(operation)
    viewer = visitor_as(Role.VIEWER)
    page = result(viewer, operation)
    assert not page.has_form("/ask")
    for action in ("ask", "stop"):
        refused = viewer.post(f"/operations/{operation}/{action}", {"csrf_token": viewer.token()})
        assert refused.status == 403
        assert "Ana" in refused.words


def test_the_queue_of_unknowns_tells_what_was_sent_and_asks(desk: Desk, merchant: Visitor) -> None:
    assert "Every result is known" in merchant.get("/unknown").words
    desk.emulator.fault("timeout_after", call="refund", times=1, seconds=0.05)
    operation = desk.ask(desk.payment(3300, order_number="10023"), 1000)
    desk.run(operation)
    page = merchant.get("/unknown")
    assert "Refund of ¥1,000, order 10023" in page.words
    assert desk.operation(operation).key in page.words
    assert [each.text for each in page.buttons("/ask")] == ["Ask the provider about order 10023"]
    assert "The provider is being asked." in merchant.submit(page, "/ask").words


def test_another_amount_than_asked_needs_a_decision_and_is_in_that_queue_R5(desk: Desk, merchant: Visitor) -> None:
    desk.emulator.fault("wrong_amount", call="refund", times=1)
    operation = desk.ask(desk.payment(3300, order_number="10023"), 1000)
    desk.run(operation)
    desk.make_due(operation)
    desk.run(operation)
    assert desk.operation(operation).state is OperationState.REVIEW
    page = merchant.get("/review")
    assert "Refund of ¥1,000, order 10023" in page.words
    assert "try again" not in page.words.lower()
    page = result(merchant, operation)
    assert page.h1 == "We do not know yet whether ¥1,000 was refunded"
    assert not page.has_form("/ask")


def test_an_operation_of_another_shop_is_not_there_I18(desk: Desk, merchant: Visitor) -> None:
    assert result(merchant, uuid.uuid4()).status == 404
    assert merchant.post(f"/operations/{uuid.uuid4()}/stop", {"csrf_token": merchant.token()}).status == 404
