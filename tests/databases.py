"""Real databases for tests: an SQLite file, and a PostgreSQL server of our own out of a wheel.

The schema is made once per test process and kind (`migrations/`); every test then gets a copy of it.
`TEST_DATABASE_URL` names a PostgreSQL server to use instead, where the user may create databases.
"""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy.engine import URL, make_url

from tests.postgres_server import postgres_server

ROOT = Path(__file__).parents[1]
_numbers = itertools.count(1)


class Databases:
    """Hands out fresh databases of one kind; each has the schema, and is gone after `fresh` ends."""

    @contextmanager
    def fresh(self) -> Iterator[str]:
        """The address of a database that nobody else uses."""
        raise NotImplementedError


class SqliteDatabases(Databases):
    """Copies of one migrated file, in WAL as in production (R21)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._template = folder / "template.sqlite3"
        build_schema(f"sqlite:///{self._template}", folder)

    @contextmanager
    def fresh(self) -> Iterator[str]:
        """The address of a file with the schema and no rows."""
        path = self._folder / f"test-{next(_numbers)}.sqlite3"
        if self._template.exists():
            shutil.copyfile(self._template, path)
        try:
            yield f"sqlite:///{path}"
        finally:
            for leftover in self._folder.glob(f"{path.name}*"):
                leftover.unlink()


class PostgresDatabases(Databases):
    """Databases on one server, each copied from a migrated template (about 40 ms)."""

    def __init__(self, server: URL, folder: Path) -> None:
        self._server = server
        self._prefix = f"paydesk_{os.getpid()}"
        self._template = f"{self._prefix}_template"
        self._run(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(self._template)))
        build_schema(self._address(self._template), folder)

    @contextmanager
    def fresh(self) -> Iterator[str]:
        """The address of a database with the schema and no rows."""
        name = f"{self._prefix}_{next(_numbers)}"
        self._run(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(
                sql.Identifier(name), sql.Identifier(self._template)
            )
        )
        try:
            yield self._address(name)
        finally:
            self._drop(name)

    def close(self) -> None:
        """Drop the template: a server that was given to us is left as it was."""
        self._drop(self._template)

    def _address(self, name: str) -> str:
        return self._server.set(database=name).render_as_string(hide_password=False)

    def _drop(self, name: str) -> None:
        self._run(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def _run(self, statement: sql.Composed) -> None:
        plain = self._server.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(plain, autocommit=True) as connection:
            connection.execute(statement)


@contextmanager
def postgres_databases(folder: Path) -> Iterator[PostgresDatabases]:
    """Databases on the server that `TEST_DATABASE_URL` names, else on one started here."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        databases = PostgresDatabases(make_url(given).set(drivername="postgresql+psycopg"), folder)
        yield databases
        databases.close()
        return
    with postgres_server() as server:
        yield PostgresDatabases(server, folder)


def build_schema(address: str, folder: Path) -> None:
    """Bring an empty database to the newest schema the way an operator does; `folder` takes its files."""
    environ = os.environ | {
        "PAYDESK_ENV": "development",
        "PAYDESK_DATA_DIR": str(folder / "schema"),
        "PAYDESK_DATABASE_URL": address,
    }
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "db", "upgrade"]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"the migrations fail on {address}:\n{done.stdout}{done.stderr}")
