"""T4: a worker dies while it captures, and while a wish of two calls is under way, at providers of both manners."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import pytest

from providers.planning import WishKind
from tests.kills.blows import Blow
from tests.kills.wishes import Place, place_at
from tests.kills.world import World
from webapp.domain.operations import OperationState

pytestmark = [pytest.mark.kill, pytest.mark.timeout(240)]
PROVIDERS = ("klarna", "svea")
POINTS = ("K4", "K5", "K6", "K7", "K8", "K9", "K10")
IN_CI = ("K7",)
"""The others are in the soak: each run takes seconds, and CI has minutes."""


def points() -> Sequence[object]:
    """All of them, those that CI has no time for marked as slow."""
    return [point if point in IN_CI else pytest.param(point, marks=pytest.mark.slow) for point in POINTS]


def kill_and_restart(place: Place, payment: uuid.UUID, kind: WishKind, blow: Blow) -> list[uuid.UUID]:
    """One wish, one struck worker, one clean one; the books agree afterwards."""
    world = place.world
    world.start("scheduler")
    if blow.action == "wire":
        world.desk.emulator.latency(500)
    operations = place.ask(payment, kind)
    world.until_dead(world.worker(blow))
    world.desk.emulator.latency(0)
    world.worker()
    world.until_quiet(60)
    assert {world.desk.operation(one).state for one in operations} == {OperationState.SUCCEEDED}
    world.assert_books_agree()
    return operations


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("point", points())
def test_K4_to_K10_the_worker_dies_while_it_captures(world: World, provider: str, point: str) -> None:
    """Klarna by its key, Svea by what it shows (C2): one capture of everything."""
    place = place_at(world, provider)
    payment = place.payment()
    kill_and_restart(place, payment, WishKind.CAPTURE, blow_at(point))
    row = world.desk.row(payment)
    assert (row.captured_minor, row.cancelled_minor) == (74900, 0)


@pytest.mark.parametrize("nth", [1, pytest.param(2, marks=pytest.mark.slow)])
@pytest.mark.parametrize("point", points())
def test_K4_to_K10_the_worker_dies_within_a_wish_of_two_calls_R6(world: World, point: str, nth: int) -> None:
    """The rest of a part-captured order is released first, then what was captured goes back: each once."""
    place = place_at(world, "klarna")
    payment = place.payment(capture=50000)
    operations = kill_and_restart(place, payment, WishKind.CANCEL_OR_REFUND, blow_at(point, nth))
    assert len(operations) == 2
    row = world.desk.row(payment)
    assert (row.cancelled_minor, row.refunded_minor) == (24900, 50000)


def blow_at(point: str, nth: int = 1) -> Blow:
    """A kill there; K6 while the request is on the wire."""
    return Blow(point, nth, action="wire" if point == "K6" else "kill")
