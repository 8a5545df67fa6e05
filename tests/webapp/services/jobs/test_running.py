"""A run is taken once, goes on where a dead worker stopped, and fails only after several tries (K15, R18, R20)."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from tests.desk import Desk
from tests.webapp.services.jobs import jobs_desk
from tests.webapp.services.jobs.jobs_desk import cancelled_payment, runs
from webapp.domain.outcomes import RowOutcome
from webapp.models import JobRun
from webapp.services import kill_points, runtime
from webapp.services.jobs import closing, making, running, schedules, undoing
from webapp.services.jobs import runs as holding
from webapp.services.kill_points import KillPoint
from webapp.services.operations import running as operations
from webapp.services.unit_of_work import Tx


class Died(BaseException):
    """The process is gone; nothing catches this."""


class Killer:
    """Dies at the n-th time that the scheduling point is reached, and counts how often it was."""

    def __init__(self, nth: int) -> None:
        self._nth = nth
        self.reached = 0

    def __call__(self, point: KillPoint) -> None:
        if point is KillPoint.SCHEDULING:
            self.reached += 1
            if self.reached == self._nth:
                raise Died


def tick_and_run() -> None:
    making.tick()
    running.run_due()


def test_killed_at_any_step_a_run_is_neither_missed_nor_done_twice_K15(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between tick and insert, between take and first row, in the middle of the rows, before the end."""
    monkeypatch.setattr(undoing, "BATCH", 1)
    monkeypatch.setattr(making, "_make", only_refunds(making._make))
    schedules.ensure()
    nth, alive = 0, False
    while not alive:
        nth += 1
        payments = [cancelled_payment(desk, 100) for _ in range(2)]
        before = len(runs("refund"))
        killer = Killer(nth)
        kill_points.observe(killer)
        try:
            tick_and_run()
            alive = True
        except Died:
            pass
        finally:
            kill_points.observe(None)
        desk.later(seconds=121)
        tick_and_run()
        operations.run_due()
        closing.close_finished()
        assert [len(jobs_desk.operations_of(payment)) for payment in payments] == [1, 1], nth
        made = runs("refund")[before:]
        assert len(made) == 1, nth
        assert (made[0].found, made[0].counts) == (2, {"test": {"done": 2}}), nth
        desk.later(minutes=30)
    assert nth == 10  # tick: 3, taken, a batch: 2 each, found, end; and once unharmed
    desk.assert_books_are_whole()


def only_refunds(right: object) -> object:
    """The other jobs' schedules are due as well; here they would only add points."""

    def make(schedule_id: uuid.UUID) -> bool:
        ours = [each for each in jobs_desk.schedules() if each.job == "refund"]
        return schedule_id == ours[0].id and right(schedule_id)  # type: ignore[operator]

    return make


def test_a_run_is_taken_by_one_worker_R18(desk: Desk) -> None:
    cancelled_payment(desk)
    run_id = making.run_by_operator("refund", desk.shop_id, uuid.uuid4())
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(lambda _n: running.run_job(run_id), range(4))) == 1
    assert not running.run_job(run_id)
    assert not running.run_job(uuid.uuid4())


