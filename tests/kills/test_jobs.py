"""K15 with real processes: no run of the clock is missed or made twice, each payment moves once (R17, R20)."""

from __future__ import annotations

import uuid

import pytest

from tests.kills.blows import Blow
from tests.kills.programs import until
from tests.kills.world import World
from tests.webapp.services.jobs import jobs_desk
from tests.webapp.services.jobs.jobs_desk import cancelled_payment, operations_of, runs
from webapp.models import JobRun
from webapp.services.jobs import making

pytestmark = [pytest.mark.kill, pytest.mark.timeout(180)]
ONE_BY_ONE = "1"  # payments in a transaction, so that two of them make several


@pytest.fixture
def payments(world: World) -> list[uuid.UUID]:
    """Two captured payments of cancelled orders, and of all schedules only the refund job's is due."""
    jobs_desk.plan_only("refund")
    return [cancelled_payment(world.desk, 100 * number) for number in (1, 2)]


def assert_each_refunded_once(world: World, payments: list[uuid.UUID]) -> None:
    """The clock's one run and one by hand have ended; there is one operation for each payment and change (R17)."""
    by_hand = making.run_by_operator("refund", world.desk.shop_id, uuid.uuid4())
    until(lambda: len(runs("refund")) == 2, 30, "the clock's run is made")
    until(lambda: all(run.ended_at for run in runs("refund")), 60, "the runs end")
    (by_clock,) = (run for run in runs("refund") if run.id != by_hand)
    assert (by_clock.request_id, by_clock.failed_by) == (None, None)
    assert [len(operations_of(payment)) for payment in payments] == [1, 1]
    assert [len(world.desk.effects(payment)) for payment in payments] == [1, 1]
    rows = [row.operation for run in runs("refund") for row in jobs_desk.rows(run.id) if row.operation is not None]
    assert sorted(row.id for row in rows) == sorted(operations_of(payment)[0].id for payment in payments)
    assert sum((run.counts or {}).get("test", {}).get("done", 0) for run in runs("refund")) == 2
    world.assert_books_agree()


def kill_the_clock(world: World, payments: list[uuid.UUID], nth: int, made: int) -> None:
    """The scheduler dies; `made` runs are left by it; another one goes on."""
    world.until_dead(world.start("scheduler", Blow("K15", nth)))
    assert len(runs("refund")) == made
    world.start("scheduler")
    world.clerk()
    world.worker()
    until(lambda: runs("refund"), 30, "the clock's run is made")
    assert_each_refunded_once(world, payments)


def kill_the_run(world: World, payments: list[uuid.UUID], nth: int, action: str = "kill") -> JobRun:
    """A worker dies over the clock's run; another one goes on. Answers the run as the dead one left it."""
    making.tick()
    world.worker()
    struck = world.clerk(Blow("K15", nth, action), batch=ONE_BY_ONE)
    world.until_dead(struck)
    (left,) = runs("refund")
    world.start("scheduler")
    world.clerk(batch=ONE_BY_ONE)
    assert_each_refunded_once(world, payments)
    return left


def test_K15_the_scheduler_dies_between_tick_and_insert(world: World, payments: list[uuid.UUID]) -> None:
    kill_the_clock(world, payments, 1, 0)


@pytest.mark.slow
@pytest.mark.parametrize(("nth", "made"), [(2, 0), (3, 1)])
def test_K15_the_scheduler_dies_while_it_inserts(world: World, payments: list[uuid.UUID], nth: int, made: int) -> None:
    """The row is written but not committed, and just after the commit."""
    kill_the_clock(world, payments, nth, made)


@pytest.mark.slow
def test_K15_a_worker_dies_between_take_and_rows(world: World, payments: list[uuid.UUID]) -> None:
    left = kill_the_run(world, payments, 1)
    assert (left.fence, left.cursor, left.found_at) == (1, None, None)


def test_K15_a_worker_dies_among_the_rows(world: World, payments: list[uuid.UUID]) -> None:
    """The second row is written but not committed: the next worker goes on after the first."""
    left = kill_the_run(world, payments, 5)
    assert left.cursor is not None
    assert (left.found, left.found_at) == (2, None)


@pytest.mark.slow
def test_K15_a_worker_dies_before_the_run_is_closed(world: World, payments: list[uuid.UUID]) -> None:
    """Its rows have their outcomes and its counts are not yet fixed."""
    left = kill_the_run(world, payments, 7)
    assert left.found_at is not None
    assert left.ended_at is None


@pytest.mark.slow
@pytest.mark.parametrize("action", ["kill", "orphan"])
@pytest.mark.parametrize("nth", [1, 2, 3, 4, 5, 6])
def test_K15_a_worker_dies_at_each_step(world: World, payments: list[uuid.UUID], nth: int, action: str) -> None:
    """With `orphan` the job's own process lives on after its worker, which makes two of them (R19)."""
    kill_the_run(world, payments, nth, action)


@pytest.mark.slow
def test_K15_two_schedulers_and_two_workers_make_and_run_it_once(world: World, payments: list[uuid.UUID]) -> None:
    for _ in range(2):
        world.start("scheduler")
        world.clerk(poll_s="0.05", batch=ONE_BY_ONE)
    world.worker()
    assert_each_refunded_once(world, payments)
