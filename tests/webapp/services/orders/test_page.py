"""The order page's facts on both databases: sums, what is possible, outcomes, timeline, and what it costs."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import update

from providers.kinds import MovementKind, NotOffered, OperationKind
from providers.planning import WishKind
from tests import factories
from tests.desk import Desk
from tests.webapp.services.orders.conftest import NOON, Shelf
from webapp.domain.outcomes import OutcomeWord
from webapp.domain.payment_state import PaymentState
from webapp.models import Payment, Via
from webapp.services.errors import NotFound, RuleBroken
from webapp.services.orders.actions import Action, Hindrance
from webapp.services.orders.notes import LONGEST_NOTE, Noting, add_note
from webapp.services.orders.page import OrderFacts, get_order
from webapp.services.unit_of_work import in_transaction, reading

CAPTURE, CANCEL, REFUND = OperationKind.CAPTURE, OperationKind.CANCEL, OperationKind.REFUND


def show(desk: Desk, payment_id: uuid.UUID) -> OrderFacts:
    with reading() as tx:
        facts = get_order(tx, desk.row(payment_id).order_id, {desk.shop_id})
        tx.expunge_all()
        return facts


def action(facts: OrderFacts, kind: OperationKind | WishKind) -> Action:
    return next(each for each in facts.payments[0].actions if each.kind.value == kind.value)


def note(desk: Desk, order_id: uuid.UUID, text: str, **changes: Any) -> Noting:
    values: dict[str, Any] = {
        "actor": desk.actor,
        "author_id": desk.user_id,
        "shop_ids": {desk.shop_id},
        "order_id": order_id,
        "note_id": uuid.uuid4(),
        "text": text,
    }
    return Noting(**(values | changes))


def test_a_captured_payment_can_be_refunded_less_what_is_under_way(desk: Desk) -> None:
    payment_id = desk.payment(3300)
    desk.run(desk.ask(payment_id, 1000))
    desk.ask(payment_id, 300)
    facts = show(desk, payment_id)
    shown = facts.payments[0]
    assert shown.state is PaymentState.PART_REFUNDED
    assert (shown.sums.captured, shown.sums.refunded, shown.sums.under_way) == (3300, 1000, 300)
    assert action(facts, REFUND).available_minor == 3300 - 1000 - 300
    assert action(facts, CANCEL).why_not is NotOffered.ALREADY_CAPTURED
    assert (len(facts.under_way), facts.moves_soon) == (1, True)


def test_a_reserved_payment_can_be_cancelled_and_captured(desk: Desk) -> None:
    facts = show(desk, desk.payment(3300, capture="manual"))
    assert action(facts, CANCEL).available_minor == 3300
    assert action(facts, CAPTURE).possible
    assert action(facts, WishKind.CANCEL_OR_REFUND).available_minor == 3300
    assert action(facts, REFUND).why_not is NotOffered.NOTHING_CAPTURED


def test_a_frozen_payment_offers_nothing(desk: Desk) -> None:
    payment_id = desk.payment(3300)
    frozen = update(Payment).where(Payment.id == payment_id).values(frozen_at=NOON, frozen_reason="chargeback")
    in_transaction(lambda tx: tx.execute(frozen))
    facts = show(desk, payment_id)
    for kind in (REFUND, WishKind.CANCEL_OR_REFUND):
        assert action(facts, kind).why_not is Hindrance.FROZEN
    assert facts.payments[0].state is PaymentState.HELD


def test_what_is_promised_whole_is_said_to_be_under_way(desk: Desk) -> None:
    payment_id = desk.payment(3300)
    desk.ask(payment_id)
    for kind in (REFUND, WishKind.CANCEL_OR_REFUND):
        assert action(show(desk, payment_id), kind).why_not is Hindrance.UNDER_WAY


def test_the_outcomes_are_those_of_the_newest_operation_of_each_kind(desk: Desk) -> None:
    payment_id = desk.payment(3300)
    desk.run(desk.ask(payment_id, 1000))
    refunded = show(desk, payment_id).newest(REFUND)
    assert refunded is not None
    assert refunded.word is OutcomeWord.DONE
    assert show(desk, payment_id).newest(CANCEL) is None
    desk.emulator.fault("unauthorised", "refund")
    desk.run(desk.ask(payment_id, 500))
    newest = show(desk, payment_id).newest(REFUND)
    assert newest is not None
    assert newest.word is OutcomeWord.FAILED
    assert newest.was_put_back
    assert newest.next_at is not None


def test_the_timeline_names_people_and_tells_what_was_sent_and_what_came_from_outside(desk: Desk) -> None:
    payment_id = desk.payment(3300)
    desk.run(desk.ask(payment_id, 1000, comment="scratched"))
    desk.emulator.portal(desk.row(payment_id).provider_ref, "refund", amount_minor=200)
    desk.run(desk.ask(payment_id, 100))
    events = show(desk, payment_id).events
    told = [event.what for event in events]
    assert told.count("operation.filed") == 2
    assert told.count("attempt.sent") == 2
    assert told.count("operation.succeeded") == 2
    assert f"movement.{MovementKind.CAPTURE}" in told
    filed = next(event for event in events if event.what == "operation.filed")
    assert (filed.who, filed.via, filed.facts["amount_minor"]) == ("Ana", Via.WEB, 100)
    assert sorted((event.at for event in events), reverse=True) == [event.at for event in events]


def test_i18_an_order_of_another_shop_is_not_found(desk: Desk, shelf: Shelf) -> None:
    other = factories.shop("coffee")
    order = shelf.order("B1", other.id)
    with reading() as tx, pytest.raises(NotFound):
        get_order(tx, order.id, {desk.shop_id})
    with pytest.raises(NotFound):
        add_note(note(desk, order.id, "hello"))


def test_a_note_is_kept_once_with_its_author_and_without_card_numbers(desk: Desk, shelf: Shelf) -> None:
    order = shelf.order("A1")
    noting = note(desk, order.id, " Called: card 4111 1111 1111 1111, order 1234567890123 ")
    add_note(noting)
    add_note(noting)
    with reading() as tx:
        facts = get_order(tx, order.id, {desk.shop_id})
    assert [(line.text, line.by) for line in facts.notes] == [("Called: card •••• 1111, order 1234567890123", "Ana")]
    assert facts.events == []


@pytest.mark.parametrize(("text", "code"), [(" ", "note_missing"), ("x" * (LONGEST_NOTE + 1), "note_too_long")])
def test_an_empty_or_endless_note_is_refused(desk: Desk, shelf: Shelf, text: str, code: str) -> None:
    with pytest.raises(RuleBroken, match=code):
        add_note(note(desk, shelf.order("A1").id, text))


def test_the_page_costs_the_same_few_statements_however_much_happened(
    desk: Desk, statements: Callable[[], Any]
) -> None:
    payment_id = desk.payment(3300)
    for amount in (100, 200, 300):
        desk.run(desk.ask(payment_id, amount))
    order_id = desk.row(payment_id).order_id
    with reading() as tx, statements() as seen:
        get_order(tx, order_id, {desk.shop_id})
    assert len(seen) == 9
