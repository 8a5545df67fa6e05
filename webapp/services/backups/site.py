"""What backups and restores need to know of this installation."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.engine import make_url

from webapp.services.backups.errors import BackupError
from webapp.services.readiness import newest_revision


@dataclass(frozen=True, slots=True)
class Site:
    """The settings that matter here; `migrations` is the folder of the schema's steps."""

    database_url: str = field(repr=False)
    keyring: tuple[str, ...] = field(repr=False)
    data_dir: Path
    migrations: str
    pg_programs: str | None

    @property
    def kind(self) -> str:
        """ "sqlite" or "postgresql"."""
        return make_url(self.database_url).get_backend_name()

    @property
    def sqlite_path(self) -> Path:
        """The file; only for SQLite."""
        return Path(make_url(self.database_url).database or "")

    @property
    def newest(self) -> str | None:
        """The newest schema revision that this version knows."""
        return newest_revision(self.migrations)

    def refuse_unknown(self, revision: str) -> None:
        """BackupError for a schema that this version has never heard of."""
        config = Config()
        config.set_main_option("script_location", self.migrations)
        known = {step.revision for step in ScriptDirectory.from_config(config).walk_revisions()}
        if revision not in known:
            raise BackupError(
                f"The backup's schema is {revision}, which this version does not know. Restore it with the version "
                "that made it, or a newer one."
            )
