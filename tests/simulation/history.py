"""One history from its seed: a busy time full of faults, then calm until everything has come to rest."""

from __future__ import annotations

import time as real_time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from random import Random

import structlog

from tests.simulation import actors, clockwork, comparing, hooks, lanes
from tests.simulation.case_checks import has_case, is_compared
from tests.simulation.checks import Checks
from tests.simulation.ending import check_ending
from tests.simulation.ids import seeded_ids
from tests.simulation.job_checks import is_owed
from tests.simulation.mail_checks import has_notice
from tests.simulation.populating import populate
from tests.simulation.post_office import open_office
from tests.simulation.status_checks import is_due
from tests.simulation.weights import Weights, draw
from tests.simulation.world import World
from webapp.services import accounts, kill_points
from webapp.services.operations import running

MOST_STEPS = 6000
LONGEST_REST_S = 20 * 24 * 3600.0
BANK_FORGETS = 0.3
"""Share of the histories that compare."""


@dataclass(frozen=True)
class Result:
    """What one history came to; `digest` is the same for the same seed."""

    seed: int
    weights: Weights
    violations: tuple[str, ...]
    faults: Counter[str]
    kills: Counter[str]
    states: Counter[str]
    counts: Counter[str]
    steps: int
    digest: int


def run_history(
    seed: int,
    weights: Weights | None = None,
    mistake: Callable[[World], AbstractContextManager[None]] | None = None,
    log: Callable[[str], None] | None = None,
) -> Result:
    """Run the history of a seed; it stops at the first step that breaks a rule."""
    random = Random(f"paydesk {seed}")
    chosen = weights or draw(random)
    with seeded_ids(f"history {seed}"), _virtual(log) as sleeping:
        world = World(chosen, random)
        sleeping.append(world.scheduler.sleep)
        history = History(world, log)
        with mistake(world) if mistake else nullcontext(), open_office(world), comparing.reads_in_turn(world):
            history.run()
    return history.result(seed)


