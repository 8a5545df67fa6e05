"""One seeded run of random blows: work of all sorts, misbehaving neighbours, and programs that die at it."""

from __future__ import annotations

import random
import shutil
import time
import uuid
from collections import Counter
from pathlib import Path

from sqlalchemy import update

from providers.kinds import OperationKind
from tests import factories
from tests.desk import AsWished
from tests.kills.blows import ANY, Blow
from tests.kills.hearing import Ear, open_ear
from tests.kills.programs import Program
from tests.kills.world import World
from tests.mail_catcher import Catcher
from webapp.models import JobRun, Schedule, Shop
from webapp.services import runtime
from webapp.services.errors import RuleBroken
from webapp.services.jobs import making, schedules
from webapp.services.jobs.catalogue import CANCEL, LOOK_UP, REFUND
from webapp.services.unit_of_work import Tx, in_transaction

FAULTS = ("timeout_before", "timeout_after", "late_effect", "error_before", "error_after", "cut_body", "running")
NOTICE_FAULTS = ("webhook_lost", "webhook_doubled", "webhook_late", "webhook_forged")
MAIL_FAULTS = ("down", "refuse_for_now", "put_off_text", "cut_and_keep", "cut_and_lose")
KINDS = (OperationKind.REFUND, OperationKind.REFUND, OperationKind.CANCEL, OperationKind.CAPTURE)
UNDONE = (OperationKind.REFUND, OperationKind.CANCEL)
ADDRESS = "failures@shop.test"
VICTIMS = ("worker", "worker", "worker", "default", "default", "default", "scheduler", "scheduler", "web")
BLOWS = {"K14": 6, "K15": 8, "K16": 4}
"""At most at the so-many-eth time of a point does the worker of all that is not money die."""
PATIENCE_S = 4.0
REFUSED = 422


