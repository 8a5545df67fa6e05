"""A desk on each kind of database, with a real emulator."""

from collections.abc import Iterator

import pytest

from tests.desk import Desk, open_desk
from tests.emulator import EmulatorClient, running_emulator


@pytest.fixture(scope="session")
def one_emulator() -> Iterator[EmulatorClient]:
    """One emulator for the whole run; every test starts with an empty one."""
    with running_emulator() as client:
        yield client


@pytest.fixture
def desk(database_url: str, one_emulator: EmulatorClient) -> Iterator[Desk]:
    """A shop with an account and a merchant."""
    one_emulator.reset()
    with open_desk(database_url, one_emulator) as opened:
        yield opened
