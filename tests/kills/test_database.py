"""K17: the database is killed under the programs, or its disk is full; nothing acknowledged is lost, nothing twice."""

from __future__ import annotations

import resource
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from providers.kinds import OperationKind
from tests.databases import PostgresDatabases, SqliteDatabases
from tests.emulator import EmulatorClient
from tests.kills.blows import members
from tests.kills.programs import Program, Starter, until
from tests.kills.world import World, open_world
from tests.postgres_server import PostgresServer, throw_away
from tests.redis_server import RedisServer
from webapp.domain.operations import OperationState
from webapp.services import runtime

pytestmark = [pytest.mark.kill, pytest.mark.timeout(240)]
REFUND = OperationKind.REFUND
LEASE_S = 3
UNLIMITED = resource.RLIM_INFINITY


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """One that may be killed, because no other test is on it."""
    with throw_away() as started:
        yield started


@pytest.fixture
def on_postgres(
    server: PostgresServer,
    redis_url: str,
    redis_server: RedisServer,
    starter: Starter,
    emulator_alone: EmulatorClient,
    tmp_path: Path,
) -> Iterator[World]:
    """A desk on that server."""
    emulator_alone.reset()
    with (
        PostgresDatabases(server.url, tmp_path).fresh() as address,
        open_world(address, starter, redis_server, emulator_alone, tmp_path) as opened,
    ):
        yield opened


@pytest.fixture
def on_sqlite(
    sqlite_databases: SqliteDatabases,
    redis_url: str,
    redis_server: RedisServer,
    starter: Starter,
    emulator_alone: EmulatorClient,
    tmp_path: Path,
) -> Iterator[World]:
    """A desk on a file."""
    emulator_alone.reset()
    with (
        sqlite_databases.fresh() as address,
        open_world(address, starter, redis_server, emulator_alone, tmp_path) as opened,
    ):
        yield opened


def lose(server: PostgresServer, seconds: float) -> None:
    """Kill the database, and have it back after a while; this process forgets its dead connections."""
    server.kill()
    time.sleep(seconds)
    server.start()
    runtime.current().engine.dispose()


def test_K17_a_database_killed_during_a_call_still_gets_its_answer_R24(
    on_postgres: World, server: PostgresServer
) -> None:
    """The worker has the answer and no database; it keeps trying until it can write it down."""
    world = on_postgres
    world.start("scheduler")
    world.worker()
    world.desk.emulator.latency(1500)
    operation = world.ask(world.payment(REFUND), REFUND, 1100)
    until(lambda: world.attempts(operation), 30, "the call is on its way")
    lose(server, 3)
    world.desk.emulator.latency(0)
    world.until_quiet()
    assert world.desk.operation(operation).state is OperationState.SUCCEEDED
    assert world.attempts(operation) == 1
    world.assert_books_agree()


@pytest.mark.slow  # for the time of CI; make soak runs it
def test_K17_operations_survive_a_database_that_dies_again_and_again(
    on_postgres: World, server: PostgresServer
) -> None:
    """What was filed is there after each restart, and each ends with one effect."""
    world = on_postgres
    world.start("scheduler")
    world.worker(lease_s="8")  # a claim whose database died is free again when its lease is over
    world.desk.emulator.latency(150)
    payments = [world.payment(REFUND) for _ in range(9)]
    operations: list[uuid.UUID] = []
    for turn in range(3):
        operations += [world.ask(payment, REFUND, 1100) for payment in payments[turn * 3 : turn * 3 + 3]]
        time.sleep(0.2 * turn)
        lose(server, 0.5)
    world.desk.emulator.latency(0)
    world.until_quiet(80)
    assert {world.desk.operation(one).state for one in operations} == {OperationState.SUCCEEDED}
    world.assert_books_agree()


@contextmanager
def full_disk(program: Program) -> Iterator[None]:
    """No file of the program's processes grows any more, nor of those that they start."""
    _limit(program, 1)
    try:
        yield
    finally:
        _limit(program, UNLIMITED)


def _limit(program: Program, most: int) -> None:
    for pid in members(program.pid):
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, UNLIMITED))


def test_K17_an_answer_waits_for_room_on_the_disk_R24(on_sqlite: World) -> None:
    """The result cannot be written for some seconds; then it is, by the worker that made the call."""
    world = on_sqlite
    world.start("scheduler")
    worker = world.worker()
    world.desk.emulator.latency(1500)
    operation = world.ask(world.payment(REFUND), REFUND, 1100)
    until(lambda: world.attempts(operation), 30, "the call is on its way")
    with full_disk(worker):
        until(lambda: world.desk.emulator.ledger()["effects"][-1]["kind"] == "refund", 20, "the money moved")
        time.sleep(2)
        assert world.desk.operation(operation).state is OperationState.SENDING
    until(lambda: world.desk.operation(operation).state is OperationState.SUCCEEDED, 20, "the answer is written")
    assert world.attempts(operation) == 1
    world.assert_books_agree()


@pytest.mark.slow  # for the time of CI; make soak runs it
def test_K17_a_disk_full_beyond_the_lease_leaves_a_question_and_no_second_effect_R24(on_sqlite: World) -> None:
    """The worker gives up with its lease; whoever finds the row asks the provider."""
    world = on_sqlite
    world.start("scheduler")
    worker = world.worker(lease_s=str(LEASE_S))
    world.desk.emulator.latency(600)
    operation = world.ask(world.payment(REFUND), REFUND, 1100)
    until(lambda: world.attempts(operation), 30, "the call is on its way")
    with full_disk(worker):
        until(lambda: world.desk.emulator.ledger()["effects"][-1]["kind"] == "refund", 20, "the money moved")
        time.sleep(LEASE_S + 2)
        assert world.desk.operation(operation).state is OperationState.SENDING
        worker.kill()
    world.desk.emulator.latency(0)
    world.worker()
    world.until_quiet()
    assert world.desk.operation(operation).state is OperationState.SUCCEEDED
    world.assert_books_agree()
