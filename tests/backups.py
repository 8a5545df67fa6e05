"""What tests of backups share: this installation as backups see it, and `db upgrade` on a database of their own."""

from __future__ import annotations

from pathlib import Path

from tests.databases import ROOT, build_schema
from tests.desk import KEY
from tests.postgres_server import postgres_programs
from webapp.services.backups.site import Site


def site_of(database_url: str, data_dir: Path, **changes: str) -> Site:
    """The installation on `database_url`, with PostgreSQL's programs out of the wheel."""
    return Site(
        database_url=database_url,
        keyring=(changes.get("key", KEY),),
        data_dir=data_dir,
        migrations=str(ROOT / "migrations"),
        pg_programs=changes.get("pg_programs", str(postgres_programs())),
    )


def upgrade(address: str) -> None:
    """What the command does when a backup is older than the code."""
    build_schema(address, Path(address.rpartition("/")[0].removeprefix("sqlite:///")))
