"""The desk compares its books with the bank's (R28): its runs, people who cannot wait, and a bank that forgets."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from unittest.mock import patch

from tests.simulation.database import template
from webapp.services.cases import asking
from webapp.services.jobs import reconciling

if TYPE_CHECKING:
    from tests.simulation.world import World

MOVES = frozenset({"capture", "cancel", "refund"})
MOMENT = timedelta(microseconds=1)
_OURS = """
select captured_minor, refunded_minor, max(0, authorised_minor - cancelled_minor - captured_minor)
from payments where id = ?
"""
_IN_REVIEW = "select 1 from operations where payment_id = ? and ended_at is null"


class ReadsInTurn:
    """`ThreadPoolExecutor` to the reconcile job: a process of a history is one thread, so a read is made when asked."""

    def __init__(self, world: World) -> None:
        self._world = world

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        del kind, error, trace

    def submit(self, work: Callable[..., Any], *given: Any) -> Future[Any]:
        """Do it now; who is killed meanwhile is killed here."""
        process = self._world.scheduler.current
        assert process is not None
        self._world.comparing.add(process.name)
        try:
            done: Future[Any] = Future()
            done.set_result(work(*given))
        finally:
            self._world.comparing.discard(process.name)
        return done


@contextmanager
def reads_in_turn(world: World) -> Iterator[None]:
    """No real thread in a history that compares."""
    if not world.weights.reconcile:
        yield
        return

    def executor(_threads: int, *, thread_name_prefix: str) -> ReadsInTurn:
        del thread_name_prefix
        return ReadsInTurn(world)

    with patch.object(reconciling, "ThreadPoolExecutor", executor):
        yield


def people(world: World) -> None:
    """Plan who looks at once, some while an operation is under way and some after the settle window."""
    weights = world.weights
    for number in range(world.random.randint(0, 3)):
        at = world.random.uniform(0, weights.busy_s * 1.5)
        world.process(f"looker{number}", partial(compare_now, world), at, 60.0)


def compare_now(world: World) -> None:
    """Somebody has one payment compared, and after a while once more."""
    payment_id = world.random.choice(world.payments)
    for _time in range(2):
        asking.compare(template().shop_id, [payment_id])
        world.scheduler.sleep(world.random.uniform(1.0, 90.0))


def forget_a_movement(world: World) -> uuid.UUID | None:
    """From now on the bank shows one payment as it was before its last movement; None where that tells nothing.

    A level that seems to rise again is one of the things that the desk cannot see (ADR 19), so no bank of sums forgets;
    and nothing is believed to be missing of a payment while an operation of it waits in review. What was done in the
    portal after the last comparison, the desk has never seen: it cannot miss that.
    """
    if world.weights.by_sums:
        return None
    last = {effect.reference: effect for effect in world.bank.ledger.effects if effect.kind in MOVES}
    for number, payment_id in enumerate(world.payments):
        effect = last.get(reference := f"pay{number}")
        if effect is None or world.database.rows(_IN_REVIEW, (payment_id.hex,)):
            continue
        world.hidden[reference] = effect.at - MOMENT
        known = (
            tuple(world.figures(reference, hidden=False).values()) == world.database.rows(_OURS, (payment_id.hex,))[0]
        )
        if known and world.figures(reference) != world.figures(reference, hidden=False):
            world.faults["movement_forgotten"] += 1
            return payment_id
        del world.hidden[reference]
    return None
