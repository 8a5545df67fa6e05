"""A quiet world for directed tests: the sandbox bank, one worker, and a clock that tests move."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

from providers.kinds import OperationKind, ResolutionClass
from providers.planning import WishKind
from tests.simulation.database import template
from tests.simulation.ids import seeded_ids
from tests.simulation.weights import Weights
from tests.simulation.world import World
from webapp.models import Operation, Via
from webapp.services import accounts, runtime
from webapp.services.audit import Actor
from webapp.services.operations import planning, running
from webapp.services.unit_of_work import in_transaction


class Bench:
    """What a directed test does and looks at."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.bank = world.bank
        self.payment_id = world.payments[0]
        self.reference = "pay0"

    def ask(self, amount_minor: int | None, kind: OperationKind = OperationKind.REFUND) -> uuid.UUID:
        """File an operation on the first payment."""
        here = template()
        wish = planning.PlannedWish(
            actor=Actor(here.user_id, Via.WEB),
            shop_id=here.shop_id,
            payment_id=self.payment_id,
            kind=WishKind(kind.value),
            as_found=True,
            request_id=uuid.uuid4(),
            amount_minor=amount_minor,
            reason_id=here.reason_id,
        )
        [operation_id] = planning.file_wish(wish).operation_ids
        return operation_id

    def later(self, seconds: float) -> None:
        """Let time pass, and late effects happen."""
        self.world.time.seconds += seconds
        self.bank.settle_late()

    def run(self, operation_id: uuid.UUID) -> Operation:
        """Let a worker do what the operation needs, waiting until it is due; the row afterwards."""
        due_at = self.row(operation_id).due_at
        if due_at is not None:
            self.later(max(0.0, self.world.time.seconds_of(due_at) - self.world.time.seconds))
        running.run_operation(operation_id)
        return self.row(operation_id)

    def row(self, operation_id: uuid.UUID) -> Operation:
        """The operation as it stands."""
        return in_transaction(lambda tx: tx.get_one(Operation, operation_id))

    def change(self, operation_id: uuid.UUID, **values: Any) -> None:
        """Put a row as a test needs it."""

        def work(tx: Any) -> None:
            row = tx.get_one(Operation, operation_id)
            for name, value in values.items():
                setattr(row, name, value)

        in_transaction(work)

    def effects(self, operation_id: uuid.UUID) -> int:
        """How often it was carried out."""
        return len(self.world.truth.of.get(operation_id.hex, ()))


@contextmanager
def open_bench(resolution: ResolutionClass, *, authorised: bool = False, by_sums: bool = False) -> Iterator[Bench]:
    """A bench with one payment of 1000 yen, captured or only authorised; a bank of sums gives no tasks by itself."""
    weights = Weights(resolution=resolution, payments=1, other_kinds=0.0, by_sums=by_sums)
    with seeded_ids("bench"):
        world = World(weights, Random(1), shapes=("authorised" if authorised else "captured",))
        world.bank.task_chance = 0.0
        with runtime.using(world.runtime("worker")):
            try:
                yield Bench(world)
            finally:
                accounts.close_open()
                running._steadiness.clear()