def test_a_worker_that_was_overtaken_writes_nothing_I11(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is held up past its lease after its first row; another one finishes the run meanwhile."""
    monkeypatch.setattr(undoing, "BATCH", 1)
    payments = [cancelled_payment(desk, 100) for _ in range(3)]
    run_id = making.run_by_operator("refund", desk.shop_id, uuid.uuid4())
    points: list[KillPoint] = []

    def held_up(point: KillPoint) -> None:
        points.append(point)
        if points.count(KillPoint.SCHEDULING) == 4:  # taken, before and within the first batch, before the second
            desk.later(seconds=121)
            assert running.run_job(run_id)

    kill_points.observe(held_up)
    try:
        assert running.run_job(run_id)
    finally:
        kill_points.observe(None)
    assert [len(jobs_desk.operations_of(payment)) for payment in payments] == [1, 1, 1]
    assert len(jobs_desk.rows(run_id)) == 3


def test_an_error_of_ours_is_tried_again_and_then_ends_the_run(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_arguments: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(undoing, "candidates", broken)
    run_id = making.run_by_operator("refund", desk.shop_id, uuid.uuid4())
    for wait in running.TRIED_AGAIN_AFTER:
        assert running.run_job(run_id)
        assert jobs_desk.the_run(run_id).ended_at is None
        assert not running.run_job(run_id)
        desk.later(seconds=wait.total_seconds())
    assert running.run_job(run_id)
    ended = jobs_desk.the_run(run_id)
    assert (ended.failed_by, ended.counts) == ("ZeroDivisionError", {})
    assert ended.ended_at is not None


def test_a_full_disk_puts_a_run_off_R24(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    payment = cancelled_payment(desk)
    monkeypatch.setattr("webapp.services.operations.filing.LEAST_DISK_FREE", 2.0)
    runtime.install(with_data_dir("/"))
    run_id = making.run_by_operator("refund", desk.shop_id, uuid.uuid4())
    assert running.run_job(run_id)
    assert jobs_desk.operations_of(payment) == []
    monkeypatch.undo()
    desk.later(minutes=1)
    running.run_job(run_id)
    assert len(jobs_desk.operations_of(payment)) == 1


def with_data_dir(folder: str) -> runtime.Runtime:
    here = runtime.current()
    fields = {name: getattr(here, name) for name in here.__slots__}
    return runtime.Runtime(**(fields | {"data_dir": folder}))


def test_a_long_run_makes_room_and_goes_on(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(undoing, "BATCH", 1)
    monkeypatch.setattr(holding, "GO_ON_S", -1.0)
    payments = [cancelled_payment(desk, 100) for _ in range(2)]
    run_id = making.run_by_operator("refund", desk.shop_id, uuid.uuid4())
    assert running.run_job(run_id)
    waiting = jobs_desk.the_run(run_id)
    assert (waiting.found, waiting.found_at, waiting.lease_until, len(jobs_desk.rows(run_id))) == (2, None, None, 1)
    running.run_due()
    assert jobs_desk.the_run(run_id).found == 2
    assert [len(jobs_desk.operations_of(payment)) for payment in payments] == [1, 1]


def test_a_run_that_is_lost_when_it_makes_room_is_left_to_whoever_has_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holding, "GO_ON_S", -1.0)
    cancelled_payment(desk, 100)
    run_id = making.run_by_operator("refund", desk.shop_id, uuid.uuid4())
    give_back = running.give_back

    def taken_over(tx: Tx, run: holding.Run, *more: Any, **changes: Any) -> None:
        tx.execute(update(JobRun).where(JobRun.id == run.id).values(fence=JobRun.fence + 1))
        give_back(tx, run, *more, **changes)

    monkeypatch.setattr(running, "give_back", taken_over)
    assert running.run_job(run_id)
    row = jobs_desk.the_run(run_id)
    assert (row.fence, row.found_at, row.ended_at, row.faults) == (1, None, None, 0)
    assert row.lease_until is not None


def test_the_tries_of_R7_end_as_failed_with_no_more_tries(desk: Desk) -> None:
    cancelled_payment(desk)
    desk.emulator.fault("rate_limited", call="refund")
    run_id = jobs_desk.run_and_send(desk, "refund")
    assert jobs_desk.outcomes(run_id) == [RowOutcome.RETRYING]
    ended = jobs_desk.the_run(run_id)
    assert ended.counts == {"test": {"retrying": 1}}
    assert jobs_desk.rows(run_id)[0].next_at is not None
    for hours in (1, 1, 1, 2, 2, 4, 7, 13, 13):
        desk.later(hours=hours)
        operations.run_due()
    assert jobs_desk.outcomes(run_id) == [RowOutcome.FAILED]
    assert jobs_desk.rows(run_id)[0].next_at is None
    assert jobs_desk.rows(jobs_desk.run(desk, "refund")) == []


def test_housekeeping_and_verifier_say_what_they_did(desk: Desk) -> None:
    for job in ("housekeeping", "verify"):
        running.run_job(making.run_by_operator(job, None, uuid.uuid4()))
    said = {run.job: run.result for run in runs()}
    assert said == {"housekeeping": "0 wake-ups and 0 runs dropped", "verify": "whole"}
    assert all(run.ended_at and isinstance(run, JobRun) for run in runs())


def test_the_lease_outlasts_a_slow_transaction() -> None:
    assert timedelta(seconds=120) <= holding.LEASE
