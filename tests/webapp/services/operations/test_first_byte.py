"""R9: what was held up between its commit and its first byte is not sent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from providers.errors import ProviderUnavailable
from tests.desk import Desk
from webapp.domain.operations import COMMIT_TO_FIRST_BYTE_S, OperationState
from webapp.services import kill_points, runtime
from webapp.services.kill_points import KillPoint
from webapp.services.operations import first_byte


@pytest.fixture(autouse=True)
def no_observer() -> Iterator[None]:
    """Take the observer of a test away again."""
    yield
    kill_points.observe(None)


def hold_up_at(desk: Desk, point: KillPoint) -> None:
    """Let more time pass at this moment than may lie between commit and first byte."""

    def observer(reached: KillPoint) -> None:
        if reached is point:
            kill_points.observe(None)
            desk.clock.ahead += timedelta(seconds=COMMIT_TO_FIRST_BYTE_S + 1)

    kill_points.observe(observer)


@pytest.mark.parametrize("point", [KillPoint.SENDING_COMMITTED, KillPoint.ON_THE_WIRE])
def test_a_process_held_up_after_its_commit_sends_nothing_R9(desk: Desk, point: KillPoint) -> None:
    payment = desk.payment(3300)
    operation = desk.ask(payment, 1100)
    hold_up_at(desk, point)
    desk.run(operation)
    row = desk.operation(operation)
    assert (row.state, row.tries, row.in_doubt) == (OperationState.QUEUED, 1, False)
    assert desk.effects(payment) == []
    desk.later(minutes=2)
    desk.run(operation)
    assert desk.operation(operation).state is OperationState.SUCCEEDED
    assert len(desk.effects(payment)) == 1
    desk.assert_books_are_whole()


def test_the_check_speaks_only_for_calls_of_an_attempt_R9(desk: Desk) -> None:
    now = runtime.current().clock.monotonic()
    first_byte.check()
    with first_byte.sent_soon_after(now):
        first_byte.check()
    with first_byte.sent_soon_after(now - COMMIT_TO_FIRST_BYTE_S - 1), pytest.raises(ProviderUnavailable):
        first_byte.check()
    first_byte.check()
