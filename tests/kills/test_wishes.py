"""T4: a worker dies while it captures, and while a wish of two calls is under way, at providers of both manners."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from providers.lines import OrderLine
from providers.planning import WishKind
from tests.kills.blows import Blow
from tests.kills.wishes import Place, place_at
from tests.kills.world import World
from webapp.domain.operations import OperationState
from webapp.domain.order_lines import LineDraft, line_of

pytestmark = [pytest.mark.kill, pytest.mark.timeout(240)]
PROVIDERS = ("klarna", "svea")
POINTS = ("K4", "K5", "K6", "K7", "K8", "K9", "K10")
TEA = line_of(LineDraft(name="Tea", quantity=Decimal(1), unit_price_minor=90000, tax_rate_bp=2500))
IN_CI = ("K7",)
"""The others are in the soak: each run takes seconds, and CI has minutes."""


def points() -> Sequence[object]:
    """All of them, those that CI has no time for marked as slow."""
    return [point if point in IN_CI else pytest.param(point, marks=pytest.mark.slow) for point in POINTS]


def kill_and_restart(place: Place, payment: uuid.UUID, kind: WishKind, blow: Blow, **more: Any) -> list[uuid.UUID]:
    """One wish, one struck worker, one clean one; the books agree afterwards."""
    world = place.world
    world.start("scheduler")
    if blow.action == "wire":
        world.desk.emulator.latency(500)
    operations = place.ask(payment, kind, **more)
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


@pytest.mark.parametrize("nth", [pytest.param(1, marks=pytest.mark.slow), 2, pytest.param(3, marks=pytest.mark.slow)])
@pytest.mark.parametrize("point", points())
def test_K4_to_K10_the_worker_dies_while_it_credits_delivery_after_delivery_R6(
    world: World, point: str, nth: int
) -> None:
    """Svea takes no keys (C2), and a credit of rows sent twice would be made twice: the rest is released, each
    delivery is credited once, by a task that is followed."""
    place = place_at(world, "svea", task_seconds=5)
    payment = place.delivered_apart()
    operations = kill_and_restart(place, payment, WishKind.CANCEL_OR_REFUND, blow_at(point, nth))
    rows = [world.desk.operation(one) for one in operations]
    assert [(one.kind.value, one.amount_minor) for one in rows] == [
        ("cancel", 5000),
        ("refund", 50000),
        ("refund", 30000),
    ]
    assert len({one.against for one in rows}) == len(rows)
    row = world.desk.row(payment)
    assert (row.captured_minor, row.cancelled_minor, row.refunded_minor) == (80000, 5000, 80000)


@pytest.mark.parametrize(
    ("method", "more"), [("Card", {"settled": True}), pytest.param("DirectBank", {}, marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("point", points())
def test_K4_to_K10_the_worker_dies_while_it_credits_up_to_a_total(
    world: World, point: str, method: str, more: dict[str, Any]
) -> None:
    """`CreditedAmount` is cumulative, and a bank reaches it later: what somebody gave back before is not lost in it."""
    place = place_at(world, "svea", late_credit_seconds=150)
    payment = place.payment(give_back=10000, method=method, state="captured", **more)
    (operation,) = kill_and_restart(place, payment, WishKind.CANCEL_OR_REFUND, blow_at(point))
    assert world.desk.operation(operation).amount_minor == 64900
    assert world.desk.row(payment).refunded_minor == 74900


@pytest.mark.parametrize(
    ("method", "total", "lines"), [pytest.param("Card", 50000, (), marks=pytest.mark.slow), ("Invoice", 90000, (TEA,))]
)
@pytest.mark.parametrize("point", points())
def test_K4_to_K10_the_worker_dies_while_it_changes_the_amount(
    world: World, point: str, method: str, total: int, lines: Sequence[OrderLine]
) -> None:
    """A card goes down by a total of what is cancelled, an invoice goes up by new rows in place of the old."""
    place = place_at(world, "svea")
    payment = place.payment(method=method)
    kill_and_restart(place, payment, WishKind.UPDATE, blow_at(point), amount_minor=total, lines=lines)
    row = world.desk.row(payment)
    assert row.authorised_minor - row.cancelled_minor == total


def blow_at(point: str, nth: int = 1) -> Blow:
    """A kill there; K6 while the request is on the wire."""
    return Blow(point, nth, action="wire" if point == "K6" else "kill")
