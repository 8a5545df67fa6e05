"""Put a backup in the database's place, in recovery mode from its first moment on (R29, K20)."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from webapp.services import recovery, runtime
from webapp.services.audit import Actor
from webapp.services.backups import programs, servers, sqlite_files
from webapp.services.backups.errors import BackupError
from webapp.services.backups.sealing import Header, read_header, unseal
from webapp.services.backups.site import Site

Upgrade = Callable[[str], None]
"""Brings the database at an address to the newest schema."""

MARK = "before_restore_%Y%m%dt%H%M%S_%f"
_FLAG = (
    "insert into installation (id, recovery_since, backup_taken_at) values (1, '{now}', '{taken_at}')"
    " on conflict (id) do update set recovery_since = excluded.recovery_since,"
    " backup_taken_at = excluded.backup_taken_at"
)


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put back. `kept` names what stood there before: a file, or a schema of the same database."""

    header: Header
    in_doubt: int
    kept: str | None


def restore(site: Site, file: Path, actor: Actor, upgrade: Upgrade, *, replace: bool) -> Restored:
    """Restore `file`; nothing is changed when it is damaged, unknown or for another kind of database (BackupError).

    The sign of recovery is part of what appears in the database's place, so no worker can send from it, whenever it
    starts. All operations under way are put in doubt right after; if that is cut off, `recovery.leave` refuses.
    """
    _refuse_other_kind(site, file)
    mark = datetime.now(UTC).strftime(MARK)
    runtime.current().engine.dispose()
    if site.kind == "postgresql":
        header, kept = _restore_postgresql(site, file, mark, replace=replace)
    else:
        header, kept = _restore_sqlite(site, file, mark, replace=replace)
    if header.revision != site.newest:
        upgrade(site.database_url)
    return Restored(header, recovery.enter(header.taken_at, actor), kept)


def unsealed(site: Site, file: Path, plain: Path) -> Header:
    """Write the plaintext into the new file `plain`, readable by nobody else, and check that its schema is known."""
    with file.open("rb") as source, os.fdopen(os.open(plain, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        header = unseal(source, out, site.keyring)
        out.flush()
        os.fsync(out.fileno())
    site.refuse_unknown(header.revision)
    return header


def _refuse_other_kind(site: Site, file: Path) -> None:
    with file.open("rb") as source:
        kind = read_header(source).kind
    if kind != site.kind:
        raise BackupError(f"The backup is of {kind}, and PAYDESK_DATABASE_URL names {site.kind}.")


def _restore_sqlite(site: Site, file: Path, mark: str, *, replace: bool) -> tuple[Header, str | None]:
    path = site.sqlite_path
    _refuse_taken(path, replace=replace)
    path.parent.mkdir(parents=True, exist_ok=True)
    with _draft_beside(path) as draft:
        header = unsealed(site, file, draft)
        sqlite_files.check(draft)
        with closing(sqlite3.connect(draft, isolation_level=None)) as database:
            database.execute("PRAGMA journal_mode=DELETE")  # so that the file alone is all of it
            database.execute(_flag(header.taken_at).replace("+00:00", ""))
        sqlite_files.sync(draft)
        _refuse_taken(path, replace=replace)  # again, because the check of a large file takes its time
        kept = sqlite_files.put_aside(path, mark) if path.exists() else None
        draft.replace(path)
    sqlite_files.sync(path.parent)
    return header, str(kept) if kept else None


def _restore_postgresql(site: Site, file: Path, mark: str, *, replace: bool) -> tuple[Header, str | None]:
    servers.statements_to_make_room(site.database_url, mark, replace=replace)  # refuses before the long work
    with tempfile.TemporaryDirectory(prefix="restore-", dir=site.data_dir) as folder:
        dump = Path(folder, "dump")
        header = unsealed(site, file, dump)
        before = servers.statements_to_make_room(site.database_url, mark, replace=replace)
        flag = _flag(header.taken_at).replace("installation", f"{programs.SCHEMA}.installation", 1)
        programs.restore(dump, site.database_url, site.pg_programs, before, (flag,))
    return header, f"schema {mark}" if before else None


def _refuse_taken(path: Path, *, replace: bool) -> None:
    if not path.exists() or path.stat().st_size == 0:
        return
    if not replace:
        raise BackupError(f"There is a database at {path}. With --replace it is kept beside the restored one.")
    sqlite_files.refuse_if_used(path)


def _flag(taken_at: datetime) -> str:
    """The statement that closes sends; both moments are ours, never text out of the file."""
    return _FLAG.format(now=_sql(datetime.now(UTC)), taken_at=_sql(taken_at))


def _sql(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(sep=" ", timespec="microseconds")


@contextmanager
def _draft_beside(path: Path) -> Iterator[Path]:
    """A name on the same disk; nothing is left under it, not even after a refusal."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.restoring")
    try:
        yield draft
    finally:
        for ending in ("", "-wal", "-shm", "-journal"):
            with suppress(FileNotFoundError):
                draft.with_name(draft.name + ending).unlink()
