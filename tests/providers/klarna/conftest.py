"""A Klarna desk on a running emulator."""

from collections.abc import Iterator

import pytest

from tests.emulator import EmulatorClient
from tests.providers.klarna.desk import Desk


@pytest.fixture
def desk(emulator: EmulatorClient) -> Iterator[Desk]:
    made = Desk(emulator)
    yield made
    made.klarna.close()
