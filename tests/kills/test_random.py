"""T4: random kills with Redis flushes and kills between them, until the books must agree again."""

from __future__ import annotations

import os
import random
import time
import uuid
from collections import Counter

import pytest

from providers.kinds import OperationKind
from tests.kills.blows import ANY, Blow
from tests.kills.world import World
from webapp.services.errors import RuleBroken

pytestmark = [pytest.mark.kill, pytest.mark.timeout(1800)]
FAULTS = ("timeout_before", "timeout_after", "late_effect", "error_before", "error_after", "cut_body", "running")
KINDS = (OperationKind.REFUND, OperationKind.REFUND, OperationKind.CANCEL, OperationKind.CAPTURE)
BY_HAND = 0.2
PATIENCE_S = 4.0


class Chaos:
    """One seeded run."""

    def __init__(self, world: World, seed: int) -> None:
        self.world, self.random, self.seen = world, random.Random(seed), Counter[str]()
        self.payments: list[tuple[uuid.UUID, OperationKind]] = []

    def round(self) -> None:
        """File, misbehave, strike, and do something to Redis."""
        self._file()
        if self.random.random() < 0.5:
            kind = self.random.choice(FAULTS)
            times = self.random.randint(1, 2)
            self.world.desk.emulator.fault(kind, times=times, seconds=0.1 if kind.startswith("time") else 61)
            self.seen[f"fault {kind}"] += times
        self._strike()
        self._redis()

    def _file(self) -> None:
        self.world.desk.emulator.clear_faults()  # a payment is taken in by this process, which is not under test
        for _ in range(self.random.randint(1, 3)):
            kind = self.random.choice(KINDS)
            usable = [payment for payment, of in self.payments if of is kind and kind is OperationKind.REFUND]
            if usable and self.random.random() < 0.6:
                payment = self.random.choice(usable)
            else:
                payment = self.world.payment(kind)
                self.payments.append((payment, kind))
            try:
                amount = self.random.choice([None, 500, 1100]) if kind is OperationKind.REFUND else None
                self.world.ask(payment, kind, amount)
                self.seen["operations"] += 1
            except RuleBroken:
                self.seen["refused wishes"] += 1

    def _strike(self) -> None:
        action = self.random.choice(["kill", "kill", "kill", "orphan", "wire"])
        blow = Blow(ANY, self.random.randint(1, 8), action)
        role = "scheduler" if self.random.random() < 0.15 else "worker"
        struck = self.world.worker(blow) if role == "worker" else self.world.start(role, Blow("K3"))
        until = time.monotonic() + PATIENCE_S
        while struck.runs and time.monotonic() < until:
            time.sleep(0.25)
            self.world.pass_time()
        self.seen[f"killed at {struck.struck.split()[0]}" if struck.struck else "killed from outside"] += 1
        self.seen["kills"] += 1
        if action != "orphan":
            struck.kill()

    def _redis(self) -> None:
        drawn = self.random.random()
        if drawn < BY_HAND:
            self.world.redis.flush()
            self.seen["Redis flushed"] += 1
        elif drawn < BY_HAND * 2:
            self.world.redis.kill()
            self.world.redis.start()
            self.seen["Redis killed"] += 1


def run(world: World, seed: int, kills: int) -> None:
    """`kills` rounds, then a clean restart; prints its figures."""
    chaos = Chaos(world, seed)
    world.start("scheduler")
    while chaos.seen["kills"] < kills:
        chaos.round()
        if not any(program.role == "scheduler" and program.runs for program in world.programs):
            world.start("scheduler")
    world.desk.emulator.clear_faults()
    world.worker()
    world.until_quiet(180, review_too=True)  # I12: a provider that goes on misbehaving leaves some to people
    world.assert_books_agree()
    figures = ", ".join(f"{name} {count}" for name, count in sorted(chaos.seen.items()))
    print(f"\nseed {seed} on {world.env['PAYDESK_DATABASE_URL'].split(':')[0]}: {figures}; books agree")  # noqa: T201


def test_a_few_random_kills(world: World) -> None:
    """What CI has time for."""
    run(world, seed=7, kills=3)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [int(os.environ.get("KILLS_SEED", "2026"))])
def test_a_hundred_random_kills(world: World, seed: int) -> None:
    """100 on each database; a seed repeats the draws, while the machine decides the interleaving."""
    run(world, seed, kills=100)
