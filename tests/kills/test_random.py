"""T4: random kills with Redis emptied, killed and restored old between them, until everything must agree again."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.kills.chaos import Chaos
from tests.kills.reckoning import reckon
from tests.kills.world import World
from tests.mail_catcher import Catcher, running_catcher

pytestmark = [pytest.mark.kill, pytest.mark.timeout(2400)]


@pytest.fixture
def catcher(world: World) -> Iterator[Catcher]:
    with running_catcher() as running:
        world.env["PAYDESK_SMTP_URL"] = running.address
        yield running


def run(world: World, catcher: Catcher, seed: int, kills: int) -> None:
    """`kills` rounds, then a clean restart; prints its figures."""
    chaos = Chaos(world, catcher, seed)
    while chaos.seen["kills"] < kills:
        chaos.round()
    found = reckon(chaos)
    blows, ended = (
        ", ".join(f"{name} {count}" for name, count in sorted(each.items())) for each in (chaos.seen, found)
    )
    database = world.env["PAYDESK_DATABASE_URL"].split(":")[0]
    print(f"\nseed {seed} on {database}: {blows}; in the end {ended}; all agree")  # noqa: T201 - the figures


def test_a_few_random_kills(world: World, catcher: Catcher) -> None:
    """What CI has time for."""
    run(world, catcher, seed=7, kills=2)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [int(os.environ.get("KILLS_SEED", "2026"))])
def test_a_hundred_random_kills(world: World, catcher: Catcher, seed: int) -> None:
    """100 on each database; a seed (KILLS_SEED) repeats the draws, while the machine decides the interleaving."""
    run(world, catcher, seed, kills=int(os.environ.get("KILLS_COUNT", "100")))
