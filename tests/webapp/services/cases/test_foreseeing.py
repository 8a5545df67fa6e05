"""What the next comparison would read, and why not a given order; a run then reads just that (R28)."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest

from tests import factories, klarna_desk
from tests.desk import Desk
from tests.webapp.services.cases.cases_desk import audited
from tests.webapp.services.jobs import jobs_desk
from webapp.models import Mode, Order, Payment, ProviderAccount, Schedule
from webapp.services.cases import foreseeing
from webapp.services.cases.foreseeing import ReadsRehearsal, Turn
from webapp.services.jobs import making, running, schedules
from webapp.services.unit_of_work import transaction

DUE = timedelta(minutes=16)


def rehearse(desk: Desk, mode: Mode = Mode.TEST, shop_id: uuid.UUID | None = None) -> ReadsRehearsal:
    with transaction() as tx:
        return foreseeing.rehearse(tx, shop_id or desk.shop_id, mode)


def turns(desk: Desk, payment: uuid.UUID) -> list[Turn]:
    """Of the payments of its order."""
    order_id = desk.row(payment).order_id
    with transaction() as tx:
        return [each.turn for each in foreseeing.explain(tx, tx.get_one(Order, order_id))]


def counts(found: ReadsRehearsal) -> list[tuple[str, int, int]]:
    return [(each.account.name, each.due, each.by_hand) for each in found.accounts]


def test_it_counts_by_account_what_the_next_run_then_reads(desk: Desk) -> None:
    made = [desk.payment(3300) for _ in range(3)]
    klarna = klarna_desk.order(klarna_desk.use_klarna(desk), 3300)
    desk.later(seconds=DUE.seconds)
    late = klarna_desk.order(desk, 3300)
    desk.change(Payment, made[2], compare_at=None)
    found = rehearse(desk)
    assert counts(found) == [("KOMOJU", 2, 2), ("Klarna", 1, 2)]
    assert (found.taken, found.skipped, found.by_hand, found.is_planned, found.is_cut) == (3, 0, 4, False, False)
    assert {each.payment.id for each in found.rows} == {made[0], made[1], klarna}
    assert [turns(desk, one) for one in (made[0], made[2], late)] == [[Turn.READ], [Turn.NO_MORE], [Turn.LATER]]
    assert (jobs_desk.runs(), audited("case.opened")) == ([], 0)
    schedules.ensure()
    making.tick()
    running.run_due()
    (run,) = jobs_desk.runs("reconcile")
    assert run.result == "3"


def test_the_next_run_is_the_schedules_and_reads_what_is_due_by_then(desk: Desk) -> None:
    payment = desk.payment(3300)
    assert (rehearse(desk).taken, turns(desk, payment)) == (0, [Turn.LATER])
    schedules.ensure()
    due_at = desk.row(payment).compare_at
    assert due_at is not None
    schedule = jobs_desk.schedule("reconcile", desk.shop_id)
    for next_due_at, expected in ((due_at - timedelta(seconds=1), 0), (due_at, 1)):
        desk.change(Schedule, schedule.id, next_due_at=next_due_at)
        found = rehearse(desk)
        assert (found.at, found.is_planned, found.taken, found.by_hand) == (next_due_at, True, expected, 1)
    desk.change(Schedule, schedule.id, enabled=False)
    found = rehearse(desk)
    assert (found.is_planned, found.at < due_at, found.taken) == (False, True, 0)


def test_an_account_that_is_stopped_is_not_asked_R46(desk: Desk) -> None:
    payment = desk.payment(3300)
    desk.later(seconds=DUE.seconds)
    desk.change(ProviderAccount, desk.account_id, breaker_opened_at=desk.clock.wall(), breaker_reason="ambiguous")
    found = rehearse(desk)
    assert (found.taken, found.skipped, found.by_hand, counts(found)) == (0, 1, 0, [("KOMOJU", 1, 1)])
    assert turns(desk, payment) == [Turn.BREAKER_OPEN]


def test_no_other_shop_and_no_other_mode_is_seen_I18(desk: Desk) -> None:
    desk.payment(3300)
    desk.later(seconds=DUE.seconds)
    other = factories.shop("other").id
    assert [counts(one) for one in (rehearse(desk, Mode.LIVE), rehearse(desk, shop_id=other))] == [[], []]


def test_more_than_it_counts_is_said(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        desk.payment(3300)
    desk.later(seconds=DUE.seconds)
    monkeypatch.setattr(foreseeing, "AT_ONCE", 3)
    assert (rehearse(desk).is_cut, rehearse(desk).taken) == (False, 3)
    monkeypatch.setattr(foreseeing, "AT_ONCE", 2)
    assert (rehearse(desk).is_cut, rehearse(desk).taken) == (True, 2)
