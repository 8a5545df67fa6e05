"""A desk that a real browser can open: the application on a free port, the engine, an emulator. SQLite."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from playwright.sync_api import BrowserContext, Page
from werkzeug.serving import make_server

from tests import factories
from tests.databases import SqliteDatabases
from tests.desk import Desk, open_desk
from tests.emulator import EmulatorClient
from tests.webapp import build_app
from tests.webapp.services.conftest import one_emulator
from tests.webapp.visitor import Visitor
from webapp.config import Settings
from webapp.domain.permissions import Role

__all__ = ["one_emulator"]  # a fixture, shared


@pytest.fixture
def live_app(
    make_settings: Callable[..., Settings], sqlite_databases: SqliteDatabases, redis_url: str
) -> Iterator[tuple[Flask, str]]:
    """The application and the address of its database."""
    with (
        sqlite_databases.fresh() as address,
        build_app(make_settings(database_url=address, redis_url=redis_url)) as built,
    ):
        yield built, address


@pytest.fixture
def desk(live_app: tuple[Flask, str], one_emulator: EmulatorClient) -> Iterator[Desk]:
    """A shop with an account and a merchant."""
    one_emulator.reset()
    with open_desk(live_app[1], one_emulator) as opened:
        yield opened


@pytest.fixture
def live(live_app: tuple[Flask, str], desk: Desk) -> Iterator[str]:
    """The address of the running desk."""
    server = make_server("127.0.0.1", 0, live_app[0], threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(timeout=10)
    server.server_close()


@pytest.fixture
def signed_in_page(live: str, live_app: tuple[Flask, str], desk: Desk, browser_context: BrowserContext) -> Page:
    """A tab of the merchant in test mode; paths are below the desk's address."""
    return open_tab(live, live_app[0], desk, browser_context, Role.MERCHANT)


def open_tab(live: str, app: Flask, desk: Desk, context: BrowserContext, role: Role, **fields: str) -> Page:
    """A tab of somebody with that role; the sign-in itself has its own tests."""
    user_id = desk.user_id if role is Role.MERCHANT and not fields else factories.user(desk.shop_id, role, **fields).id
    visitor = Visitor(app, user_id)
    name = app.config["SESSION_COOKIE_NAME"]
    cookie = visitor.client.get_cookie(name)
    assert cookie is not None
    context.add_cookies([{"name": name, "value": cookie.value, "url": live}])
    return context.new_page()
