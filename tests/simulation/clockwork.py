"""Schedulers, and people who change statuses, ask for runs and stop what runs have asked for (R17, R20, K15)."""

from __future__ import annotations

import uuid
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from tests.simulation import status_actors
from tests.simulation.database import template
from webapp.models import StatusKind, Via
from webapp.services import runtime
from webapp.services.audit import Actor
from webapp.services.errors import RuleBroken
from webapp.services.jobs import closing, making, schedules
from webapp.services.jobs.catalogue import CANCEL, LOOK_UP, ORDER_STATUS, RECONCILE, REFUND
from webapp.services.mails import failures
from webapp.services.operations import stopping
from webapp.services.orders import statuses

if TYPE_CHECKING:
    from tests.simulation.world import World

CALM_EVERY_S = 6 * 3600
LONGEST_PAUSE_S = 3 * 3600.0


def begin(world: World) -> None:
    """Give the shop its schedules; jobs that this history has no work for are left out."""
    with runtime.using(world.runtime("setup")):
        schedules.ensure()
    jobs = _jobs(world)
    world.database.rows(f"update schedules set enabled = job in ({', '.join('?' * len(jobs))})", jobs)
    _every(world, world.weights.job_every_s)


def _jobs(world: World) -> tuple[str, ...]:
    weights = world.weights
    chosen = ((CANCEL, weights.jobs), (REFUND, weights.jobs))
    chosen += ((ORDER_STATUS, weights.status_actions), (RECONCILE, weights.reconcile))
    return tuple(job for job, is_wanted in chosen if is_wanted)


def slow_down(world: World) -> None:
    """The busy time is over: an admin lets the jobs run a few times a day."""
    _every(world, CALM_EVERY_S)


def _every(world: World, seconds: int) -> None:
    world.database.rows("update schedules set interval_s = ? where enabled", (seconds,))


def scheduler(world: World) -> None:
    """What `tasks.scheduler` does round by round, each only where a plain look finds something; any number may run."""
    pause = 0.0
    while True:
        if world.database.has_due("schedules where enabled and next_due_at", world.time.host()):
            making.tick()
        if world.database.rows("select 1 from job_runs where ended_at is null limit 1"):
            closing.close_finished()
        if world.database.rows("select 1 from failure_notices where handled_at is null limit 1"):
            failures.make_due()
        pause = min(max(pause * 1.5, 60.0), LONGEST_PAUSE_S) if world.calm else world.random.uniform(10.0, 120.0)
        world.scheduler.sleep(pause)


def people(world: World) -> None:
    """Plan what people do around the jobs."""
    weights = world.weights
    change = status_actors.change_status if weights.status_actions else change_status
    for number in range(weights.status_changes if weights.jobs or weights.status_actions else 0):
        world.process(f"status{number}", partial(change, world), world.random.uniform(0, weights.busy_s))
    for number in range(weights.hand_runs):
        job, request_id = world.random.choice(_by_hand(world)), uuid.uuid4()
        at = weights.job_every_s * world.random.randint(0, 3) + world.random.uniform(0.0, 5.0)
        for copy in range(1 + (world.random.random() < weights.double_submit)):
            world.process(f"hand{number}{'ab'[copy]}", partial(_run_now, world, job, request_id), at, 60.0)
    for number in range(round(weights.status_changes * weights.stop * 10)):
        world.process(f"stop{number}", partial(stop_one, world), world.random.uniform(0, weights.busy_s))


def _by_hand(world: World) -> tuple[str, ...]:
    jobs = _jobs(world)
    return (CANCEL, REFUND, REFUND, LOOK_UP) if jobs == (CANCEL, REFUND) else (*jobs, LOOK_UP)


def change_status(world: World) -> None:
    """Somebody cancels the order, so that the jobs act, or takes that back."""
    here = template()
    ((kind,),) = world.database.rows(
        "select s.kind from orders o join order_statuses s on s.id = o.status_id where o.id = ?", (here.order_id.hex,)
    )
    wanted = StatusKind.PAID if kind == StatusKind.CANCELLED.value else StatusKind.CANCELLED
    ((status_id,),) = world.database.rows(
        "select id from order_statuses where shop_id = ? and kind = ?", (here.shop_id.hex, wanted.value)
    )
    actor = Actor(here.user_id, Via.WEB)
    statuses.set_status(
        statuses.Setting(actor=actor, shop_ids=[here.shop_id], order_id=here.order_id, status_id=uuid.UUID(status_id))
    )


def _run_now(world: World, job: str, request_id: uuid.UUID) -> None:
    here = template()
    run_id = making.ask(Actor(here.user_id, Via.WEB), job, here.shop_id, request_id)
    world.runs_by_hand.setdefault(request_id, set()).add(run_id)


def stop_one(world: World) -> None:
    """Somebody stops what a job has asked for, if it was not sent yet."""
    here = template()
    rows = world.database.rows("select id from operations where requested_via = 'job' and ended_at is null order by id")
    if rows:
        operation_id = uuid.UUID(world.random.choice(rows)[0])
        with suppress(RuleBroken):
            stopping.stop(operation_id, [here.shop_id], Actor(here.user_id, Via.WEB), may_stop_any=True)
