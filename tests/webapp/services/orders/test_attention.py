"""Which orders need a look: every reason, in the list's order, each order once."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import pytest

from tests import factories
from tests.desk import Desk
from tests.webapp.services.orders.conftest import NOON, Shelf
from tests.webapp.services.orders.test_listing import look, numbers
from tests.webapp.services.status_actions.actions_desk import give, table
from webapp.domain.operations import OperationState
from webapp.domain.status_actions import StatusAct
from webapp.models import Mode, Order, Payment
from webapp.services.orders import listing


def refused(desk: Desk, number: str, ordered_at: datetime, given_back: int = 3300) -> uuid.UUID:
    """A payment of an order of that moment whose refund was refused: the portal had given so much back."""
    payment_id = desk.payment(3300, order_number=number)
    desk.change(Order, desk.row(payment_id).order_id, ordered_at=ordered_at)
    desk.emulator.portal(desk.row(payment_id).provider_ref, "refund", amount_minor=given_back)
    desk.run(desk.ask(payment_id, 3300))
    return payment_id


def given_up(desk: Desk, number: str, ordered_at: datetime) -> None:
    """An order of that moment with a status action that was given up."""
    payment_id = desk.payment(700, state="failed", order_number=number)
    desk.change(Order, desk.row(payment_id).order_id, ordered_at=ordered_at)
    give(desk, payment_id, "shipped")


def test_what_needs_attention_is_marked_and_can_be_asked_for(desk: Desk, shelf: Shelf) -> None:
    shelf.payment(shelf.order("calm"))
    frozen = shelf.order("frozen")
    for _each in range(2):
        shelf.payment(frozen, frozen_at=NOON, frozen_reason="chargeback")
    refused(desk, "refused", NOON)
    table(desk, shipped=StatusAct.CAPTURE)
    given_up(desk, "given up", NOON)
    assert sorted(numbers(look(desk, attention=True))) == ["frozen", "given up", "refused"]
    for asked in ({"status": "paid"}, {"method": "credit_card"}, {"search": "f"}):
        assert "frozen" in numbers(look(desk, attention=True, **asked))
    for asked in ({"status": "new"}, {"method": "konbini"}, {"search": "calm"}, {"ordered_before": NOON}):
        assert numbers(look(desk, attention=True, **asked)) == []
    marked = {row.number: row.needs_attention for row in look(desk).rows}
    assert marked == {"calm": False, "frozen": True, "given up": True, "refused": True}


def test_reasons_are_merged_newest_first_and_pages_go_both_ways(desk: Desk, shelf: Shelf) -> None:
    table(desk, shipped=StatusAct.CAPTURE)
    twice = refused(desk, "A5", NOON + timedelta(hours=5))
    desk.change(Payment, twice, frozen_at=NOON, frozen_reason="chargeback")  # two reasons, of two tables
    given_up(desk, "A4", NOON + timedelta(hours=4))
    shelf.payment(shelf.order("A3", ordered_at=NOON + timedelta(hours=3)), frozen_at=NOON)
    refused(desk, "A2", NOON + timedelta(hours=2))
    shelf.payment(shelf.order("calm", ordered_at=NOON + timedelta(hours=1)))
    shelf.payment(shelf.order("A0"), frozen_at=NOON)
    first = look(desk, size=2, attention=True)
    second = look(desk, first.older, size=2, attention=True)
    third = look(desk, second.older, size=2, attention=True)
    assert [*map(numbers, (first, second, third))] == [["A5", "A4"], ["A3", "A2"], ["A0"]]
    assert (first.newer, third.older, first.count) == (None, None, 5)
    assert numbers(look(desk, third.newer, size=2, attention=True)) == numbers(second)
    assert numbers(look(desk, second.newer, size=2, attention=True)) == numbers(first)


def test_shops_are_merged_and_no_other_ones_are_shown_i18(desk: Desk, shelf: Shelf) -> None:
    mine, foreign = (factories.shop(code) for code in ("coffee", "milk"))
    for hour, shop in enumerate((mine, foreign, mine)):
        account = factories.account(shop.id, "sk_test_other", name=f"account {hour}")
        order = shelf.order(f"B{hour}", shop.id, ordered_at=NOON + timedelta(hours=hour))
        shelf.payment(order, account.id, frozen_at=NOON)
    refused(desk, "A1", NOON + timedelta(hours=1))
    page = look(desk, shop_ids=frozenset({desk.shop_id, mine.id}), attention=True)
    assert numbers(page) == ["B2", "A1", "B0"]


def test_pages_go_on_beyond_what_is_counted(desk: Desk, shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "MOST_COUNTED", 3)
    for hour in range(5):
        shelf.payment(shelf.order(f"A{hour}", ordered_at=NOON + timedelta(hours=hour)), frozen_at=NOON)
    page = look(desk, size=2, attention=True)
    assert (numbers(page), page.count, page.sums) == (["A4", "A3"], None, None)
    assert numbers(look(desk, page.older, size=2, attention=True)) == ["A2", "A1"]


def test_what_was_tried_again_needs_no_look(desk: Desk) -> None:
    payment_id = refused(desk, "A1", NOON, given_back=3000)
    assert numbers(look(desk, attention=True)) == ["A1"]
    again = desk.ask(payment_id, 300)
    desk.run(again)
    assert desk.operation(again).state is OperationState.SUCCEEDED
    assert numbers(look(desk, attention=True)) == []


def test_test_and_live_never_mix(desk: Desk, shelf: Shelf) -> None:
    refused(desk, "A1", NOON)
    shelf.payment(shelf.order("L1", mode=Mode.LIVE), frozen_at=NOON)
    assert numbers(look(desk, attention=True)) == ["A1"]
    assert numbers(look(desk, attention=True, mode=Mode.LIVE)) == ["L1"]
