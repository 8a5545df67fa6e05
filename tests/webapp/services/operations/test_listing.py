"""Lists of refunds: filters, keyset pages in both directions, sums; on both databases."""

from __future__ import annotations

import uuid

from tests.desk import Desk
from webapp.models import Mode
from webapp.services.operations.listing import Page, Place, RefundFilter, list_refunds, people_who_asked
from webapp.services.unit_of_work import in_transaction


def listed(desk: Desk, size: int = 50, **more: object) -> Page:
    wanted = RefundFilter(**({"shops": [desk.shop_id], "mode": Mode.TEST} | more))  # type: ignore[arg-type]
    return in_transaction(lambda tx: list_refunds(tx, wanted, size))


def amounts(page: Page) -> list[int]:
    return [row.operation.amount_minor for row in page.rows]


def test_pages_follow_on_each_other_without_gap_or_repeat_in_both_directions(desk: Desk) -> None:
    payment = desk.payment(3300)
    for amount in range(1, 6):
        desk.ask(payment, amount)
    first = listed(desk, 2)
    assert amounts(first) == [5, 4]
    assert first.newer is None
    second = listed(desk, 2, older_than=first.older)
    last = listed(desk, 2, older_than=second.older)
    assert (amounts(second), amounts(last), last.older) == ([3, 2], [1], None)
    assert amounts(listed(desk, 2, newer_than=last.newer)) == [3, 2]
    back = listed(desk, 2, newer_than=second.newer)
    assert (amounts(back), back.newer) == ([5, 4], None)


def test_filters_narrow_by_state_reason_and_person(desk: Desk) -> None:
    payment = desk.payment(3300)
    desk.run(desk.ask(payment, 100))
    desk.ask(payment, 200)
    assert amounts(listed(desk, group="done")) == [100]
    assert amounts(listed(desk, group="planned")) == [200]
    assert amounts(listed(desk, group="nonsense")) == [200, 100]
    assert amounts(listed(desk, reason="returned")) == [200, 100]
    assert amounts(listed(desk, reason="other")) == []
    assert amounts(listed(desk, person=desk.user_id)) == [200, 100]
    assert amounts(listed(desk, person=uuid.uuid4())) == []
    assert listed(desk).totals == {"JPY": 300}
    assert in_transaction(lambda tx: people_who_asked(tx, [desk.shop_id])) == [(desk.user_id, "Ana")]


def test_other_shops_and_the_other_mode_stay_out_I18(desk: Desk) -> None:
    desk.ask(desk.payment(3300), 100)
    assert amounts(listed(desk, shops=[uuid.uuid4()])) == []
    assert amounts(listed(desk, mode=Mode.LIVE)) == []


def test_a_place_is_read_back_from_the_address_and_nothing_else_is(desk: Desk) -> None:
    desk.ask(desk.payment(3300), 100)
    place = Place(listed(desk).rows[0].operation.created_at, uuid.uuid4())
    assert Place.read(str(place)) == place
    assert Place.read(str(place).replace("+", " ")) == place
    for text in (None, "", "x", "2026-01-01_x", f"2026-01-01T00:00:00_{uuid.uuid4()}"):
        assert Place.read(text) is None
