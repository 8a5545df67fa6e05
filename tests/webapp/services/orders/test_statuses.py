"""A change of an order's status is one row that fires once, whoever makes it."""

from __future__ import annotations

import threading
import uuid

import pytest
from sqlalchemy import select

from tests import factories
from tests.desk import Desk
from tests.webapp.services.imports import files
from tests.webapp.services.orders.conftest import Shelf
from webapp.models import AuditEntry, Order, Schedule, StatusChange
from webapp.services.audit import SYSTEM
from webapp.services.errors import NotFound, RuleBroken, StaleVersion
from webapp.services.orders import statuses
from webapp.services.orders.statuses import Setting, set_status
from webapp.services.unit_of_work import in_transaction, reading


def ask(desk: Desk, order: Order, code: str, version: int | None = None) -> uuid.UUID | None:
    status = files.status_of(desk, code)
    wish = Setting(actor=desk.actor, shop_ids=[desk.shop_id], order_id=order.id, status_id=status, seen_version=version)
    return set_status(wish)


def now(order: Order) -> Order:
    return in_transaction(lambda tx: tx.get_one(Order, order.id))


def test_a_cancelled_status_asks_the_jobs_to_act_and_another_takes_that_back_R17(desk: Desk) -> None:
    order = Shelf(desk).order("A-1")
    change = ask(desk, order, "cancelled", version=1)
    assert (now(order).undo_change_id, now(order).version) == (change, 2)
    assert ask(desk, order, "cancelled", version=1) is None, "the same form twice fires nothing again"
    assert now(order).undo_change_id == change
    ask(desk, order, "paid")
    assert now(order).undo_change_id is None
    again = ask(desk, order, "cancelled")
    assert now(order).undo_change_id == again != change
    made = files.changes(order.id)
    assert [each.acts for each in made] == [True, True, True]
    assert {each.changed_by for each in made} == {desk.user_id}
    desk.assert_books_are_whole()


def test_two_at_once_make_one_change_R17(desk: Desk) -> None:
    order = Shelf(desk).order("A-1")
    made: list[uuid.UUID | None] = []
    threads = [threading.Thread(target=lambda: made.append(ask(desk, order, "cancelled"))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([each for each in made if each]) == 1
    assert len(files.changes(order.id)) == 1


def test_a_stale_form_changes_nothing_R32(desk: Desk) -> None:
    order = Shelf(desk).order("A-1")
    ask(desk, order, "shipped", version=1)
    with pytest.raises(StaleVersion):
        ask(desk, order, "cancelled", version=1)
    assert now(order).undo_change_id is None


def test_statuses_and_orders_of_other_shops_are_refused_I18(desk: Desk) -> None:
    order, other = Shelf(desk).order("A-1"), factories.shop("other")
    foreign = in_transaction(lambda tx: statuses.statuses_of(tx, other.id)[0].id)
    with pytest.raises(RuleBroken, match="unknown_status"):
        set_status(Setting(actor=desk.actor, shop_ids=[desk.shop_id], order_id=order.id, status_id=foreign))
    with pytest.raises(NotFound):
        set_status(Setting(actor=desk.actor, shop_ids=[other.id], order_id=order.id, status_id=foreign))
    assert files.count(StatusChange) == 0


def test_a_first_status_fires_nothing_and_a_payment_brings_one_R17(desk: Desk) -> None:
    payment = desk.payment(3300, order_number="A-1")
    (change,) = files.changes(desk.row(payment).order_id)
    assert (change.from_status_id, change.to_status_id, change.acts) == (None, files.status_of(desk, "paid"), False)


def test_the_audit_names_the_change_and_who_made_it_I17(desk: Desk) -> None:
    order = Shelf(desk).order("A-1")
    wish = Setting(
        actor=SYSTEM, shop_ids=[desk.shop_id], order_id=order.id, status_id=files.status_of(desk, "cancelled")
    )
    set_status(wish)
    query = select(AuditEntry).where(AuditEntry.subject_id == order.id)
    (entry,) = in_transaction(lambda tx: tx.scalars(query).all())
    assert (entry.action, entry.actor_id, entry.details["acts"]) == ("order.status_changed", None, True)
    assert entry.details["to"] == str(files.status_of(desk, "cancelled"))


def test_the_next_run_of_the_jobs_is_known_when_they_are_planned(desk: Desk) -> None:
    with reading() as tx:
        assert statuses.next_undoing_at(tx, desk.shop_id) is None
    other = factories.shop(code="other").id
    for hours, (job, shop_id) in enumerate([("refund", desk.shop_id), ("cancel", desk.shop_id), ("cancel", other)]):
        moment = factories.LONG_AGO.replace(hour=10 - hours)
        factories.add(Schedule(job=job, shop_id=shop_id, interval_s=1800, next_due_at=moment, overdue_at=moment))
    with reading() as tx:
        assert statuses.next_undoing_at(tx, desk.shop_id) == factories.LONG_AGO.replace(hour=9)
