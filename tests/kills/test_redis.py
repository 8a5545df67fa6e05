"""K3 from the other side: Redis is emptied, killed, or comes back with an old state (I10)."""

from __future__ import annotations

from pathlib import Path

import pytest

from providers.kinds import OperationKind
from tests.kills.programs import until
from tests.kills.world import World

pytestmark = [pytest.mark.kill, pytest.mark.timeout(180)]
REFUND = OperationKind.REFUND


def test_K3_a_flushed_redis_loses_no_operation_I10(world: World) -> None:
    world.start("scheduler")
    operation = world.ask(world.payment(REFUND), REFUND, 1100)
    until(lambda: world.published(operation), 20, "the word is published")
    world.redis.flush()
    world.worker()
    world.until_quiet()
    assert world.attempts(operation) == 1
    world.assert_books_agree()


def test_K3_money_moves_while_redis_is_dead_and_once_only_when_it_is_back_I10(world: World) -> None:
    world.start("scheduler")
    world.redis.kill()
    try:
        operation = world.ask(world.payment(REFUND), REFUND, 1100)
        world.worker()
        world.until_quiet()
        assert not world.published(operation)
    finally:
        world.redis.start()
    until(lambda: world.published(operation), 20, "the relay finds Redis again")
    second = world.ask(world.payment(REFUND), REFUND, 1100)
    world.until_quiet()
    assert (world.attempts(operation), world.attempts(second)) == (1, 1)
    world.assert_books_agree()


def test_K3_an_old_state_of_redis_repeats_nothing_I10(world: World, tmp_path: Path) -> None:
    """The job of an operation that has long ended comes back with the restored file."""
    scheduler = world.start("scheduler")
    operation = world.ask(world.payment(REFUND), REFUND, 1100)
    until(lambda: world.published(operation), 20, "the word is published")
    scheduler.kill()
    world.redis.stop()
    world.redis.keep_copy(tmp_path / "old")
    world.redis.start()
    worker = world.worker()
    world.until_quiet()
    worker.kill()
    world.redis.stop()
    world.redis.restore_copy(tmp_path / "old")
    world.redis.start()
    world.start("scheduler")
    world.worker(poll_s="60")  # so that the old job is really run
    second = world.ask(world.payment(REFUND), REFUND, 1100)
    world.until_quiet()
    assert (world.attempts(operation), world.attempts(second)) == (1, 1)
    world.assert_books_agree()
