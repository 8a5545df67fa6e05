"""The whole desk behind its pages: the application, the engine, and an emulator."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from tests import factories
from tests.conftest import fresh_database
from tests.desk import Desk, open_desk
from tests.emulator import EmulatorClient
from tests.webapp import build_app
from tests.webapp.services.conftest import one_emulator
from tests.webapp.visitor import Visitor
from webapp.config import Settings
from webapp.domain.permissions import Role

__all__ = ["one_emulator"]  # a fixture, shared


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """As everywhere, but in CI, for its time, on SQLite only: the services below run on both, the soak runs all."""
    yield from fresh_database(request)


@pytest.fixture
def desk_app(settings: Settings) -> Iterator[Flask]:
    """The application; services run with the runtime of `desk`."""
    with build_app(settings) as built:
        yield built


@pytest.fixture
def desk(desk_app: Flask, database_url: str, one_emulator: EmulatorClient) -> Iterator[Desk]:
    """A shop with an account and a merchant; takes the place of the application's own runtime."""
    one_emulator.reset()
    with open_desk(database_url, one_emulator) as opened:
        yield opened


@pytest.fixture
def merchant(desk_app: Flask, desk: Desk) -> Visitor:
    """The merchant, signed in, in test mode."""
    return Visitor(desk_app, desk.user_id)


@pytest.fixture
def visitor_as(desk_app: Flask, desk: Desk) -> Callable[..., Visitor]:
    """Signs in somebody with a role in the desk's shop; keywords are fields of the user."""

    def sign_in(role: Role, **fields: str) -> Visitor:
        return Visitor(desk_app, factories.user(desk.shop_id, role, **fields).id)

    return sign_in
