"""Fixtures for every test: fresh databases of both kinds, a real Redis, settings and a browser."""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests import chromium, room
from tests.databases import Databases, PostgresDatabases, SqliteDatabases, postgres_databases
from tests.redis_server import RedisServer
from webapp.config import Settings, load_settings

room.move_in()  # before anything asks for a temporary folder

SECRET = "tests-only-" + "x7Kq2mPz" * 4
KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()


@pytest.fixture(scope="session")
def sqlite_databases(tmp_path_factory: pytest.TempPathFactory) -> SqliteDatabases:
    """Where SQLite files with the schema come from."""
    return SqliteDatabases(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresDatabases]:
    """Where PostgreSQL databases with the schema come from; starts the server at first use."""
    with postgres_databases(tmp_path_factory.mktemp("postgres")) as databases:
        yield databases


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A database with the schema and no rows; the test runs once on each kind (R23)."""
    yield from fresh_database(request)


def fresh_database(request: pytest.FixtureRequest) -> Iterator[str]:
    """One of the kind that the fixture's parameter names."""
    name = "sqlite_databases" if request.param == "sqlite" else "postgres"
    databases: Databases = request.getfixturevalue(name)
    with databases.fresh() as address:
        yield address


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """The Redis of this test process. A test that stops or kills it starts it again."""
    with tempfile.TemporaryDirectory(prefix="paydesk-redis-") as folder:
        server = RedisServer(Path(folder))
        server.start()
        yield server
        server.stop()


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """The address of a Redis that holds nothing."""
    redis_server.flush()
    return redis_server.url


@pytest.fixture
def make_settings(tmp_path: Path) -> Callable[..., Settings]:
    """Makes development settings with the data folder in `tmp_path`; keywords are settings in lower case."""

    def make(**changes: str) -> Settings:
        values = {"env": "development", "data_dir": str(tmp_path / "data"), "secret_key": SECRET}
        values |= {"keyring": KEY, "audit_key": SECRET[::-1]} | changes
        return load_settings({f"PAYDESK_{name.upper()}": value for name, value in values.items()})

    return make


@pytest.fixture
def settings(make_settings: Callable[..., Settings], database_url: str, redis_url: str) -> Settings:
    """Settings for a fresh database and an empty Redis, once for each kind of database."""
    return make_settings(database_url=database_url, redis_url=redis_url)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One headless Chromium for the session. Without any, the test is skipped, or fails in CI."""
    program = chromium.find_chromium()
    if program is None:
        if chromium.browser_is_required():
            pytest.fail(chromium.MISSING)
        pytest.skip(chromium.MISSING)
    expect.set_options(timeout=15_000)  # some pages ask again every 10 s only, and the usual patience is 5 s
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, headless=True, args=chromium.ARGUMENTS)
        yield running
        running.close()


@pytest.fixture
def browser_context(browser: Browser) -> Iterator[BrowserContext]:
    """Cookies of its own; the page's policy is bypassed so that axe can be brought in."""
    context = browser.new_context(bypass_csp=True, locale="en-GB")
    yield context
    context.close()


@pytest.fixture
def browser_page(browser_context: BrowserContext) -> Page:
    """An empty tab."""
    return browser_context.new_page()
