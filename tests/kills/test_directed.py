"""T4: a real process dies, or is frozen, at each kill point of money-safety section 11; then a clean restart."""

from __future__ import annotations

import os
import signal
import time
import uuid
from pathlib import Path

import pytest

from providers.kinds import OperationKind
from tests.kills.blows import Blow
from tests.kills.programs import until
from tests.kills.world import World
from webapp.domain.operations import OperationState

pytestmark = [pytest.mark.kill, pytest.mark.timeout(180)]
REFUND, CANCEL, CAPTURE = OperationKind.REFUND, OperationKind.CANCEL, OperationKind.CAPTURE
LEASE_S = 2.0


def kill_and_restart(world: World, kind: OperationKind, blow: Blow, fault: str | None = None) -> uuid.UUID:
    """One operation, one struck worker, one clean one; the books agree afterwards."""
    world.start("scheduler")
    payment = world.payment(kind)
    if fault is not None:
        world.desk.emulator.fault(fault, call=kind.value, times=1, seconds=0.05)
    if blow.action == "wire":
        world.desk.emulator.latency(500)
    operation = world.ask(payment, kind)
    world.until_dead(world.worker(blow))
    world.desk.emulator.latency(0)
    world.worker()
    world.until_quiet()
    assert world.desk.operation(operation).state is OperationState.SUCCEEDED
    world.assert_books_agree()
    return operation


@pytest.mark.parametrize("kind", [REFUND])
def test_K1_dies_before_the_creating_commit(world: World, kind: OperationKind) -> None:
    """Nothing exists, nothing is reserved; the same form then makes one operation."""
    payment, request = world.payment(kind), uuid.uuid4()
    died = world.file(payment, kind, request, Blow("K1"))
    assert died.struck
    row = world.desk.row(payment)
    assert (row.refund_reserved_minor, row.cancel_reserved_minor) == (0, 0)
    world.start("scheduler")
    world.worker()
    assert world.file(payment, kind, request, None).answer
    world.until_quiet()
    world.assert_books_agree()


@pytest.mark.parametrize("kind", [CANCEL])
def test_K2_dies_after_the_creating_commit(world: World, kind: OperationKind) -> None:
    """The same form sent again finds the operation (R16)."""
    payment, request = world.payment(kind), uuid.uuid4()
    died = world.file(payment, kind, request, Blow("K2"))
    assert died.struck
    again = uuid.UUID(world.file(payment, kind, request, None).answer)
    assert world.desk.operation(again).request_id == request
    world.worker()  # no relay ever told it: the poll finds the row (I10)
    world.until_quiet()
    assert world.attempts(again) == 1
    world.assert_books_agree()


@pytest.mark.parametrize("nth", [1, 2])
def test_K3_the_relay_dies_while_it_publishes(world: World, nth: int) -> None:
    """Before or after the word reached Redis; a second word changes nothing (R18)."""
    operation = world.ask(world.payment(REFUND), REFUND, 1100)
    world.until_dead(world.start("scheduler", Blow("K3", nth)))
    assert not world.published(operation)
    world.start("scheduler")
    until(lambda: world.published(operation), 20, "the word is published again")
    world.worker()
    world.until_quiet()
    assert world.attempts(operation) == 1
    world.assert_books_agree()


@pytest.mark.parametrize(
    ("point", "kind"),
    [("K4", REFUND), ("K5", CANCEL), ("K6", REFUND), ("K7", CANCEL), ("K8", REFUND), ("K9", CANCEL)],
)
def test_K4_to_K9_the_worker_dies_while_it_sends(world: World, point: str, kind: OperationKind) -> None:
    """Whatever it had done, the restart brings exactly one effect."""
    action = "wire" if point == "K6" else "kill"
    operation = kill_and_restart(world, kind, Blow(point, action=action))
    assert world.attempts(operation) <= 2


@pytest.mark.parametrize(("nth", "kind"), [(1, REFUND), (2, CANCEL)])
def test_K10_the_worker_dies_while_it_looks_up(world: World, nth: int, kind: OperationKind) -> None:
    """Before and after the read; nothing changes, and it goes on."""
    kill_and_restart(world, kind, Blow("K10", nth), fault="timeout_before" if nth == 1 else "timeout_after")


@pytest.mark.parametrize(("point", "kind"), [("K5", REFUND), ("K6", CANCEL), ("K7", REFUND)])
def test_K11_a_worker_frozen_past_its_lease_changes_nothing(world: World, point: str, kind: OperationKind) -> None:
    """Another one takes over; what wakes writes zero rows (I11) and sends nothing any more (R9)."""
    freeze_and_wake(world, kind, point)


def freeze_and_wake(world: World, kind: OperationKind, point: str) -> None:
    """Freeze at a point outside of a transaction, let another worker finish, wake the first."""
    world.start("scheduler")
    operation = world.ask(world.payment(kind), kind)
    frozen = world.worker(Blow(point, action="stop"), lease_s=str(LEASE_S))
    world.until_struck(frozen)
    world.worker(lease_s=str(LEASE_S))
    world.until_quiet()
    ended = world.desk.operation(operation)
    assert ended.state is OperationState.SUCCEEDED
    assert frozen.struck is not None
    os.kill(int(frozen.struck.split()[1]), signal.SIGCONT)
    time.sleep(1)
    after = world.desk.operation(operation)
    assert (after.fence, after.state_since, after.ended_at) == (ended.fence, ended.state_since, ended.ended_at)
    world.assert_books_agree()


def test_K12_two_workers_meet_one_claim(world: World) -> None:
    """One of them wins each operation (R8)."""
    world.start("scheduler")
    for _ in range(2):
        world.worker(poll_s="0.02")
    operations = [world.ask(world.payment(REFUND), REFUND, 1100) for _ in range(8)]
    world.until_quiet()
    assert [world.attempts(operation) for operation in operations] == [1] * 8
    world.assert_books_agree()


@pytest.mark.parametrize("jump_s", [3600, -3600])
def test_K12_a_jump_of_the_clock_stops_sends_for_a_while(world: World, tmp_path: Path, jump_s: int) -> None:
    """The whole worker sees it, jobs that are forked later included (R8)."""
    jump = tmp_path / "jump"
    world.start("scheduler")
    world.worker(jump_file=str(jump), pause_s="4")
    world.ask(world.payment(REFUND), REFUND, 1100)
    world.until_quiet()
    time.sleep(3)  # the poller is a process of its own and remembers the clock from its own first look
    jump.write_text(str(jump_s))
    operation = world.ask(world.payment(REFUND), REFUND, 1100)
    began = time.monotonic()
    while time.monotonic() < began + 2:
        assert world.attempts(operation) == 0
        time.sleep(0.2)
    world.until_quiet()
    assert time.monotonic() > began + 3.5
    assert world.attempts(operation) == 1
    world.assert_books_agree()
