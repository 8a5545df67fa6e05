"""The power fails, and a backup is put in place of the database (K20, R29)."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from tests.simulation.checks import Checks
from tests.simulation.database import template
from tests.simulation.world import World
from webapp.models import Via
from webapp.services import recovery, runtime
from webapp.services.audit import Actor
from webapp.services.errors import RuleBroken


def take_backup(world: World, checks: Checks) -> None:
    """A backup now, and its restore up to half the busy time later, by the one who drives the history."""
    image, taken_at = world.database.image(), world.time.host()
    known = {row[0] for row in world.database.rows("select id from operations")}
    world.scheduler.sleep(world.random.uniform(1.0, world.weights.busy_s / 2))
    world.restore_now = partial(_restore, world, checks, image, taken_at, known)


def _restore(world: World, checks: Checks, image: bytes, taken_at: datetime, known: set[str]) -> None:
    """Everything dies, the past comes back; what was asked since then is forgotten here, but not at the bank."""
    world.faults["restore"] += 1
    world.kill_all()
    world.truth.forgotten |= {row[0] for row in world.database.rows("select id from operations")} - known
    world.database.restore(image)
    checks.forget()
    with runtime.using(world.runtime("operator")):
        recovery.enter(taken_at, operator())
    world.process("operator", partial(reopen, world), world.random.uniform(1.0, 1200.0), 60.0)


def operator() -> Actor:
    """The person at the command line."""
    return Actor(template().user_id, Via.SYSTEM)


def reopen(world: World) -> None:
    """Compare until all payments were read, then open."""
    while True:
        try:
            list(recovery.compare())
            recovery.leave(operator())
        except RuleBroken as refusal:
            if refusal.code == "not_in_recovery":
                return
            world.scheduler.sleep(30.0)
        else:
            return
