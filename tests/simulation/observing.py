"""What happens to a process at each named moment: killed, frozen, held up, or its disk full."""

from __future__ import annotations

import sqlite3
import uuid
from typing import TYPE_CHECKING

from sqlalchemy.exc import OperationalError

from providers.port import WireCall
from tests.simulation.scheduler import Killed
from webapp.services.kill_points import KillPoint

if TYPE_CHECKING:
    from tests.simulation.world import World

FROZEN_S = ((6.0, 60.0), (125.0, 400.0), (400.0, 1500.0))


class Observing:
    """The observer of `kill_points`, and the `Wire` of every adapter."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.script: dict[KillPoint, list[str]] = {}  # what directed tests want: "kill", "freeze", ""

    def __call__(self, point: KillPoint) -> None:
        """A process reaches a named point."""
        world = self._world
        if world.scheduler.current is None:
            return
        self.maybe_kill(point)
        if world.database.in_transaction:
            self._maybe_disk_full(point)
            return
        wanted = world.weights.freeze_only in {"", point.value}
        if wanted and not world.calm and world.random.random() < world.weights.freeze:
            self._freeze(point)
        self._hold_up()

    def maybe_kill(self, point: KillPoint) -> None:
        """End the process here, by chance or by order."""
        world = self._world
        if world.calm or sum(world.kills.values()) >= world.weights.most_kills:
            return
        if world.random.random() < world.weights.kill:
            world.kills[point.value] += 1
            raise Killed(point.value)

    def preparing(self) -> None:
        """Between claim and commit: a process may be lost or frozen here too (K4)."""
        self(KillPoint.CLAIMED)

    def leaving(self, call: WireCall | None) -> None:
        """The bytes are on the way; R27's freeze between R9's check and the socket happens here."""
        if call is not None and self._world.scheduler.current is not None:
            self._check_commit_first(call)
        self(KillPoint.LOOKING_UP if call is None else KillPoint.ON_THE_WIRE)

    def returning(self, call: WireCall | None) -> None:
        """The answer is on its way back."""
        self(KillPoint.LOOKING_UP if call is None else KillPoint.ANSWER_READ)

    def hanging(self) -> None:
        """No answer comes until the caller's own deadline."""
        if self._world.scheduler.current is not None:
            self._world.scheduler.sleep(self._world.random.uniform(5.0, 44.0))

    def _check_commit_first(self, call: WireCall) -> None:
        """I4: the row that describes the call is committed, and nothing is open."""
        world = self._world
        if world.database.in_transaction:
            world.say("I4: a call starts inside a transaction")
        values = (uuid.UUID(call.operation_id).hex, call.key)
        if not world.database.rows("select 1 from attempts where operation_id = ? and key = ?", values):
            world.say(f"I4: a call for {call.operation_id} starts before its row is committed")

    def _maybe_disk_full(self, point: KillPoint) -> None:
        world = self._world
        if point is KillPoint.INSIDE_RESULT and not world.calm and world.random.random() < world.weights.disk_full:
            world.faults["disk_full"] += 1
            raise OperationalError("result", {}, sqlite3.OperationalError("database or disk is full"))

    def _freeze(self, point: KillPoint) -> None:
        world = self._world
        shortest, longest = world.random.choice(FROZEN_S)
        if point is KillPoint.ON_THE_WIRE:
            longest = min(longest, world.weights.most_wire_freeze_s)
            shortest = min(shortest, longest)
        world.faults[f"frozen_{point.value}"] += 1
        world.scheduler.sleep(world.random.uniform(shortest, longest))

    def _hold_up(self) -> None:
        world = self._world
        chance = world.random.random()
        if chance < 0.4:
            return
        world.scheduler.sleep(world.random.uniform(0.0, 1.0 if chance < 0.9 else 4.0))
