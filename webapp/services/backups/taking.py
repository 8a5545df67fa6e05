"""Take a backup of the live database into one sealed file."""

from __future__ import annotations

import os
import tempfile
import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from alembic.runtime.migration import MigrationContext

from webapp.services import runtime
from webapp.services.backups import programs, sqlite_files
from webapp.services.backups.errors import BackupError
from webapp.services.backups.sealing import Header, key_id, seal
from webapp.services.backups.site import Site
from webapp.services.unit_of_work import reading

NAME = "paydesk-%Y%m%dT%H%M%SZ.backup"
PATTERN = "paydesk-????????T??????Z.backup"
UNFINISHED = ".part"
FORGOTTEN_S = 24 * 3600  # an unfinished file this old belongs to nobody


def take(site: Site, target: Path, *, keep: int | None = None) -> Path:
    """Write a backup; `target` is a new file, or a folder in which it gets the moment as its name.

    In a folder the newest `keep` backups stay and older ones are removed, once the new one is on the disk. Answers
    the file's path. BackupError, or OSError when the disk says no; an unfinished file is never left under its name.
    """
    if keep is not None and not target.is_dir():
        raise BackupError(f"--keep counts the backups in a folder, and {target} is none.")
    header = _header(site)
    path = target / header.taken_at.strftime(NAME) if target.is_dir() else target
    if path.exists():
        raise BackupError(f"{path} is there already; name a new file, or a folder.")
    draft = path.with_name(f".{path.name}.{os.getpid()}{UNFINISHED}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            _write(site, file, header)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)
    finally:
        draft.unlink(missing_ok=True)
    sqlite_files.sync(path.parent)
    if keep is not None:
        _remove_old(target, keep)
    return path


def _header(site: Site) -> Header:
    """The moment is taken before the first row is read: what changes later may or may not be in the backup."""
    with reading() as tx:
        taken_at: datetime = runtime.current().clock.now(tx)
        revision = MigrationContext.configure(tx.connection()).get_current_revision()
    if revision is None:
        raise BackupError("The database has no schema yet; there is nothing to back up.")
    return Header(taken_at=taken_at, revision=revision, kind=site.kind, key_id=key_id(site.keyring[0]))


def _write(site: Site, file: BinaryIO, header: Header) -> None:
    if site.kind == "postgresql":
        with programs.dumping(site.database_url, site.pg_programs) as dump:
            seal(dump, file, header, site.keyring[0])  # type: ignore[arg-type]  # a pipe reads like a file
        return
    with tempfile.TemporaryDirectory(prefix="backup-", dir=site.data_dir) as folder:
        copy = Path(folder, "copy.sqlite3")
        sqlite_files.copy(site.sqlite_path, copy)
        with copy.open("rb") as source:
            seal(source, file, header, site.keyring[0])


def _remove_old(folder: Path, keep: int) -> None:
    for old in sorted(folder.glob(PATTERN), reverse=True)[keep:]:
        old.unlink(missing_ok=True)
    for draft in folder.glob(f".*{UNFINISHED}"):
        with suppress(FileNotFoundError):
            if time.time() - draft.stat().st_mtime > FORGOTTEN_S:
                draft.unlink()
