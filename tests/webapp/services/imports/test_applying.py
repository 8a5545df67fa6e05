"""Orders of a file are seen all at once or not at all, whatever happens meanwhile."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import delete, select

from tests import factories
from tests.desk import Desk
from tests.webapp.services.imports import files
from tests.webapp.services.imports.files import applied, checked, orders, text, the, work
from tests.webapp.services.orders.conftest import Shelf
from webapp.models import AuditEntry, ImportChunk, ImportRow, ImportState, Mode, Order, StatusChange
from webapp.services import kill_points
from webapp.services.errors import NotFound, RuleBroken
from webapp.services.imports import applying, deciding, finishing, running, staging, uploading
from webapp.services.kill_points import KillPoint
from webapp.services.orders.filters import OrderFilter
from webapp.services.orders.listing import all_orders, find_by_number
from webapp.services.orders.page import get_order
from webapp.services.orders.statuses import Setting, set_status
from webapp.services.payments.adding import Addition, add_payment
from webapp.services.unit_of_work import in_transaction, reading

S = ImportState


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every step takes several transactions for a handful of lines."""
    for module in (staging, applying, finishing):
        monkeypatch.setattr(module, "AT_ONCE", 2)
    monkeypatch.setattr(uploading, "PIECE", 40)


@pytest.fixture
def strike() -> Iterator[Any]:
    """`strike(n)` kills at the n-th step; the steps so far stand in `strike.seen`."""

    class Strike:
        seen = 0

        def __call__(self, nth: int) -> None:
            self.seen = 0

            def die(point: KillPoint) -> None:
                self.seen += point is KillPoint.IMPORTING
                if point is KillPoint.IMPORTING and self.seen == nth:
                    raise SystemExit("killed")

            kill_points.observe(die)

    yield Strike()
    kill_points.observe(None)


def seen_by(desk: Desk) -> list[str]:
    """The numbers in the order list."""
    return sorted(row.number for row in all_orders(OrderFilter(shop_ids=frozenset({desk.shop_id}), mode=Mode.TEST)))


def test_a_file_brings_new_orders_in_and_changes_others(desk: Desk) -> None:
    Shelf(desk).order("A-1", buyer_name="Old")
    head = "total;currency;number;buyer_name;ordered_at"
    row = applied(desk, text("1200;JPY;A-1;New;", "10,50;EUR;B-1;;2026-11-02T09:00", head=head))
    assert (row.state, row.rows_new, row.rows_changed) == (S.DONE, 1, 1)
    old, new = orders()["A-1"], orders()["B-1"]
    assert (old.total_minor, old.buyer_name, old.version) == (1200, "New", 2)
    assert (new.total_minor, new.currency, new.ordered_at.isoformat()) == (1050, "EUR", "2026-11-02T00:00:00+00:00")
    assert (files.count(ImportRow), files.count(ImportChunk)) == (0, 0), "buyers' data do not stay twice"
    desk.assert_books_are_whole()


def test_the_same_file_again_changes_nothing(desk: Desk) -> None:
    raw = text("A-1,JPY,100,paid", "A-2,JPY,200,cancelled")
    applied(desk, raw)
    before = {number: order.version for number, order in orders().items()}
    row = applied(desk, raw)
    assert (row.rows_unchanged, row.rows_new, row.rows_changed) == (2, 0, 0)
    assert {number: order.version for number, order in orders().items()} == before
    assert files.count(StatusChange) == 2


def test_nothing_is_seen_before_the_import_is_complete_R43(desk: Desk, small_batches: None, strike: Any) -> None:
    row = checked(desk, text(*(f"A-{n},JPY,100,paid" for n in range(5))))
    deciding.confirm(row.id, [desk.shop_id], desk.actor)
    strike(4)  # claim, two batches of two, and the third
    with pytest.raises(SystemExit):
        running.run()
    hidden = orders()
    assert len(hidden) == 5
    assert seen_by(desk) == []
    one = hidden["A-1"]
    with reading() as tx:
        wanted = OrderFilter(shop_ids=frozenset({desk.shop_id}), mode=Mode.TEST, search="A-1")
        assert find_by_number(tx, wanted) is None
        with pytest.raises(NotFound):
            get_order(tx, one.id, [desk.shop_id])
    with pytest.raises(NotFound):
        set_status(Setting(actor=desk.actor, shop_ids=[desk.shop_id], order_id=one.id, status_id=one.status_id))
    ref = desk.emulator.payment(100, order_number="A-1")
    addition = Addition(actor=desk.actor, shop_id=desk.shop_id, account_id=desk.account_id, provider_ref=ref)
    with pytest.raises(RuleBroken, match="order_coming_in"):
        add_payment(addition)
    kill_points.observe(None)
    files.make_due()
    work()
    assert seen_by(desk) == [f"A-{n}" for n in range(5)]
    add_payment(addition)


