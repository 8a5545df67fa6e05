"""Who takes part in a history."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

from tests.simulation import actors, clockwork, comparing, hooks, lanes, post_office, status_actors
from tests.simulation.restoring import take_backup
from webapp.services.wake_ups import DEFAULT_QUEUE, MONEY_QUEUE

if TYPE_CHECKING:
    from tests.simulation.actors import People
    from tests.simulation.checks import Checks
    from tests.simulation.world import World


def populate(world: World, people: People, checks: Checks) -> None:
    """Start everybody whom the weights ask for."""
    weights = world.weights
    world.bank.troubles.writes, world.bank.troubles.reads = weights.writes, weights.reads
    for number in range(weights.workers):
        _worker(world, f"worker{number}", MONEY_QUEUE)
    world.process("relay", partial(actors.relay, world), 1.0, 30.0)
    actors.wishes(world, people)
    for number in range(weights.reconciliations):
        at = world.random.uniform(0, weights.busy_s)
        world.process(f"reader{number}", partial(actors.reconciler, world), at, 60.0)
    for number in range(weights.portal):
        world.process(f"portal{number}", partial(actors.portal, world), world.random.uniform(0, weights.busy_s))
    for _jump in range(weights.jumps):
        world.process("clock", partial(_jump_clock, world), world.random.uniform(0, weights.busy_s))
    if weights.restore:
        taken = world.random.uniform(0, weights.busy_s * 0.6)
        world.process("backup", partial(take_backup, world, checks), taken)
    _populate_desk(world)


def _populate_desk(world: World) -> None:
    """Messages, jobs and mail, where the history has them."""
    weights = world.weights
    if weights.webhooks is not None:
        _web(world)
    if weights.status_actions:
        status_actors.begin(world)
    if weights.has_runs:
        clockwork.begin(world)
        clockwork.people(world)
    if weights.status_actions and world.random.random() < 0.5:
        world.process("again", partial(status_actors.try_again, world), world.random.uniform(0, weights.busy_s))
    if weights.reconcile:
        comparing.people(world)
    if weights.mails is not None:
        addresses = json.dumps(post_office.RECIPIENTS[: weights.addresses])
        world.database.rows("update shops set failure_emails = ?", (addresses,))
    if weights.has_runs or weights.mails is not None:
        for number in range(weights.schedulers):
            world.process(f"scheduler{number}", partial(clockwork.scheduler, world), world.random.uniform(0, 5), 60.0)
    for number in range(weights.clerks if weights.has_desk_work else 0):
        _worker(world, f"clerk{number}", DEFAULT_QUEUE)


def _worker(world: World, name: str, queue: str) -> None:
    body = partial(lanes.worker, world, world.lanes[queue])
    world.process(name, body, world.random.uniform(0, 5), 120.0)


def _web(world: World) -> None:
    weights = world.weights
    hooks.begin(world)
    others = [hooks.forging] * weights.forgeries + [hooks.stray] * weights.stray
    others += [one for one in (hooks.out_of_order, hooks.process_again) if world.random.random() < 0.3]
    for number, actor in enumerate(others):
        world.process(f"other{number}", partial(actor, world), world.random.uniform(0, weights.busy_s * 0.7))


def _jump_clock(world: World) -> None:
    world.faults["clock_jump"] += 1
    world.time.ahead_s += world.random.choice((-3600.0, 3600.0))
