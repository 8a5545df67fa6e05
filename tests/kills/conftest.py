"""What kill runs stand on; the starter and the emulator serve all of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.emulator import EmulatorClient
from tests.kills.programs import Starter, emulator_process
from tests.kills.world import World, open_world
from tests.redis_server import RedisServer


@pytest.fixture(scope="session")
def starter() -> Iterator[Starter]:
    """The process that forks programs."""
    made = Starter()
    yield made
    made.close()


@pytest.fixture(scope="session")
def emulator_alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatorClient]:
    """The emulator as a process of its own."""
    with emulator_process(tmp_path_factory.mktemp("emulator")) as client:
        yield client


@pytest.fixture
def world(
    database_url: str,
    redis_url: str,
    redis_server: RedisServer,
    starter: Starter,
    emulator_alone: EmulatorClient,
    tmp_path: Path,
) -> Iterator[World]:
    """A desk on a fresh database, once for each kind."""
    emulator_alone.reset()
    with open_world(database_url, starter, redis_server, emulator_alone, tmp_path) as opened:
        yield opened
