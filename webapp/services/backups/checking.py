"""The restore drill: open a backup in a place of its own and look whether it is whole."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import create_engine

from webapp.services import runtime, verify
from webapp.services.backups import programs, servers, sqlite_files
from webapp.services.backups.restoring import Upgrade, unsealed
from webapp.services.backups.sealing import Header, read_header
from webapp.services.backups.site import Site
from webapp.services.unit_of_work import prepare_engine


@dataclass(frozen=True, slots=True)
class Checked:
    """What a drill found; no `problems` means that the backup can be restored and its books are whole."""

    header: Header
    problems: Sequence[str]


def check(site: Site, file: Path, upgrade: Upgrade) -> Checked:
    """Open `file`, restore it elsewhere, and verify its books there; the desk's own database is not touched.

    BackupError when it cannot be opened or restored. A PostgreSQL backup needs PostgreSQL, and the right to make a
    database there; an SQLite backup needs as much free room under the data folder as the database takes.
    """
    with file.open("rb") as source:
        kind = read_header(source).kind
    with tempfile.TemporaryDirectory(prefix="check-", dir=site.data_dir) as folder:
        plain = Path(folder, "plain")
        header = unsealed(site, file, plain)
        with _restored(site, plain, kind) as address:
            if header.revision != site.newest:
                upgrade(address)
            return Checked(header, _problems(address))


@contextmanager
def _restored(site: Site, plain: Path, kind: str) -> Iterator[str]:
    if kind == "sqlite":
        sqlite_files.check(plain)
        yield f"sqlite:///{plain}"
        return
    with servers.scratch_database(site.database_url) as address:
        programs.restore(plain, address, site.pg_programs, (), ())
        yield address


def _problems(address: str) -> Sequence[str]:
    engine = create_engine(address)
    prepare_engine(engine)
    try:
        with runtime.using(replace(runtime.current(), engine=engine)):
            return list(verify.problems())
    finally:
        engine.dispose()
