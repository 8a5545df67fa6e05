"""The only place that commits. A write begins with the write lock; a conflict repeats the whole unit (R21, R22)."""

from __future__ import annotations

import select
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import psycopg
from sqlalchemy import Connection, CursorResult, Delete, Engine, Executable, Update, event
from sqlalchemy.exc import DisconnectionError, OperationalError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from webapp.services import runtime

Tx = Session
T = TypeVar("T")

MOST_REPEATS = 5
BUSY_S = 5
_WRITE = "paydesk_write"
_URGENT = "paydesk_urgent"
_BACK_AT = "paydesk_back_at"
_LINE = "paydesk_line"
"""Under this name a write unit of work keeps its connection: a session takes long to say which one it has."""
ASK_S, ASK_URGENTLY_S = 0.003, 0.0005
_DURABLE = "select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off'"
"""A server that is set to answer before it has written would lose acknowledged commits when it dies (K17)."""
SILENCE_S = 30.0
"""Seconds in the pool after which a connection to PostgreSQL is asked whether it still stands."""
_CONFLICTS = frozenset({"40001", "40P01", "55P03"})  # serialisation failure, deadlock, lock not available


class DatabaseBusy(Exception):
    """The unit of work met a lock too often; nothing was written and it may be tried again."""


CACHE_KB = 32 * 1024
"""Most memory for pages of SQLite in one connection; its usual 2 MB are too few for a database of gigabytes."""


def prepare_engine(engine: Engine) -> None:
    """Give an engine the manners of R21 and R22. Call once, before first use."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        event.listen(engine, "connect", _prepare_postgresql)
        event.listen(engine, "checkin", _note_return)
        event.listen(engine, "checkout", _check_line)


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # the driver's own BEGIN is deferred and fails at once under contention
    manners = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY_S * 1000}")
    for pragma in (*manners, f"cache_size=-{CACHE_KB}"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get(_WRITE):
        _wait_for_sqlite(connection, ASK_URGENTLY_S if options.get(_URGENT) else ASK_S)
    else:
        connection.exec_driver_sql("BEGIN")


def _wait_for_sqlite(connection: Connection, every_s: float) -> None:
    """Take the write lock, asking every few milliseconds: SQLite itself waits ever longer, past a lock long free."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)  # noqa: S101 - this listener is only on SQLite's engine
    until = time.monotonic() + BUSY_S
    driver.execute("PRAGMA busy_timeout=0")
    try:
        while time.monotonic() < until:
            with suppress(sqlite3.OperationalError):
                driver.execute("BEGIN IMMEDIATE")
                return
            time.sleep(every_s)
    finally:
        driver.execute(f"PRAGMA busy_timeout={BUSY_S * 1000}")
    connection.exec_driver_sql("BEGIN IMMEDIATE")  # the last time, and its error is SQLAlchemy's


def _prepare_postgresql(connection: Any, _record: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute("set lock_timeout = '5s'")
        cursor.execute("set idle_in_transaction_session_timeout = '30s'")
        cursor.execute(_DURABLE)
        cursor.execute("set time zone 'UTC'")
    connection.commit()


def _note_return(_connection: object, record: ConnectionPoolEntry) -> None:
    record.info[_BACK_AT] = time.monotonic()


def _check_line(connection: Any, record: ConnectionPoolEntry, _proxy: object) -> None:
    """A server that ended has said so on the line: only then, or after a long silence, is it asked (ADR 23).

    DisconnectionError, which has the pool make a new connection, when it is gone.
    """
    silent_s = time.monotonic() - record.info.get(_BACK_AT, time.monotonic())
    line = select.poll()
    try:
        line.register(connection.fileno(), select.POLLIN)
        if line.poll(0) or silent_s >= SILENCE_S:
            connection.execute("select 1")
            connection.commit()
    except psycopg.OperationalError as gone:
        raise DisconnectionError from gone


@contextmanager
def transaction(*, urgent: bool = False) -> Iterator[Tx]:
    """One write unit of work: commits at the end, rolls back on any exception. `urgent`: see in_transaction."""
    options = {_WRITE: True, _URGENT: urgent}
    with Session(runtime.current().engine, expire_on_commit=False) as tx:
        tx.info[_LINE] = tx.connection(execution_options=options)
        yield tx
        tx.commit()


@contextmanager
def reading() -> Iterator[Tx]:
    """A read-only unit of work; nothing done in it is kept."""
    with Session(runtime.current().engine, expire_on_commit=False) as tx:
        yield tx
        tx.rollback()


def in_transaction(work: Callable[[Tx], T], *, urgent: bool = False) -> T:
    """Run `work` in one transaction and repeat it whole after a conflict, at most five times (R22).

    Only for work without a network call. `urgent`: a provider's line waits for it, so it asks for SQLite's one
    write lock more often than others do. DatabaseBusy when the conflicts do not end.
    """
    for repeat in range(MOST_REPEATS):
        try:
            with transaction(urgent=urgent) as tx:
                return work(tx)
        except OperationalError as failure:
            if not _is_conflict(failure):
                raise
            time.sleep(0.02 * 2**repeat)
    raise DatabaseBusy("The database is busy; nothing was changed. Try again in a moment.")


def rows_changed(tx: Tx, statement: Update | Delete, values: Mapping[str, Any]) -> int:
    """Run a statement that was built once; what of `values` names no bound parameter of it is a column to set."""
    return run_built(tx, statement, values).rowcount


def run_built(
    tx: Tx, statement: Executable, values: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None
) -> CursorResult[*tuple[Any, ...]]:
    """Run a statement on tables that was built once, past the ORM, whose part of it would cost half as much again."""
    line: Connection | None = tx.info.get(_LINE)
    return (line or tx.connection()).execute(statement, values)


def _is_conflict(failure: OperationalError) -> bool:
    if getattr(failure.orig, "sqlstate", None) in _CONFLICTS:
        return True
    return getattr(failure.orig, "sqlite_errorcode", None) in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
