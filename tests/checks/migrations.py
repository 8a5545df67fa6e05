"""`python -m tests.checks.migrations`: up, down, up on SQLite and PostgreSQL, and models equal migrations."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
from sqlalchemy.engine import make_url

from tests.databases import ROOT
from tests.postgres_server import postgres_server

STEPS = (("upgrade",), ("check",), ("downgrade", "base"), ("upgrade",), ("check",))
SHOWN = 8  # of what a failed step prints: the end says what is wrong


def findings(address: str, folder: Path) -> Iterator[str]:
    """What the steps print where one fails; the later steps are then left out."""
    environ = os.environ | {
        "PAYDESK_ENV": "development",
        "PAYDESK_DATA_DIR": str(folder),
        "PAYDESK_DATABASE_URL": address,
    }
    kind = make_url(address).get_backend_name()
    for step in STEPS:
        command = [sys.executable, "-m", "flask", "--app", "wsgi", "db", *step]
        done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
        if done.returncode:
            said = "\n".join((done.stdout + done.stderr).splitlines()[-SHOWN:])
            yield f"{kind}: `flask db {' '.join(step)}` failed:\n{said}"
            return


def main() -> int:
    """Run the steps on both databases; 1 when one fails."""
    with tempfile.TemporaryDirectory() as name, postgres_server() as server:
        folder = Path(name)
        plain = server.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(plain, autocommit=True) as connection:
            connection.execute("CREATE DATABASE migrations")
        postgres = server.set(database="migrations").render_as_string(hide_password=False)
        found = [*findings(f"sqlite:///{folder}/migrations.sqlite3", folder), *findings(postgres, folder)]
    print("\n".join(found) or "migrations: up, down, up and no difference to the models, on both databases")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
