"""The desk's queues: what Redis holds for each, and when a waiting worker looks by itself (R18, R19)."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.simulation.scheduler import Process
from webapp.services import wake_ups
from webapp.services.jobs import making
from webapp.services.jobs import running as job_runs
from webapp.services.mails import failures, queueing, sending
from webapp.services.operations import running
from webapp.services.wake_ups import DEFAULT_QUEUE, MONEY_QUEUE, Word
from webapp.services.webhooks import processing, receiving

if TYPE_CHECKING:
    from tests.simulation.world import World

POLL_S = 15.0
TASKS: Mapping[str, Callable[[uuid.UUID], object]] = {
    wake_ups.RUN_OPERATION: running.run_operation,
    receiving.PROCESS: processing.process,
    making.RUN_JOB: job_runs.run_job,
    queueing.SEND: sending.send,
}
"""What the names in words mean; the tasks of production do the same in an application's context."""
SWEEPS: Mapping[str, Callable[[], int]] = {
    "job_runs where ended_at is null": job_runs.run_due,
    "webhook_messages where state = 'waiting'": processing.run_due,
    "failure_notices where handled_at is null": failures.make_due,
    "mails where due_at is not null": sending.run_due,
}
"""Where a sweep of the default queue finds something -> the sweep."""


@dataclass
class Lane:
    """One queue with the workers that wait for it."""

    queue: str
    words: list[Word] = field(default_factory=list)
    parked: list[Process] = field(default_factory=list)
    _work_at: float | None = None
    _seen_changes: int = -1

    def poll(self, world: World) -> None:
        """What a worker finds in the database alone; money one row at a time, so that others come between.

        The other sweeps are those of `tasks.sweep`, each only where a plain look finds something: histories are many.
        """
        if self.queue == MONEY_QUEUE:
            running.run_oldest()
            return
        for rows, sweep in SWEEPS.items():
            if world.database.rows(f"select 1 from {rows} limit 1"):
                sweep()

    def next_work(self, world: World) -> float | None:
        """When a waiting worker finds something: at once for a word, within a poll for what is due."""
        if not self.parked:
            return None
        if self.words:
            return world.time.seconds
        if world.database.changes != self._seen_changes:
            self._seen_changes = world.database.changes
            self._work_at = self._due(world, world.random.choice((0.1, world.random.uniform(0.0, POLL_S))))
        return self._work_at

    def _due(self, world: World, wait: float) -> float | None:
        due = world.database.next_due() if self.queue == MONEY_QUEUE else world.database.next_due_of_desk()
        return None if due is None else max(world.time.seconds_of(due), world.time.seconds) + wait

    def wake(self, world: World, moment: float) -> Process:
        """Let one of them look now."""
        world.time.seconds = max(world.time.seconds, moment)
        before, worker = world.database.changes, self.parked.pop(world.random.randrange(len(self.parked)))
        world.scheduler.run(worker)
        if world.database.changes == before:  # it found nothing to do
            self._work_at = self._due(world, world.random.uniform(1.0, POLL_S))
        return worker

    def clear(self) -> None:
        """Redis and every worker are gone."""
        self.words.clear()
        self.parked.clear()


def worker(world: World, lane: Lane) -> None:
    """One worker of a queue: a word from Redis, else whatever is due."""
    while True:
        if lane.words:
            word = lane.words.pop(0)
            TASKS[word.task](word.row_id)
        else:
            lane.poll(world)
        process = world.scheduler.current
        assert process is not None
        lane.parked.append(process)
        world.scheduler.wait()


def lanes() -> dict[str, Lane]:
    """By the name of the queue."""
    return {queue: Lane(queue) for queue in (MONEY_QUEUE, DEFAULT_QUEUE)}