def test_killed_at_every_step_it_still_ends_whole_I10(desk: Desk, small_batches: None, strike: Any) -> None:
    Shelf(desk).order("B-1", buyer_name="Old")
    lines = [f"A-{n},JPY,100,cancelled" for n in range(5)] + ["B-1,JPY,3300,cancelled"]
    nth = 0
    while True:
        nth += 1
        for number in orders().keys() - {"B-1"}:
            _forget(orders()[number].id)
        desk.change(Order, orders()["B-1"].id, status_id=files.status_of(desk, "paid"), undo_change_id=None)
        strike(nth)
        try:
            row = checked(desk, text(*lines), act=True)
            deciding.confirm(row.id, [desk.shop_id], desk.actor)
            work()
            break  # it was over before the blow
        except SystemExit:
            assert len(seen_by(desk)) in {1, 6}, "all or nothing, at every step"
            kill_points.observe(None)
        _end_after(desk)
        assert len(orders()) in {1, 6}
        if len(orders()) == 6:
            acting = [each.undo_change_id for each in orders().values()]
            assert None not in acting
            assert len(set(acting)) == 6
            assert all(len(files.changes(each.id)) >= 1 for each in orders().values())
    assert nth > 12
    assert len(seen_by(desk)) == 6
    desk.assert_books_are_whole()


def _end_after(desk: Desk) -> None:
    """What the sweep finds after the blow, and a person's decision where one is waited for."""
    files.make_due()
    work()
    for row in in_transaction(lambda tx: tx.scalars(select(files.OrderImport)).all()):
        if row.state is S.READY:
            deciding.confirm(row.id, [desk.shop_id], desk.actor)
    work()


def _forget(order_id: uuid.UUID) -> None:
    in_transaction(lambda tx: tx.execute(delete(StatusChange).where(StatusChange.order_id == order_id)))
    in_transaction(lambda tx: tx.execute(delete(Order).where(Order.id == order_id)))


def test_an_order_changed_since_the_check_takes_the_whole_import_back(desk: Desk, small_batches: None) -> None:
    order = Shelf(desk).order("B-1")
    row = checked(desk, text("A-1,JPY,1,paid", "A-2,JPY,2,paid", "B-1,JPY,3300,shipped"))
    shipped = files.status_of(desk, "completed")
    set_status(Setting(actor=desk.actor, shop_ids=[desk.shop_id], order_id=order.id, status_id=shipped))
    deciding.confirm(row.id, [desk.shop_id], desk.actor)
    work()
    assert the(row.id).state is S.REFUSED
    assert files.faults(row.id) == [(4, "number", "changed_meanwhile")]
    assert set(orders()) == {"B-1"}
    assert orders()["B-1"].status_id == shipped
    assert files.count(ImportRow) == 0


def test_a_number_taken_since_the_check_takes_the_whole_import_back(desk: Desk, small_batches: None) -> None:
    row = checked(desk, text(*(f"A-{n},JPY,1,paid" for n in range(5))))
    Shelf(desk).order("A-3")
    deciding.confirm(row.id, [desk.shop_id], desk.actor)
    work()
    assert (the(row.id).state, files.faults(row.id)) == (S.REFUSED, [(5, "number", "taken_meanwhile")])
    assert set(orders()) == {"A-3"}
    assert files.count(StatusChange) == 0


def test_with_keep_good_only_the_line_that_was_taken_is_left_out(desk: Desk, small_batches: None) -> None:
    order = Shelf(desk).order("B-1")
    row = checked(desk, text("A-1,JPY,1,paid", "A-2,JPY,2,paid", "B-1,JPY,5,paid"), keep_good=True)
    Shelf(desk).order("A-1")
    desk.change(Order, order.id, version=7)
    deciding.confirm(row.id, [desk.shop_id], desk.actor)
    work()
    done = the(row.id)
    assert (done.state, done.rows_new, done.rows_changed, done.rows_wrong) == (S.DONE, 1, 0, 2)
    assert seen_by(desk) == ["A-1", "A-2", "B-1"]
    assert orders()["B-1"].total_minor == 3300


