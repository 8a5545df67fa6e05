"""R8: a jump of the clock stops fresh sends and takeovers for one settle window."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta

import pytest

from tasks import worker
from tests.desk import Desk
from webapp.domain.operations import OperationState
from webapp.services import runtime
from webapp.services.clock import DatabaseClock
from webapp.services.operations import running
from webapp.services.steadiness import MOST_DRIFT_S, PAUSE_S, Steadiness

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


class TwoClocks(DatabaseClock):
    """Wall and monotonic time, each moved by itself."""

    def __init__(self) -> None:
        self.walled, self.passed = NOON, 0.0

    def wall(self) -> datetime:
        return self.walled

    def monotonic(self) -> float:
        return self.passed

    def tick(self, wall_s: float, monotonic_s: float) -> None:
        self.walled += timedelta(seconds=wall_s)
        self.passed += monotonic_s


def test_time_that_passes_on_both_clocks_is_steady_R8() -> None:
    clock = TwoClocks()
    steadiness = Steadiness(clock)
    clock.tick(7200, 7200 - MOST_DRIFT_S)
    assert steadiness.is_steady()


@pytest.mark.parametrize("jump_s", [3600, -3600, MOST_DRIFT_S + 1])
def test_a_jump_either_way_pauses_for_one_settle_window_R8_K12(jump_s: float) -> None:
    clock = TwoClocks()
    steadiness = Steadiness(clock)
    clock.tick(jump_s, 0)
    assert not steadiness.is_steady()
    clock.tick(PAUSE_S - 1, PAUSE_S - 1)
    assert not steadiness.is_steady()
    clock.tick(1, 1)
    assert steadiness.is_steady()


def test_nothing_is_sent_or_taken_over_while_the_clock_is_in_doubt_R8_K12(desk: Desk) -> None:
    operation = desk.ask(desk.payment(3300), 1100)
    running.steadiness_here()
    desk.clock.wall_jump = timedelta(hours=1)
    assert not desk.run(operation)
    assert running.run_due() == 0
    assert desk.operation(operation).state is OperationState.QUEUED
    desk.later(seconds=PAUSE_S + 1)
    assert desk.run(operation)
    assert desk.operation(operation).state is OperationState.SUCCEEDED
    desk.assert_books_are_whole()


def test_a_forked_job_goes_on_with_what_its_worker_saw_of_the_clock_R8(desk: Desk) -> None:
    """A job's own process begins after the jump and would see none."""
    seen_by_parent = running.steadiness_here()
    desk.clock.wall_jump = timedelta(hours=1)
    assert not seen_by_parent.is_steady()
    runtime.install(runtime.renamed(f"{socket.gethostname()}:4711"))  # what a fork does first
    assert running.steadiness_here() is seen_by_parent
    assert not running.steadiness_here().is_steady()


def test_a_worker_looks_at_the_clock_before_each_job_R8(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    steadiness = running.steadiness_here()
    desk.clock.wall_jump = timedelta(hours=1)
    monkeypatch.setattr(worker.Worker, "execute_job", lambda *_arguments: None)
    looking = object.__new__(worker.QueueWorker)
    looking.execute_job(None, None)  # type: ignore[arg-type]
    desk.clock.wall_jump = timedelta(0)
    assert not steadiness.is_steady()
