"""The only place that commits. A write begins with the write lock; a conflict repeats the whole unit (R21, R22)."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, CursorResult, Delete, Engine, Update, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from webapp.services import runtime

Tx = Session
T = TypeVar("T")

MOST_REPEATS = 5
_WRITE = "paydesk_write"
_CONFLICTS = frozenset({"40001", "40P01", "55P03"})  # serialisation failure, deadlock, lock not available


class DatabaseBusy(Exception):
    """The unit of work met a lock too often; nothing was written and it may be tried again."""


def prepare_engine(engine: Engine) -> None:
    """Give an engine the manners of R21 and R22. Call once, before first use."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        event.listen(engine, "connect", _prepare_postgresql)


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # the driver's own BEGIN is deferred and fails at once under contention
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=5000"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    write = connection.get_execution_options().get(_WRITE)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _prepare_postgresql(connection: Any, _record: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute("set lock_timeout = '5s'")
        cursor.execute("set idle_in_transaction_session_timeout = '30s'")
        cursor.execute("set time zone 'UTC'")
    connection.commit()


@contextmanager
def transaction() -> Iterator[Tx]:
    """One write unit of work: commits at the end, rolls back on any exception."""
    with Session(runtime.current().engine, expire_on_commit=False) as tx:
        tx.connection(execution_options={_WRITE: True})
        yield tx
        tx.commit()


@contextmanager
def reading() -> Iterator[Tx]:
    """A read-only unit of work; nothing done in it is kept."""
    with Session(runtime.current().engine, expire_on_commit=False) as tx:
        yield tx
        tx.rollback()


def in_transaction(work: Callable[[Tx], T]) -> T:
    """Run `work` in one transaction and repeat it whole after a conflict, at most five times (R22).

    Only for work without a network call. DatabaseBusy when the conflicts do not end.
    """
    for repeat in range(MOST_REPEATS):
        try:
            with transaction() as tx:
                return work(tx)
        except OperationalError as failure:
            if not _is_conflict(failure):
                raise
            time.sleep(0.02 * 2**repeat)
    raise DatabaseBusy("The database is busy; nothing was changed. Try again in a moment.")


def rows_changed(tx: Tx, statement: Update | Delete, values: Mapping[str, Any]) -> int:
    """Run a statement that was built once; what of `values` names no bound parameter of it is a column to set."""
    return cast(CursorResult[Any], tx.execute(statement, values)).rowcount


def _is_conflict(failure: OperationalError) -> bool:
    if getattr(failure.orig, "sqlstate", None) in _CONFLICTS:
        return True
    return getattr(failure.orig, "sqlite_errorcode", None) in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
