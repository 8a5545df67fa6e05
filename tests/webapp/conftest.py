"""The application on fresh databases of both kinds, and people at its pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import cache

import pytest
from flask import Flask
from sqlalchemy import select

from tests import factories
from tests.databases import SqliteDatabases
from tests.pages import PASSWORD, Desk
from tests.webapp import build_app
from webapp.config import Settings
from webapp.domain.permissions import Role
from webapp.models import Shop, User, UserSession
from webapp.services import passwords
from webapp.services.unit_of_work import Tx, in_transaction

PersonMaker = Callable[..., User]


@cache
def password_hash() -> str:
    """Made once: Argon2 is slow by purpose."""
    return passwords.hash_password(PASSWORD)


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
def shop(quick_app: Flask) -> Shop:
    """A tea shop."""
    return factories.shop("tea")


@pytest.fixture
def signed_in(quick_app: Flask, shop: Shop) -> Callable[..., Desk]:
    """Makes a person with a role in the tea shop, signed in; keywords are fields of the user."""

    def make(role: Role = Role.OWNER, **fields: object) -> Desk:
        person = factories.user(shop.id, role, password_hash=password_hash(), **fields)
        desk = Desk(quick_app)
        desk.sign_in(person.email)
        return desk

    return make


@pytest.fixture
def age_sessions() -> Callable[[int], None]:
    """Moves what every session remembers `minutes` into the past."""

    def age(minutes: int) -> None:
        def work(tx: Tx) -> None:
            for each in tx.scalars(select(UserSession)):
                each.last_seen_at -= timedelta(minutes=minutes)
                each.created_at -= timedelta(minutes=minutes)
            tx.flush()

        in_transaction(work)

    return age