class Chaos:
    """`jobs_payments` are those that only the jobs may undo, `elsewhere` (the provider's references) those that are
    refunded on the provider's own page alone; people ask for operations on `payments`.
    """

    def __init__(self, world: World, catcher: Catcher, seed: int) -> None:
        self.world, self.catcher, self.random, self.seen = world, catcher, random.Random(seed), Counter[str]()
        self.payments: list[tuple[uuid.UUID, OperationKind]] = []
        self.jobs_payments: list[tuple[uuid.UUID, OperationKind]] = []
        self.elsewhere: list[str] = []
        self.ear: Ear = open_ear(world)
        self._copy: Path | None = None
        world.desk.change(Shop, world.desk.shop_id, failure_emails=[ADDRESS])
        schedules.ensure()

    def round(self) -> None:
        """New work, misbehaviour, one death, and something that happens to Redis."""
        self._well()
        self._people_ask()
        self._orders_are_cancelled()
        self._money_moves_elsewhere()
        self._jobs_are_due()
        role = self.random.choice(VICTIMS)
        self._misbehave(role)
        self._strike(role)
        self._redis()

    def _likely(self, probability: float) -> bool:
        return self.random.random() < probability

    def _well(self) -> None:
        """Payments are taken in by this process, which is not under test."""
        self.world.desk.emulator.clear_faults()
        self.catcher.well_again()
        for role in ("scheduler", "web"):
            if not any(program.role == role and program.runs for program in self.world.programs):
                self.world.start("scheduler") if role == "scheduler" else self.ear.serve()

    def _people_ask(self) -> None:
        for _ in range(self.random.randint(1, 2)):
            kind = self.random.choice(KINDS)
            usable = [payment for payment, of in self.payments if of is kind and kind is OperationKind.REFUND]
            if usable and self._likely(0.6):
                payment = self.random.choice(usable)
            else:
                payment = self.world.payment(kind)
                self.payments.append((payment, kind))
            try:
                amount = self.random.choice([None, 500, 1100]) if kind is OperationKind.REFUND else None
                self.world.ask(payment, kind, amount)
                self.seen["operations of people"] += 1
            except RuleBroken:
                self.seen["refused wishes"] += 1
            except AsWished:  # refunded whole meanwhile, by a clerk or in the portal
                self.seen["wishes for nothing"] += 1

    def _orders_are_cancelled(self) -> None:
        for _ in range(self.random.randint(0, 2)):
            kind = self.random.choice(UNDONE)
            payment = self.world.payment(kind)
            factories.cancelled(self.world.desk.row(payment).order_id)
            self.jobs_payments.append((payment, kind))
            self.seen["cancelled orders"] += 1

    def _money_moves_elsewhere(self) -> None:
        """Now or later in the round."""
        if self._likely(0.25) or not self.elsewhere:
            self.elsewhere.append(self.world.desk.row(self.world.desk.payment()).provider_ref)
            self._refund_elsewhere(self.elsewhere[-1])

    def _refund_elsewhere(self, provider_ref: str) -> None:
        """A refund on the provider's own page, of which the desk hears only by its message."""
        self.world.desk.emulator.portal(provider_ref, "refund", amount_minor=100)
        self.seen["refunds elsewhere"] += 1

    def _jobs_are_due(self) -> None:
        job, shop = self.random.choice([CANCEL, REFUND]), self.world.desk.shop_id
        if self._likely(0.4):
            self.clock_strikes(job)
            self.seen["runs by the clock asked"] += 1
        if self._likely(0.3):
            making.run_by_operator(self.random.choice([job, job, LOOK_UP]), shop, uuid.uuid4())
            self.seen["runs by hand"] += 1
        if self._likely(0.05):
            late = update(JobRun).where(JobRun.ended_at.is_(None)).values(overdue_at=factories.LONG_AGO)
            in_transaction(lambda tx: tx.execute(late))

    def clock_strikes(self, job: str) -> None:
        """The next run of a job falls due now."""

        def due(tx: Tx) -> None:
            now = runtime.current().clock.now(tx)
            tx.execute(update(Schedule).where(Schedule.job == job).values(next_due_at=now))

        in_transaction(due)

    def _misbehave(self, role: str) -> None:
        emulator = self.world.desk.emulator
        if self._likely(0.4):
            kind, times = self.random.choice(FAULTS), self.random.randint(1, 2)
            emulator.fault(kind, times=times, seconds=0.1 if kind.startswith("time") else 61)
            self.seen["faults of calls"] += times
        if role == "worker" and self._likely(0.8):  # the failures that are mailed
            for call in ("refund", "cancel"):
                emulator.fault("error_before", call=call, times=2, status=REFUSED)
            self.seen["rounds with refusals"] += 1
        if self._likely(0.4):
            emulator.fault(self.random.choice(NOTICE_FAULTS), call="webhook", times=1, seconds=61)
            self.seen["faults of messages"] += 1
        if self._likely(0.3):
            self.catcher.fault(self.random.choice(MAIL_FAULTS), times=1)
            self.seen["faults of mail"] += 1

    def _strike(self, role: str) -> None:
        action = self.random.choice(["kill", "kill", "kill", "orphan", "wire"]) if role == "worker" else "kill"
        struck = self._victim(role, action)
        until = time.monotonic() + PATIENCE_S * (1 + (role == "default"))  # which comes to mails last
        while struck.runs and time.monotonic() < until:
            time.sleep(0.25)
            self.world.pass_time()
        self.seen[f"{role} killed {'at ' + struck.struck.split()[0] if struck.struck else 'from outside'}"] += 1
        self.seen["kills"] += 1
        if action != "orphan":
            struck.kill()

    def _victim(self, role: str, action: str) -> Program:
        if role == "worker":
            return self.world.worker(Blow(ANY, self.random.randint(1, 8), action))
        if role == "default":
            point = self.random.choice(sorted(BLOWS))
            return self.world.clerk(Blow(point, self.random.randint(1, BLOWS[point])))
        self.world.stop(role)
        if role == "web":
            struck = self.ear.serve(Blow("K13", self.random.randint(1, 2)))
            self._refund_elsewhere(self.elsewhere[-1])
            return struck
        return self.world.start(role, Blow(self.random.choice(["K3", "K15"]), self.random.randint(1, 3)))

    def _redis(self) -> None:
        """Emptied, killed, copied while it is stopped, or put back to an older copy."""
        redis, drawn = self.world.redis, self.random.random()
        if drawn < 0.15:
            redis.flush()
            self.seen["Redis flushed"] += 1
        elif drawn < 0.3:
            redis.kill()
            redis.start()
            self.seen["Redis killed"] += 1
        elif drawn < 0.4 and self._copy is not None:
            redis.stop()
            redis.restore_copy(self._copy)
            redis.start()
            self.seen["Redis restored from an old file"] += 1
        elif drawn < 0.5 or self._copy is None:
            redis.stop()
            if self._copy is not None:
                shutil.rmtree(self._copy)
            self._copy = self.world.folder / "old-redis"
            redis.keep_copy(self._copy)
            redis.start()
            self.seen["Redis copied"] += 1
