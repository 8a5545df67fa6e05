"""Eyes on the database of this process: which statements run, how long writes are, what the driver alone needs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import event

from webapp.services import runtime


@contextmanager
def seen_statements() -> Iterator[list[tuple[str, Any]]]:
    """Statements with their parameters, as the driver gets them, while the block runs."""
    seen: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if not statement.upper().startswith(("BEGIN", "PRAGMA")):
            seen.append((statement, parameters))

    engine = runtime.current().engine
    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


Bare = Callable[[Sequence[tuple[str, Any]]], float]
"""Runs statements and answers how many seconds the driver alone needed for them."""


@contextmanager
def bare_line() -> Iterator[Bare]:
    """The driver alone, on a connection of its own.

    Taken from the pool and given back, it would be rolled back, at which PostgreSQL's driver forgets what it has
    prepared: the application, meeting the same connection next, would pay for the baseline.
    """
    connection = runtime.current().engine.raw_connection()
    driver: Any = connection.driver_connection
    connection.detach()
    if runtime.current().engine.dialect.name == "postgresql":
        driver.autocommit = True  # as pages read

    def run(statements: Sequence[tuple[str, Any]]) -> float:
        cursor = connection.cursor()
        started = time.perf_counter()
        for statement, parameters in statements:
            cursor.execute(statement, parameters)
            cursor.fetchall()
        return time.perf_counter() - started

    try:
        yield run
    finally:
        connection.close()


def plan_of(statement: str, parameters: Any) -> list[str]:
    """The lines of the database's plan."""
    engine = runtime.current().engine
    explain = "explain query plan " if engine.dialect.name == "sqlite" else "explain "
    connection = engine.raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute(explain + statement, parameters)
        return [str(row[-1]) for row in cursor.fetchall()]
    finally:
        connection.rollback()
        connection.close()


def whole_tables(plan: Sequence[str]) -> list[str]:
    """The lines of a plan that read a table from one end to the other."""
    lines = (line.strip(" ->") for line in plan)
    return [line for line in lines if line.startswith("SCAN ") or "Seq Scan on " in line]


@dataclass(frozen=True)
class Writes:
    """Transactions that were committed; seconds without the wait for their lock, on the wall and of this thread."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)


@contextmanager
def watched_writes() -> Iterator[Writes]:
    """The transactions that commit while the block runs."""
    writes = Writes()
    began: dict[int, tuple[float, float]] = {}
    engine = runtime.current().engine

    def start(connection: object) -> None:
        began[id(connection)] = time.perf_counter(), time.thread_time()

    def end(connection: object) -> None:
        wall, cpu = began.pop(id(connection))
        writes.wall.append(time.perf_counter() - wall)
        writes.cpu.append(time.thread_time() - cpu)

    event.listen(engine, "begin", start)
    event.listen(engine, "commit", end)
    yield writes
    event.remove(engine, "begin", start)
    event.remove(engine, "commit", end)
