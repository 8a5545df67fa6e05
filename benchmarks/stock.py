"""Databases full of orders, made once and kept in the temporary folder; each measurement works on copies.

The name of a kept one holds a digest of the migrations and of crowd.py, so a change of either makes a new one and
takes the old ones away. Delete the folder to have the space back.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import select
from sqlalchemy.engine import URL, make_url

from benchmarks.crowd import COLUMNS, Crowd, Ground
from tests import factories
from tests.databases import ROOT, build_schema
from tests.postgres_server import postgres_server
from webapp import create_app
from webapp.models import OrderStatus
from webapp.services.unit_of_work import in_transaction

FOLDER = Path(tempfile.gettempdir(), f"paydesk-bench-stock-{os.getuid()}")
PERSON = "bench@example.test"
SHOPS = ("tea", "coffee")


@contextmanager
def stocked(kind: str, counts: Sequence[int], folder: Path, secret_key: str) -> Iterator[dict[int, str]]:
    """The addresses of databases with so many orders each that nobody else uses; gone at the end."""
    names = {count: f"stock_{count}_{_digest()}" for count in counts}
    if kind == "postgresql":
        with _alone(kind), _on_postgresql(names, folder, secret_key) as addresses:  # the kept server is one
            yield addresses
        return
    with _alone(kind):
        copies = {count: _on_sqlite(name, count, folder, secret_key) for count, name in names.items()}
    yield {count: f"sqlite:///{copy}" for count, copy in copies.items()}


@contextmanager
def _alone(kind: str) -> Iterator[None]:
    FOLDER.mkdir(mode=0o755, exist_ok=True)
    with open(FOLDER / f"{kind}.lock", "ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _digest() -> str:
    digest = hashlib.sha256(Path(__file__).with_name("crowd.py").read_bytes())
    for path in sorted((ROOT / "migrations" / "versions").glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _on_sqlite(name: str, count: int, folder: Path, secret_key: str) -> Path:
    kept, copy = FOLDER / f"{name}.sqlite3", folder / f"{name}.sqlite3"
    if not kept.exists():
        for old in FOLDER.glob(f"stock_{count}_*.sqlite3"):
            old.unlink()
        address = f"sqlite:///{copy}"
        build_schema(address, folder)
        _fill_sqlite(copy, Crowd(_grounds(address, secret_key), count))
        shutil.copyfile(copy, FOLDER / "making.sqlite3")
        (FOLDER / "making.sqlite3").rename(kept)
    else:
        shutil.copyfile(kept, copy)
    return copy


@contextmanager
def _on_postgresql(names: Mapping[int, str], folder: Path, secret_key: str) -> Iterator[dict[int, str]]:
    with postgres_server(FOLDER / "postgresql") as server:
        plain = server.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(plain, autocommit=True) as connection:
            _sweep(connection, names)
            for count, name in names.items():
                if not _holds(connection, name):
                    _run(connection, "create database {}", "making")
                    address = server.set(database="making")
                    build_schema(address.render_as_string(hide_password=False), folder)
                    shown = address.render_as_string(hide_password=False)
                    _fill_postgresql(address, Crowd(_grounds(shown, secret_key), count))
                    _run(connection, "alter database making rename to {}", name)
                _run(connection, "create database {} template {} strategy file_copy", f"copy_{count}", name)
            copies = {count: server.set(database=f"copy_{count}") for count in names}
            yield {count: copy.render_as_string(hide_password=False) for count, copy in copies.items()}
            _sweep(connection, names)


def _holds(connection: psycopg.Connection[tuple[object, ...]], name: str) -> bool:
    return connection.execute("select from pg_database where datname = %s", [name]).rowcount > 0


def _sweep(connection: psycopg.Connection[tuple[object, ...]], names: Mapping[int, str]) -> None:
    """Take away copies, what was broken off, and outdated databases of these sizes."""
    for (held,) in connection.execute("select datname from pg_database").fetchall():
        old = str(held)
        outdated = any(old.startswith(f"stock_{count}_") and old != name for count, name in names.items())
        if outdated or old in {"making", "copy"} or old.startswith("copy_"):
            _run(connection, "drop database {} with (force)", old)


def _run(connection: psycopg.Connection[tuple[object, ...]], statement: str, *names: str) -> None:
    connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))  # type: ignore[arg-type]  # texts of this file


def _grounds(address: str, secret_key: str) -> list[Ground]:
    """Two shops with an account each, and one merchant who works in both."""
    os.environ["PAYDESK_DATABASE_URL"] = address
    app = create_app()
    with app.app_context():
        factories.ensure_single_rows()
        made = [factories.shop(code) for code in SHOPS]
        person = factories.user(made[0].id, email=PERSON)
        factories.grant(person.id, made[1].id)
        grounds = [
            Ground(
                shop.id.hex,
                factories.account(shop.id, secret_key).id.hex,
                person.id.hex,
                factories.reason(shop.id).hex,
                in_transaction(
                    lambda tx, shop_id=shop.id: {
                        row.kind.value: row.id.hex
                        for row in tx.scalars(select(OrderStatus).where(OrderStatus.shop_id == shop_id))
                    }
                ),
            )
            for shop in made
        ]
        app.extensions["sqlalchemy"].engine.dispose()
    return grounds


def _fill_sqlite(path: Path, crowd: Crowd) -> None:
    """Rows first, indexes and triggers last; nothing is safe against a crash until the end."""
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in (
        "journal_mode=OFF",
        "synchronous=OFF",
        "foreign_keys=OFF",
        "cache_size=-1500000",
        "temp_store=memory",
    ):
        connection.execute(f"pragma {pragma}")
    made = "select type, name, sql from sqlite_master where type in ('index', 'trigger') and sql is not null"
    later = connection.execute(made).fetchall()
    for kind, name, _statement in later:
        connection.execute(f"drop {kind} {name}")
    connection.execute("begin")
    for chunk in crowd.chunks():
        for table, rows in chunk.items():
            names = COLUMNS[table].split()
            marks = ",".join("?" * len(names))
            connection.executemany(f"insert into {table} ({','.join(names)}) values ({marks})", rows)
    for _kind, _name, statement in later:
        connection.execute(statement)
    connection.execute("commit")
    connection.execute("pragma journal_mode=WAL")
    connection.close()


def _fill_postgresql(address: URL, crowd: Crowd) -> None:
    plain = make_url(address).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain) as connection:
        connection.execute("set session_replication_role = replica")  # the rows are known to fit
        connection.execute("set maintenance_work_mem = '256MB'")
        connection.execute("set time zone 'UTC'")
        found = connection.execute(
            "select i.indexname, i.indexdef from pg_indexes i left join pg_constraint c on c.conname = i.indexname"
            " where i.tablename = any(%s) and c.oid is null",
            [list(COLUMNS)],
        )
        indexes = found.fetchall()
        for name, _definition in indexes:
            connection.execute(sql.SQL("drop index {}").format(sql.Identifier(name)))
        with connection.cursor() as cursor:
            for chunk in crowd.chunks():
                for table, rows in chunk.items():
                    with cursor.copy(f"copy {table} ({','.join(COLUMNS[table].split())}) from stdin") as into:
                        for row in rows:
                            into.write_row(row)
        for _name, definition in indexes:
            connection.execute(definition)
        connection.commit()
        connection.autocommit = True
        connection.execute("vacuum analyze")
