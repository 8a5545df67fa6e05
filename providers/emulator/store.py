"""The file that lets a restart keep everything: one table of JSON records, written through at each change."""

import sqlite3
from pathlib import Path
from typing import Any, Protocol

from pydantic import TypeAdapter


class Journal(Protocol):
    """Where records go when they change."""

    def save(self, kind: str, record_id: str, record: Any) -> None:
        """Keep this record in place of an earlier one with the same kind and id."""
        ...

    def drop(self, kind: str, record_id: str) -> None:
        """Forget a record; one that is not there is no error."""
        ...


class NoJournal:
    """For simulation and `providers/sandbox`: memory is all there is."""

    def save(self, kind: str, record_id: str, record: Any) -> None:
        """Nothing is kept."""

    def drop(self, kind: str, record_id: str) -> None:
        """Nothing was kept."""


class Store:
    """An SQLite file (or `:memory:`). Callers hold the emulator's lock, so one connection serves all threads.

    Writes go to the system's memory without waiting for the disk: they outlive this process, not a power cut.
    """

    def __init__(self, path: str, types: dict[str, Any]) -> None:
        if path != ":memory:":
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        self._adapters = {kind: TypeAdapter(record_type) for kind, record_type in types.items()}
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=OFF")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS record (place INTEGER PRIMARY KEY, kind TEXT NOT NULL,"
            " id TEXT NOT NULL, body TEXT NOT NULL, UNIQUE (kind, id))"
        )

    def save(self, kind: str, record_id: str, record: Any) -> None:
        """Keep this record in place of an earlier one with this kind and id; its place in the order stays."""
        body = self._adapters[kind].dump_json(record).decode()
        self._db.execute(
            "INSERT INTO record (kind, id, body) VALUES (?, ?, ?)"
            " ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body",
            (kind, record_id, body),
        )

    def drop(self, kind: str, record_id: str) -> None:
        """Forget a record; one that is not there is no error."""
        self._db.execute("DELETE FROM record WHERE kind = ? AND id = ?", (kind, record_id))

    def load(self, kind: str) -> list[tuple[str, Any]]:
        """All records of a kind as (id, record), oldest first."""
        rows = self._db.execute("SELECT id, body FROM record WHERE kind = ? ORDER BY place", (kind,))
        adapter = self._adapters[kind]
        return [(record_id, adapter.validate_json(body)) for record_id, body in rows]

    def clear(self) -> None:
        """Forget everything."""
        self._db.execute("DELETE FROM record")

    def close(self) -> None:
        """Close the file; nothing may be saved afterwards."""
        self._db.close()
