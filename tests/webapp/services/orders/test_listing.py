"""The order list on both databases: what it finds, whose it is, and what it costs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from providers.kinds import ProviderState
from tests import factories
from tests.desk import Desk
from tests.webapp.services.orders.conftest import NOON, Shelf
from webapp.domain.payment_state import PaymentState
from webapp.models import Mode, StatusKind
from webapp.services.orders import listing, walks
from webapp.services.orders.choices import choices
from webapp.services.orders.cursors import Cursor, read_cursor
from webapp.services.orders.filters import OrderFilter
from webapp.services.orders.listing import OrderPage, all_orders, find_by_number, list_orders
from webapp.services.unit_of_work import reading


def look(desk: Desk, cursor: Cursor | None = None, size: int = 50, **asked: Any) -> OrderPage:
    values: dict[str, Any] = {"shop_ids": frozenset({desk.shop_id}), "mode": Mode.TEST} | asked
    with reading() as tx:
        return list_orders(tx, OrderFilter(**values), cursor, size)


def numbers(page: OrderPage) -> list[str]:
    return [row.number for row in page.rows]


def test_pages_go_older_and_newer_again_without_gap_or_repeat(desk: Desk, shelf: Shelf) -> None:
    for hour in range(7):
        shelf.order(f"A{hour}", ordered_at=NOON + timedelta(hours=hour // 2))  # pairs share their moment
    first = look(desk, size=3)
    second = look(desk, first.older, size=3)
    third = look(desk, second.older, size=3)
    seen = numbers(first) + numbers(second) + numbers(third)
    assert seen[0] == "A6"
    assert sorted(seen) == [f"A{hour}" for hour in range(7)]
    assert (first.newer, third.older) == (None, None)
    assert numbers(look(desk, third.newer, size=3)) == numbers(second)
    assert numbers(look(desk, second.newer, size=3)) == numbers(first)
    assert (first.count, first.sums) == (7, {"JPY": 7 * 3300})


def test_rows_of_several_shops_are_merged_by_time(desk: Desk, shelf: Shelf) -> None:
    other = factories.shop("coffee")
    shelf.order("A1", ordered_at=NOON)
    shelf.order("B2", other.id, ordered_at=NOON + timedelta(hours=1))
    shelf.order("A3", ordered_at=NOON + timedelta(hours=2))
    page = look(desk, shop_ids=frozenset({desk.shop_id, other.id}), size=2)
    assert numbers(page) == ["A3", "B2"]
    assert numbers(look(desk, page.older, shop_ids=frozenset({desk.shop_id, other.id}), size=2)) == ["A1"]


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"search": "B2"},
        {"search": "hana@example.test"},
        {"search": "x", "amounts": ((0, 3300),)},
        {"attention": True},
        {"payment_state": PaymentState.HELD},
        {"status": "paid"},
        {"provider": "komoju"},
        {"method": "credit_card"},
    ],
)
def test_i18_no_way_of_asking_shows_another_shops_order(desk: Desk, shelf: Shelf, asked: dict[str, Any]) -> None:
    other = factories.shop("coffee")
    account = factories.account(other.id, "sk_test_other")
    foreign = shelf.order("B2", other.id)
    shelf.payment(foreign, account.id, frozen_at=NOON, frozen_reason="chargeback")
    assert numbers(look(desk, **asked)) == []
    assert numbers(look(desk, shop_ids=frozenset({other.id}), **asked)) == ["B2"]
    assert look(desk, shop_ids=frozenset(), **asked).rows == []


def test_test_and_live_never_mix(desk: Desk, shelf: Shelf) -> None:
    shelf.order("A1")
    shelf.order("A2", mode=Mode.LIVE)
    assert numbers(look(desk)) == ["A1"]
    assert numbers(look(desk, mode=Mode.LIVE, search="A")) == ["A2"]


@pytest.mark.parametrize("search", ["A-10", "A-1023", "pay_7", "pay_77abc", "hana@", "HANA@example.test"])
def test_a_search_finds_by_number_reference_and_email(desk: Desk, shelf: Shelf, search: str) -> None:
    wanted = shelf.order("A-1023")
    shelf.payment(wanted, provider_ref="pay_77abc")
    shelf.payment(shelf.order("B-2000", buyer_email="ken@example.test"), provider_ref="pay_8")
    assert numbers(look(desk, search=search)) == ["A-1023"]


def test_what_looks_like_a_pattern_is_searched_as_it_stands(desk: Desk, shelf: Shelf) -> None:
    shelf.order("A-1")
    shelf.order("50%_off")
    assert numbers(look(desk, search="%")) == []
    assert numbers(look(desk, search="50%_")) == ["50%_off"]


def test_an_amount_is_compared_in_the_orders_own_currency(desk: Desk, shelf: Shelf) -> None:
    shelf.order("yen", currency="JPY", total_minor=3300)
    shelf.order("euro", currency="EUR", total_minor=3300)
    assert numbers(look(desk, search="3300", amounts=((0, 3300), (2, 330000)))) == ["yen"]
    assert numbers(look(desk, search="33.00", amounts=((2, 3300),))) == ["euro"]


@pytest.mark.parametrize("rare", [0, 20_000])
def test_filters_on_payments_hold_for_one_and_the_same_payment(
    desk: Desk, shelf: Shelf, rare: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walks, "RARE", rare)  # both ways of the query
    mixed = shelf.order("mixed")
    shelf.payment(mixed, method="konbini")
    shelf.payment(mixed, refunded_minor=3300)
    shelf.payment(shelf.order("refunded konbini"), method="konbini", refunded_minor=3300)
    asked = {"payment_state": PaymentState.REFUNDED, "method": "konbini", "provider": "komoju"}
    assert numbers(look(desk, **asked)) == ["refunded konbini"]
    assert look(desk, payment_state=PaymentState.WAITING).rows == []


def test_filters_by_status_and_dates(desk: Desk, shelf: Shelf) -> None:
    shelf.order("new", kind=StatusKind.NEW)
    shelf.order("paid", ordered_at=NOON)
    shelf.order("late", ordered_at=NOON + timedelta(days=2))
    assert numbers(look(desk, status="new")) == ["new"]
    assert numbers(look(desk, status="paid")) == ["late", "paid"]
    assert numbers(look(desk, status="paid", ordered_before=NOON + timedelta(days=1))) == ["paid"]
    assert numbers(look(desk, ordered_from=NOON + timedelta(days=1))) == ["late"]
    assert numbers(look(desk, search="p", status="paid")) == ["paid"]


def test_the_count_stops_at_its_bound(desk: Desk, shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "MOST_COUNTED", 3)
    for each in range(4):
        shelf.order(f"A{each}")
    page = look(desk, size=2)
    assert (page.count, page.sums) == (None, None)


def test_a_search_never_says_fewer_than_there_are(desk: Desk, shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "MOST_COUNTED", 3)
    monkeypatch.setattr(listing.filters, "MOST_FOUND", 3)
    for each in range(3):
        shelf.order(f"A{each}")
    assert look(desk, search="A", size=2).count == 3
    shelf.order("A3")
    assert look(desk, search="A", size=2).count is None


def test_a_search_that_looks_through_some_only_says_so(
    desk: Desk, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "MOST_COUNTED", 3)
    monkeypatch.setattr(listing.filters, "MOST_FOUND", 3)
    for each in range(4):
        shelf.order(f"A{each}", ordered_at=NOON + timedelta(hours=each))
    shelf.order("B5", ordered_at=NOON + timedelta(days=2))
    late: dict[str, Any] = {"ordered_from": NOON + timedelta(days=1)}
    assert not look(desk, search="A").is_partial  # all four are seen: one more than are taken
    assert look(desk, search="A", size=2).is_partial
    shelf.order("A9", ordered_at=NOON + timedelta(days=2))
    assert look(desk, search="A", **late).is_partial  # nothing is found, though A9 is there
    found = look(desk, search="A9", **late)
    assert (numbers(found), found.is_partial) == (["A9"], False)
    assert not look(desk, **late).is_partial


def test_a_search_for_an_amount_walks_the_newest_first_through_all_filters(
    desk: Desk, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "MOST_COUNTED", 3)
    monkeypatch.setattr(listing.filters, "MOST_FOUND", 3)
    for each in range(9):
        order = shelf.order(f"A{each}", total_minor=3300, ordered_at=NOON + timedelta(hours=each))
        shelf.payment(order, method="konbini" if each < 2 else "credit_card")
    asked: dict[str, Any] = {"search": "3300", "amounts": ((0, 3300),)}
    page, seen = look(desk, size=4, **asked), list[str]()
    assert (page.count, page.is_partial) == (None, False)
    while True:
        seen += numbers(page)
        if page.older is None:
            break
        page = look(desk, page.older, size=4, **asked)
    assert seen == [f"A{each}" for each in reversed(range(9))]
    assert numbers(look(desk, ordered_before=NOON + timedelta(hours=1), **asked)) == ["A0"]
    assert numbers(look(desk, method="konbini", **asked)) == ["A1", "A0"]


def test_an_order_found_by_number_and_amount_comes_once(desk: Desk, shelf: Shelf) -> None:
    shelf.order("3300", total_minor=3300)
    page = look(desk, search="3300", amounts=((0, 3300),))
    assert (numbers(page), page.count, page.sums) == (["3300"], 1, {"JPY": 3300})


def test_one_order_with_the_exact_number_is_found(desk: Desk, shelf: Shelf) -> None:
    order = shelf.order("A1")
    shelf.order("A10")
    scope = frozenset({desk.shop_id})
    with reading() as tx:
        assert find_by_number(tx, OrderFilter(shop_ids=scope, mode=Mode.TEST, search="A1")) == order.id
        assert find_by_number(tx, OrderFilter(shop_ids=scope, mode=Mode.TEST, search="A")) is None
        assert find_by_number(tx, OrderFilter(shop_ids=frozenset(), mode=Mode.TEST, search="A1")) is None


def test_all_rows_come_in_the_order_of_the_list(desk: Desk, shelf: Shelf) -> None:
    for each in range(5):
        shelf.order(f"A{each}", ordered_at=NOON + timedelta(hours=each))
    wanted = OrderFilter(shop_ids=frozenset({desk.shop_id}), mode=Mode.TEST)
    assert [row.number for row in all_orders(wanted, size=2)] == ["A4", "A3", "A2", "A1", "A0"]


def test_a_page_costs_few_statements(desk: Desk, shelf: Shelf, statements: Callable[[], Any]) -> None:
    for each in range(8):
        shelf.payment(shelf.order(f"A{each}", ordered_at=NOON + timedelta(hours=each)))
    with statements() as seen:
        page = look(desk, size=3)
    assert page.older is not None
    assert len(seen) == 2  # rows with the count, their payments
    with statements() as seen:
        look(desk, search="A", size=3)
    assert len(seen) == 2
    with statements() as seen:
        look(desk, search="A", payment_state=PaymentState.CAPTURED, method="credit_card", size=3)
    assert len(seen) == 3  # and whether the search looked through all
    with statements() as seen:
        look(desk, payment_state=PaymentState.CAPTURED, size=3)
    assert len(seen) == 2
    with statements() as seen:
        look(desk, payment_state=PaymentState.CAPTURED, status="paid", provider="komoju", size=3)
    assert len(seen) == 3  # and how rare such payments are


def test_the_choices_are_those_of_the_shops_in_one_statement(
    desk: Desk, shelf: Shelf, statements: Callable[[], Any]
) -> None:
    other = factories.shop("coffee")
    foreign = factories.account(other.id, "sk_test_other", provider="other")
    shelf.payment(shelf.order("B", other.id), foreign.id, method="secret_method")
    for number, method in {"A1": "konbini", "A2": "credit_card", "A3": "konbini"}.items():
        shelf.payment(shelf.order(number), method=method)
    with reading() as tx, statements() as seen:
        found = choices(tx, {desk.shop_id}, Mode.TEST)
    assert len(seen) == 1
    assert found.shops == [(str(desk.shop_id), "Tea")]
    assert [code for code, _name in found.statuses] == [kind.value for kind in StatusKind]
    assert (list(found.providers), list(found.methods)) == (["komoju"], ["credit_card", "konbini"])


def test_a_waiting_payment_shows_its_state(desk: Desk, shelf: Shelf) -> None:
    order = shelf.order("A1")
    shelf.payment(order, provider_state=ProviderState.WAITING, captured_minor=0)
    assert look(desk).rows[0].payments[0].state is PaymentState.WAITING


@pytest.mark.parametrize("text", ["", "x", "before-", "before-20261101T120000.000000-xyz", "after-now-" + "0" * 32])
def test_a_cursor_that_is_none_begins_at_the_top(text: str) -> None:
    assert read_cursor(text) is None


def test_a_cursor_survives_the_address() -> None:
    cursor = Cursor(NOON + timedelta(microseconds=7), factories.new_id(), newer=True)
    assert read_cursor(cursor.text()) == cursor
