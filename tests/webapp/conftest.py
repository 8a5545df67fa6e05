"""The application on fresh databases of both kinds."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.databases import SqliteDatabases
from tests.webapp import build_app
from webapp.config import Settings


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    """The application, once on each kind of database."""
    with build_app(settings) as built:
        yield built


@pytest.fixture
def quick_app(
    make_settings: Callable[..., Settings], sqlite_databases: SqliteDatabases, redis_url: str
) -> Iterator[Flask]:
    """The application on SQLite only, for what does not touch how a database behaves."""
    with (
        sqlite_databases.fresh() as address,
        build_app(make_settings(database_url=address, redis_url=redis_url)) as built,
    ):
        yield built


@pytest.fixture
def client(quick_app: Flask) -> FlaskClient:
    """A browser without scripts, signed out."""
    return quick_app.test_client()
