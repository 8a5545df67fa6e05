"""The scheduler's part in a history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from webapp.services.mails import failures

if TYPE_CHECKING:
    from tests.simulation.world import World

LONGEST_PAUSE_S = 3 * 3600.0


def scheduler(world: World) -> None:
    """What `tasks.scheduler` does round by round; any number of them may run."""
    pause = 0.0
    while True:
        failures.make_due()
        pause = min(max(pause * 1.5, 60.0), LONGEST_PAUSE_S) if world.calm else world.random.uniform(10.0, 120.0)
        world.scheduler.sleep(pause)
