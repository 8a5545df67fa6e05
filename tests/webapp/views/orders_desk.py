"""A desk behind its pages for the order tests: the application, an emulator, and a person who is signed in."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask

from tests import factories
from tests.desk import Desk, open_desk
from tests.emulator import EmulatorClient
from tests.pages import Desk as Browser
from webapp.domain.permissions import Role
from webapp.models import Mode
from webapp.security.guard import TOKEN
from webapp.services import runtime, sessions
from webapp.services.unit_of_work import Tx, in_transaction


@contextmanager
def behind_pages(app: Flask, emulator: EmulatorClient) -> Iterator[Desk]:
    """The desk's services on the application's own database."""
    emulator.reset()
    with open_desk(app.config["SETTINGS"].database_url, emulator) as desk:
        yield desk


def sign_in(app: Flask, user_id: uuid.UUID, mode: Mode = Mode.TEST) -> Browser:
    """A browser in which that person is signed in."""

    def work(tx: Tx) -> str:
        return sessions.start(tx, user_id, runtime.current().clock.now(tx))

    token = in_transaction(work)
    browser = Browser(app)
    with browser.client.session_transaction() as cookie:
        cookie[TOKEN] = token
    if mode is Mode.TEST:
        page = browser.get("/")
        browser.send(page, "/frame/mode", mode="test")
    return browser


def someone(app: Flask, shop_id: uuid.UUID, role: Role, mode: Mode = Mode.TEST) -> Browser:
    """A new person with that role in that shop, signed in."""
    return sign_in(app, factories.user(shop_id, role).id, mode)