class History:
    """Drives the scheduler: processes, late effects, and workers that wait for something to be due."""

    def __init__(self, world: World, log: Callable[[str], None] | None) -> None:
        self.world = world
        self.people = actors.People()
        self.checks = Checks(world)
        self.steps = 0
        self._digest = 0
        self._log = log

    def run(self) -> None:
        """All of it."""
        world = self.world
        kill_points.observe(world.observing)
        try:
            populate(world, self.people, self.checks)
            world.calm = False
            self._go_on(until=world.weights.busy_s)
            world.calm = True
            world.bank.troubles.end()
            hooks.end_faults(world)
            clockwork.slow_down(world)
            self._come_to_rest()
            if world.weights.reconcile and not world.violations:
                self._let_bank_forget()
                self._come_to_rest()  # somebody who was slow may have changed the order's status meanwhile
            if not world.violations:
                check_ending(world, self.people)
        finally:
            kill_points.observe(None)
            world.calm = True
            world.kill_all()

    def result(self, seed: int) -> Result:
        """What to report."""
        world = self.world
        states = Counter(dict(world.database.rows("select state, count(*) from operations group by state")))
        tables = {"messages": "webhook_messages", "runs": "job_runs", "mails": "mails"}
        counts = world.counts + Counter(
            {name: world.database.rows(f"select count(*) from {table}")[0][0] for name, table in tables.items()}
        )
        broken = tuple(world.violations)
        return Result(seed, world.weights, broken, world.faults, world.kills, states, counts, self.steps, self._digest)

    def _come_to_rest(self) -> None:
        """Faults are off: everything must end in bounded time (I12)."""
        world = self.world
        end = world.time.seconds + LONGEST_REST_S
        while self._under_way() and not world.violations:
            if world.time.seconds > end:
                world.say("I12: something is still under way after 20 days without a fault")
            if self._operations_under_way() or self._breaker_is_open():
                self._people_help()
            self._go_on(until=world.time.seconds + 600.0, rest=True)

    def _let_bank_forget(self) -> None:
        """For some hours the bank shows less: the desk must notice, and find that it adds up again (R28)."""
        world = self.world
        payment_id = comparing.forget_a_movement(world) if world.random.random() < BANK_FORGETS else None
        if payment_id is None:
            return
        self._until(lambda: has_case(world, payment_id), "R28: nobody noticed a movement that is not shown any more")
        world.hidden.clear()
        if not world.violations:
            self._until(lambda: not has_case(world, payment_id), "R28: the case is not closed, though it adds up again")

    def _until(self, is_so: Callable[[], bool], complaint: str) -> None:
        """Steps until it is so, for at most two days: recent payments are compared every night."""
        world, end = self.world, self.world.time.seconds + 48 * 3600.0
        while not is_so() and not world.violations:
            if world.time.seconds > end:
                world.say(complaint)
            self._go_on(until=world.time.seconds + 3600.0)

    def _people_help(self) -> None:
        world = self.world
        world.process("hands", partial(actors.finish_requests, world), 1.0)
        world.process("person", partial(actors.repair_credentials, world), 1.0)

    def _under_way(self) -> bool:
        rows = self.world.database.rows(
            "select (select count(*) from installation where recovery_since is not null)"
            " + (select count(*) from webhook_messages where state = 'waiting')"
            " + (select count(*) from job_runs where ended_at is null)"
            " + (select count(*) from mails where state in ('queued', 'sending'))"
        )
        world = self.world
        if self._is_owed():
            return True
        is_told = bool(world.bank.notices.outbox.waiting())
        waits = bool(rows[0][0]) or bool(world.bank.late) or world.restore_now is not None or is_told
        return waits or self._operations_under_way()

    def _is_owed(self) -> bool:
        """Whether jobs, actions, comparisons or mails still have something to do."""
        world, weights = self.world, self.world.weights
        owed = (
            (weights.jobs, is_owed),
            (weights.mails is not None, has_notice),
            (weights.status_actions, is_due),
            (weights.reconcile, lambda world: not is_compared(world)),
        )
        return any(is_there and check(world) for is_there, check in owed)

    def _operations_under_way(self) -> bool:
        unfinished = "('queued', 'sending', 'unknown', 'pending')"
        return bool(self.world.database.rows(f"select 1 from operations where state in {unfinished} limit 1"))

    def _breaker_is_open(self) -> bool:
        return bool(self.world.database.rows("select 1 from provider_accounts where breaker_opened_at is not null"))

    def _go_on(self, until: float, *, rest: bool = False) -> None:
        """Steps until that second, or until the first broken rule."""
        world = self.world
        while not world.violations:
            moment, act = self._next()
            if moment is None or (moment > until and not (rest and not world.scheduler.next_at())):
                world.time.seconds = max(world.time.seconds, until)
                return
            act(moment)
            if world.restore_now is not None:
                restore, world.restore_now = world.restore_now, None
                restore()
            self.steps += 1
            self._digest = hash((self._digest, round(world.time.seconds * 1000), world.database.changes))
            self.checks.step()
            if self.steps > MOST_STEPS:
                world.say(f"I12: not at rest after {MOST_STEPS} steps")
            if rest and not self._under_way():
                return

    def _next(self) -> tuple[float | None, Callable[[float], None]]:
        world = self.world
        choices: list[tuple[float, Callable[[float], None]]] = []
        process_at = world.scheduler.next_at()
        if process_at is not None:
            choices.append((process_at, self._run_process))
        if world.bank.late:
            late = min(one.due_at for one in world.bank.late)
            choices.append((world.time.true_seconds_of(late), self._late))
        messages = hooks.on_the_way(world)
        if messages:
            choices.append((world.time.true_seconds_of(messages[0].due_at), self._message))
        for lane in world.lanes.values():
            work_at = lane.next_work(world)
            if work_at is not None:
                choices.append((work_at, partial(self._wake_worker, lane)))
        return min(choices, key=lambda one: one[0]) if choices else (None, self._run_process)

    def _run_process(self, _moment: float) -> None:
        process = self.world.scheduler.run_next()
        self._tell(process.name)

    def _wake_worker(self, lane: lanes.Lane, moment: float) -> None:
        self._tell(lane.wake(self.world, moment).name)

    def _message(self, moment: float) -> None:
        self.world.time.seconds = max(self.world.time.seconds, moment)
        hooks.deliver(self.world)
        self._tell("message")

    def _late(self, moment: float) -> None:
        self.world.time.seconds = max(self.world.time.seconds, moment)
        self.world.bank.settle_late()
        self._tell("late effect")

    def _tell(self, who: str) -> None:
        if self._log is None:
            return
        world = self.world
        rows = world.database.rows("select substr(id, 1, 4), kind, state, fence, amount_minor from operations")
        shown = " ".join(f"{one[0]}:{one[1][:3]}{one[4]}:{one[2]}/{one[3]}" for one in rows)
        self._log(f"{world.time.seconds:10.1f} {who:12} effects {world.truth.count} {shown}")


@contextmanager
def _virtual(log: Callable[[str], None] | None) -> Iterator[list[Callable[[float], None]]]:
    """No real sleep, no words of the engine unless they are wanted; nothing of it stays behind."""
    sleep, config = real_time.sleep, structlog.get_config()
    sleeping: list[Callable[[float], None]] = []

    def pause(seconds: float) -> None:
        sleeping[0](seconds)

    structlog.configure(processors=[_teller(log)], cache_logger_on_first_use=False)
    real_time.sleep = pause
    try:
        yield sleeping
    finally:
        real_time.sleep = sleep
        structlog.configure(**config)
        accounts.close_open()
        running._steadiness.clear()


def _teller(log: Callable[[str], None] | None) -> Callable[..., str]:
    def tell(_logger: object, _name: str, event: dict[str, object]) -> str:
        if log is not None:
            log(f"{'':10} {event}")
        raise structlog.DropEvent

    return tell
