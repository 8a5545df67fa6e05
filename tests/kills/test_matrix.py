"""T4 in full: every worker's kill point x kind x manner of death, and freezes inside transactions too."""

from __future__ import annotations

import os
import signal
import time

import pytest

from providers.kinds import OperationKind
from tests.kills.blows import Blow
from tests.kills.programs import until
from tests.kills.test_directed import LEASE_S, freeze_and_wake, kill_and_restart
from tests.kills.world import World
from webapp.domain.operations import OperationState

pytestmark = [pytest.mark.kill, pytest.mark.slow]
KINDS = [OperationKind.CAPTURE, OperationKind.CANCEL, OperationKind.REFUND]  # what the provider of these runs does
LOOKED_UP = {("K10", 1): "timeout_before", ("K10", 2): "timeout_after"}
STRUCK = [("K4", 1), ("K5", 1), ("K6", 1), ("K7", 1), ("K8", 1), ("K9", 1), ("K10", 1), ("K10", 2)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("point", "nth"), STRUCK)
@pytest.mark.parametrize("action", ["kill", "orphan"])
def test_each_point_and_manner_of_death(world: World, kind: OperationKind, point: str, nth: int, action: str) -> None:
    """With `orphan` the job's own process lives on after its worker, which makes two of them (R19)."""
    kill_and_restart(world, kind, Blow(point, nth, action), LOOKED_UP.get((point, nth)))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seconds", [0.05, 0.3])
def test_dies_while_the_request_is_on_the_wire(world: World, kind: OperationKind, seconds: float) -> None:
    """K6: the effect is made after the death."""
    kill_and_restart(world, kind, Blow("K6", action="wire", seconds=seconds))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("point", ["K5", "K6", "K7"])
def test_each_freeze_outside_of_a_transaction(world: World, kind: OperationKind, point: str) -> None:
    """K11."""
    freeze_and_wake(world, kind, point)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("point", ["K4", "K8"])
def test_each_freeze_inside_a_transaction(world: World, kind: OperationKind, point: str) -> None:
    """K11: the frozen one holds its row, so nobody passes it; awake again it writes or loses, never both."""
    world.start("scheduler")
    operation = world.ask(world.payment(kind), kind)
    frozen = world.worker(Blow(point, action="stop"), lease_s=str(LEASE_S))
    until(lambda: frozen.struck, 30, "the blow falls")  # no time is passed: SQLite lets nobody write now
    world.worker(lease_s=str(LEASE_S))
    time.sleep(LEASE_S + 0.5)
    assert frozen.struck is not None
    os.kill(int(frozen.struck.split()[1]), signal.SIGCONT)
    world.until_quiet()
    assert world.desk.operation(operation).state is OperationState.SUCCEEDED
    time.sleep(0.5)
    world.assert_books_agree()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fault", ["late_effect", "error_after", "cut_body", "running", "refuse_repeat"])
def test_dies_after_the_answer_of_a_provider_that_misbehaves(world: World, kind: OperationKind, fault: str) -> None:
    """K7 and K10 meet the faults of T1; the look-up that follows dies as well."""
    world.start("scheduler")
    world.desk.emulator.fault(fault, call=kind.value, times=1, seconds=61)
    operation = world.ask(world.payment(kind), kind)
    for blow in (Blow("any", 4), Blow("any", 2)):
        struck = world.worker(blow)
        try:
            world.until_struck(struck, 6)
        except AssertionError:
            assert not world.desk.operation(operation).due_at, world.tell()  # it had ended before the blow
        struck.kill()
    world.worker()
    world.until_quiet()
    world.assert_books_agree()
