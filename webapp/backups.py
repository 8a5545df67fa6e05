"""Operators' commands about backups: `flask --app wsgi backup ...` and `flask --app wsgi restore ...`."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from webapp.models import Via
from webapp.services.audit import Actor
from webapp.services.backups import checking, restoring, taking
from webapp.services.backups.errors import BackupError
from webapp.services.backups.sealing import Header
from webapp.services.backups.site import Site

T = TypeVar("T")
ROOT = Path(__file__).parents[1]
OPERATOR = Actor(None, Via.SYSTEM)


def init_app(app: Flask) -> None:
    """Register the commands."""
    app.cli.add_command(backup)
    app.cli.add_command(restore)


@click.command("backup")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--keep", type=click.IntRange(1), help="Remove all but the newest so many backups of the folder.")
@click.option("--check", is_flag=True, help="Take none: open this one elsewhere and say whether it is whole.")
@with_appcontext
def backup(*, path: Path, keep: int | None, check: bool) -> None:
    """Write the database, sealed under the first key of PAYDESK_KEYRING, to a new file or into a folder."""
    if check:
        _check(path)
        return
    made = _told(lambda: taking.take(_site(), path, keep=keep))
    click.echo(f"Wrote {made} ({made.stat().st_size:,} bytes).")


@click.command("restore")
@click.argument("path", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--replace", is_flag=True, help="A database is there: keep it beside the restored one.")
@with_appcontext
def restore(*, path: Path, replace: bool) -> None:
    """Put a backup in the database's place. Nothing is sent from it until `recover open`."""
    done = _told(lambda: restoring.restore(_site(), path, OPERATOR, _upgrade, replace=replace))
    click.echo(f"Restored {_words(done.header)}.")
    if done.kept:
        click.echo(f"What was there before is kept: {done.kept}.")
    click.echo(f"Recovery mode is on: nothing is sent. {done.in_doubt} operations are in doubt.")
    click.echo("Next: start the processes again if people shall see the desk, and call `recover compare`.")


def _check(path: Path) -> None:
    found = _told(lambda: checking.check(_site(), path, _upgrade))
    click.echo(f"This is {_words(found.header)}.")
    for problem in found.problems:
        click.echo(problem)
    if found.problems:
        raise click.ClickException("The backup can be read, but its books are not whole.")
    click.echo("It can be restored; its books and its audit chain are whole.")


def _words(header: Header) -> str:
    return f"the {header.kind} backup of {header.taken_at:%Y-%m-%d %H:%M:%S} UTC, schema {header.revision}"


def _told(work: Callable[[], T]) -> T:
    """Run it; what went wrong is said in a sentence, and the command ends with 1."""
    try:
        return work()
    except (BackupError, OSError) as refused:
        raise click.ClickException(str(refused)) from None


def _site() -> Site:
    settings = current_app.config["SETTINGS"]
    return Site(
        database_url=settings.database_url,
        keyring=settings.keyring,
        data_dir=settings.data_dir,
        migrations=current_app.config["MIGRATIONS"],
        pg_programs=str(settings.pg_programs) if settings.pg_programs else None,
    )


def _upgrade(address: str) -> None:
    """`flask db upgrade` on another database than this process's, hence in a process of its own."""
    environ = os.environ | {"PAYDESK_DATABASE_URL": address}
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "db", "upgrade"]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BackupError(f"The restored database could not be brought to the newest schema:\n{done.stderr[-2000:]}")