def test_while_it_is_being_written_it_can_still_be_taken_back(desk: Desk, small_batches: None, strike: Any) -> None:
    row = checked(desk, text(*(f"A-{n},JPY,1,paid" for n in range(5))))
    deciding.confirm(row.id, [desk.shop_id], desk.actor)
    strike(3)
    with pytest.raises(SystemExit):
        running.run()
    kill_points.observe(None)
    deciding.discard(row.id, [desk.shop_id], desk.actor)
    work()
    assert (the(row.id).state, orders(), files.count(StatusChange)) == (S.DISCARDED, {}, 0)


def test_a_worker_that_lost_its_lease_writes_nothing_I11(desk: Desk, small_batches: None) -> None:
    row = checked(desk, text(*(f"A-{n},JPY,1,paid" for n in range(5))))
    deciding.confirm(row.id, [desk.shop_id], desk.actor)

    def be_overtaken(point: KillPoint) -> None:
        kill_points.observe(None)
        files.make_due()
        work()

    kill_points.observe(be_overtaken)
    try:
        assert running.run()
    finally:
        kill_points.observe(None)
    assert len(orders()) == 5
    assert the(row.id).state is S.DONE
    assert files.count(StatusChange) == 5


def test_a_change_in_the_last_moment_is_overruled_but_a_total_with_a_payment_stays(
    desk: Desk, small_batches: None, strike: Any
) -> None:
    shelf = Shelf(desk)
    shelf.order("B-1")
    order = shelf.order("B-2")
    row = checked(desk, text("B-1,JPY,1,shipped", "B-2,JPY,2,shipped"))
    deciding.confirm(row.id, [desk.shop_id], desk.actor)
    strike(3)  # claimed; about to be shown; shown
    with pytest.raises(SystemExit):
        running.run()
    kill_points.observe(None)
    assert the(row.id).state is S.FINISHING
    done = files.status_of(desk, "completed")
    set_status(Setting(actor=desk.actor, shop_ids=[desk.shop_id], order_id=order.id, status_id=done))
    shelf.payment(order)
    files.make_due()
    work()
    changed = orders()
    assert {each.status_id for each in changed.values()} == {files.status_of(desk, "shipped")}
    assert (changed["B-1"].total_minor, changed["B-2"].total_minor) == (1, 3300)
    left = in_transaction(lambda tx: tx.scalars(select(ImportRow)).all())
    assert [(each.number, each.problem) for each in left] == [("B-2", finishing.TOTAL_KEPT)]


def test_two_imports_of_the_same_numbers_do_not_mix(desk: Desk, small_batches: None, strike: Any) -> None:
    first = checked(desk, text(*(f"A-{n},JPY,1,paid" for n in range(4))))
    deciding.confirm(first.id, [desk.shop_id], desk.actor)
    strike(2)
    with pytest.raises(SystemExit):
        running.run()
    kill_points.observe(None)
    second = checked(desk, text("A-0,JPY,2,paid"))
    assert files.faults(second.id) == [(2, "number", "order_coming_in")]
    files.make_due()
    work()
    assert {each.total_minor for each in orders().values()} == {1}


def test_who_asked_stands_in_the_audit_I17(desk: Desk) -> None:
    applied(desk, text("A-1,JPY,1,paid"))
    query = select(AuditEntry.action, AuditEntry.actor_id).where(AuditEntry.subject_kind == "import")
    found = in_transaction(lambda tx: tx.execute(query.order_by(AuditEntry.number)).all())
    assert [each.action for each in found] == ["import.uploaded", "import.confirmed", "import.applied"]
    assert {each.actor_id for each in found} == {desk.user_id}


def test_another_shop_cannot_decide_I18(desk: Desk) -> None:
    row = checked(desk, text("A-1,JPY,1,paid"))
    other = factories.shop("other")
    for decide in (deciding.confirm, deciding.discard):
        with pytest.raises(NotFound):
            decide(row.id, [other.id], desk.actor)
    assert the(row.id).state is S.READY
