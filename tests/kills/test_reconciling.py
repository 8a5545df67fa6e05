"""R28 with real programs: the clock makes a comparison, Redis hands it over, a worker's own process carries it out."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence

import pytest

from tests.kills import ageing
from tests.kills.blows import Blow
from tests.kills.programs import until
from tests.kills.world import World
from tests.webapp.services.cases.cases_desk import movements, refunded, shows_the_past, standing
from tests.webapp.services.jobs import jobs_desk
from tests.webapp.services.jobs.jobs_desk import codes, runs, the_run
from webapp.domain.cases import CaseKind, CaseState
from webapp.models import JobRun
from webapp.services.jobs import making
from webapp.services.unit_of_work import in_transaction

pytestmark = [pytest.mark.kill, pytest.mark.timeout(180)]
JOB = "reconcile"
BY_REDIS_ALONE = "600"  # seconds between two looks of the poller
SLOW_MS = 1500
PAUSE_S = 0.2


@pytest.fixture(autouse=True)
def due(world: World) -> None:
    """Of all schedules only this job's is due."""
    jobs_desk.plan_only(JOB)


def payments(world: World, count: int) -> list[uuid.UUID]:
    """So many captured payments that are due; of the first one somebody has given back 500 in the portal since."""
    with world.a_while_ago():
        made = [world.desk.payment(3300) for _ in range(count)]
    world.desk.emulator.portal(world.desk.row(made[0]).provider_ref, "refund", amount_minor=500)
    return made


def ended(count: int = 1) -> Sequence[JobRun]:
    """The runs, once there are so many and all have ended; time passes for our rows meanwhile, not for the provider."""

    def all_ended() -> bool:
        time.sleep(PAUSE_S)
        in_transaction(ageing.age)
        found = runs(JOB)
        return len(found) == count and all(run.ended_at for run in found)

    until(all_ended, 60, f"{count} runs end")
    return runs(JOB)


def by_hand(world: World) -> JobRun:
    """One more run, asked for by a person and carried out by the worker that is there."""
    run_id = making.run_by_operator(JOB, world.desk.shop_id, uuid.uuid4())
    until(lambda: the_run(run_id).ended_at, 60, "the run by hand ends")
    return the_run(run_id)


def assert_booked_once(world: World, payment: uuid.UUID) -> None:
    """As a movement made outside, which no operation of ours has made."""
    (booked,) = movements(payment, "refund")
    assert (booked.amount_minor, booked.operation_id) == (500, None)
    assert world.desk.row(payment).refunded_minor == 500
    world.assert_books_agree()


def test_from_the_clock_over_redis_to_the_end_a_portals_refund_is_booked_once(world: World) -> None:
    moved, _agrees = payments(world, 2)
    world.start("scheduler")
    world.clerk(poll_s=BY_REDIS_ALONE)
    (run,) = ended()
    assert (run.request_id, run.failed_by, run.result) == (None, None, "2")
    assert (codes(run.id), run.counts) == (["booked_outside"], {"test": {"done": 1}})
    again = by_hand(world)
    assert (again.result, codes(again.id)) == ("2", [])
    assert_booked_once(world, moved)


def test_what_two_reads_miss_becomes_a_case_and_a_later_run_closes_it(world: World) -> None:
    with world.a_while_ago():
        payment, _operation = refunded(world.desk)
    shows_the_past(world.desk)
    world.start("scheduler")
    world.clerk()
    (run,) = ended()
    assert standing(payment) == [(CaseKind.OURS_MISSING, CaseState.OPEN)]
    assert (run.result, codes(run.id)) == ("1", ["cases"])
    assert world.desk.row(payment).frozen_reason is not None
    world.desk.emulator.clear_faults()
    by_hand(world)
    assert standing(payment) == [(CaseKind.OURS_MISSING, CaseState.CLOSED)]
    assert world.desk.row(payment).frozen_at is None
    world.assert_books_agree()


def test_a_provider_that_is_down_is_said_and_nothing_else_changes(world: World) -> None:
    """The run ends, its rows have failed, and what was not read stays due."""
    moved, other = payments(world, 2)
    before = [world.desk.row(one).compare_at for one in (moved, other)]
    world.desk.emulator.fault("error_before", "read", status=503)
    world.start("scheduler")
    world.clerk()
    (run,) = ended()
    assert (run.failed_by, run.result, codes(run.id)) == (None, "0", ["unclear"] * 2)
    assert run.counts == {"test": {"failed": 2}}
    assert [world.desk.row(one).compare_at for one in (moved, other)] == before
    assert (movements(moved, "refund"), standing(moved)) == ([], [])
    world.desk.emulator.clear_faults()
    assert by_hand(world).result == "2"
    assert_booked_once(world, moved)


@pytest.mark.slow
def test_two_runs_at_once_book_what_both_have_read_once_R33(world: World) -> None:
    made = payments(world, 8)
    world.desk.emulator.latency(SLOW_MS)
    making.tick()
    asked = making.run_by_operator(JOB, world.desk.shop_id, uuid.uuid4())
    world.start("scheduler")
    for _ in range(2):
        world.clerk(lease_s="60")
    first, second = sorted(ended(2), key=lambda run: run.started_at)
    world.desk.emulator.latency(0)
    assert asked in {first.id, second.id}
    assert second.started_at < first.ended_at, "they were not under way at once"
    assert [run.failed_by for run in (first, second)] == [None, None]
    assert the_run(asked).result == "8"
    assert codes(first.id) + codes(second.id) == ["booked_outside"]
    assert_booked_once(world, made[0])


@pytest.mark.slow
@pytest.mark.parametrize("nth", [2, 3, 4, 5])
def test_K15_a_worker_dies_at_each_step_of_a_comparison(world: World, nth: int) -> None:
    """Another one goes on with the run, and what it reads again is not booked again."""
    moved, _other = payments(world, 2)
    making.tick()
    world.until_dead(world.clerk(Blow("K15", nth)))
    world.start("scheduler")
    world.clerk()
    (run,) = ended()
    assert (run.failed_by, run.result, codes(run.id)) == (None, "2", ["booked_outside"])
    assert_booked_once(world, moved)
