"""What has not finished in twice its interval is told once for each occurrence, in the shops of the reader only."""

from __future__ import annotations

import uuid

import pytest
from structlog.testing import capture_logs

from tests import factories
from tests.desk import Desk
from tests.webapp.services.jobs.jobs_desk import cancelled_payment, run, schedule
from webapp.services.jobs import making, overdue, running, schedules
from webapp.services.jobs.overdue import Overdue
from webapp.services.operations import running as operations
from webapp.services.unit_of_work import reading


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Overdue]:
    """What staff were told of."""
    said: list[Overdue] = []
    monkeypatch.setattr(overdue, "tell_staff", lambda _tx, late: said.append(late))
    return said


def late(*shops: uuid.UUID, desk_too: bool = False) -> list[Overdue]:
    with reading() as tx:
        return list(overdue.overdue(tx, shops, desk_too=desk_too))


def test_a_run_that_does_not_end_is_told_once_and_then_leaves_the_list(desk: Desk, told: list[Overdue]) -> None:
    schedules.ensure()
    making.tick()
    running.run_due()
    cancelled_payment(desk)
    run_id = run(desk, "refund")
    assert overdue.announce_new() == 0
    desk.later(minutes=61)
    making.tick()
    running.run_due()
    assert [(each.job, each.run_id) for each in late(desk.shop_id)] == [("refund", run_id)]
    assert (overdue.announce_new(), overdue.announce_new()) == (1, 0)
    assert [each.subject_id for each in told] == [run_id]
    operations.run_due()
    running.run_due()
    assert late(desk.shop_id) == []


def test_a_missing_scheduler_shows_and_is_told_once_for_each_time(desk: Desk, told: list[Overdue]) -> None:
    schedules.ensure()
    other = factories.shop("other").id
    desk.later(minutes=61)
    assert {each.job for each in late(desk.shop_id)} == {"cancel", "refund", "order-status"}
    assert late(other) == []
    assert {each.job for each in late(desk_too=True)} == set()
    assert (overdue.announce_new(), overdue.announce_new()) == (3, 0)
    first = {each.subject_id for each in told}
    assert len(first) == 3
    assert {each.schedule_id for each in told} >= {schedule("refund", desk.shop_id).id}
    making.tick()
    running.run_due()
    assert late(desk.shop_id) == []
    desk.later(hours=3)
    assert {"housekeeping"} == {each.job for each in late(desk_too=True)}
    assert overdue.announce_new() == 5  # the hourly one too
    assert len({each.subject_id for each in told}) == 8


def test_staff_are_told_in_the_log(desk: Desk) -> None:
    schedules.ensure()
    desk.later(minutes=61)
    with capture_logs() as said:
        overdue.announce_new()
    assert [line["event"] for line in said].count("job_overdue") == 3
