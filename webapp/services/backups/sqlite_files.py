"""SQLite's side: a copy of a file that is written to all the time, and the exchange of one that nobody uses."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from webapp.services.backups.errors import BackupError

PAGES_AT_ONCE = 1024
PATIENCE_S = 5.0
IN_USE = (
    "The database {} is in use. Stop the web server, every worker and the scheduler (and `flask shell`s), then call "
    "this again."
)


def copy(source: Path, target: Path) -> None:
    """Copy a live database by SQLite's online backup; writers go on.

    The open read transaction holds one state fast: without it every foreign commit would begin the copy anew.
    """
    if not source.exists():
        raise BackupError(f"There is no database at {source}.")
    with closing(_open(source)) as live, closing(_open(target)) as copied:
        live.execute("BEGIN")
        live.execute("SELECT count(*) FROM sqlite_master").fetchone()
        live.backup(copied, pages=PAGES_AT_ONCE, sleep=0)
        live.execute("ROLLBACK")


def check(path: Path) -> None:
    """BackupError when SQLite finds the file broken."""
    try:
        with closing(_open(path)) as database:
            found = [str(row[0]) for row in database.execute("PRAGMA integrity_check(5)")]
            foreign = database.execute("PRAGMA foreign_key_check").fetchone()
    except sqlite3.DatabaseError as broken:
        found, foreign = [str(broken)], None
    if found != ["ok"]:
        raise BackupError(f"The database in the backup is broken: {'; '.join(found)}")
    if foreign is not None:
        raise BackupError(f"The database in the backup is broken: a row of {foreign[0]} points to nothing.")


def refuse_if_used(path: Path) -> None:
    """BackupError while another process has the file open.

    Leaving WAL needs the file for oneself alone, and brings all that the log still holds into the file. A file that
    is no database any more can be in nobody's use.
    """
    try:
        with closing(_open(path)) as database:
            database.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.OperationalError as busy:
        if busy.sqlite_errorcode & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            raise BackupError(IN_USE.format(path)) from None
        raise BackupError(f"The database {path} cannot be opened: {busy}") from None
    except sqlite3.DatabaseError:
        return


def put_aside(path: Path, mark: str) -> Path:
    """Give a database a second name, which it keeps when the first is taken from it; answers that name.

    A log that it left behind goes along: beside another database it would be taken for that one's.
    """
    kept = path.with_name(f"{path.name}.{mark}")
    os.link(path, kept)
    for ending in ("-wal", "-shm"):
        beside = path.with_name(path.name + ending)
        if beside.exists():
            beside.rename(kept.with_name(kept.name + ending))
    return kept


def sync(path: Path) -> None:
    """Have a file or folder on the disk before going on."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _open(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=PATIENCE_S, isolation_level=None)
