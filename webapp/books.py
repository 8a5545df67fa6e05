"""Operators' commands about the books: `flask --app wsgi verify` and `flask --app wsgi recover ...`."""

from __future__ import annotations

from datetime import UTC, datetime

import click
from flask import Flask
from flask.cli import AppGroup

from webapp.models import Via
from webapp.services import recovery
from webapp.services import verify as verifier
from webapp.services.audit import Actor
from webapp.services.errors import RuleBroken
from webapp.services.recovery import Standing

OPERATOR = Actor(None, Via.SYSTEM)
PROGRESS_EVERY = 100
MOMENTS = ["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%MZ"]

recover = AppGroup("recover", help="After a backup was restored: nothing is sent until the books were compared.")


def init_app(app: Flask) -> None:
    """Register the commands."""
    app.cli.add_command(verify)
    app.cli.add_command(recover)


@click.command("verify")
def verify() -> None:
    """Check the sums, the ledger, the reservations and the audit chain; exit 1 and name the row when one is broken."""
    count = 0
    for problem in verifier.problems():
        click.echo(problem)
        count += 1
    if count:
        raise click.exceptions.Exit(1)
    click.echo("The books and the audit chain are whole.")


@recover.command("begin")
@click.option("--backup-taken-at", type=click.DateTime(MOMENTS), help="UTC, like 2026-11-21T04:00:00Z.")
def begin(*, backup_taken_at: datetime | None) -> None:
    """Stop all sends and put every operation under way in doubt. `restore` has done this already.

    For a database that was put back by other means: do this before any process is started.
    """
    moment = backup_taken_at or recovery.standing().backup_taken_at
    if moment is None:
        raise click.UsageError("Say with --backup-taken-at when the backup was taken, in UTC.")
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    count = recovery.enter(moment, OPERATOR)
    click.echo(f"Nothing is sent any more. {count} operations are in doubt. Next: `recover compare`.")


@recover.command("compare")
@click.option("--all", "everything", is_flag=True, help="Payments of any age, not only those of the last 90 days.")
def compare(*, everything: bool) -> None:
    """Read every payment that may have moved since the backup; may be broken off and called again."""
    failed = 0
    try:
        for failure in recovery.compare(everything=everything, after_each=_say_progress):
            click.echo(failure)
            failed += 1
    except RuleBroken:
        raise click.ClickException("There is no recovery under way; `recover begin` or `restore` starts one.") from None
    if failed or recovery.standing().payments_to_compare:
        raise click.ClickException(f"{failed} payments could not be read; call this again when the provider answers.")
    click.echo("Every payment was compared. Next: look at the desk, then `recover open`.")


def _say_progress(done: int, of: int) -> None:
    if done % PROGRESS_EVERY == 0 or done == of:
        click.echo(f"{done} of {of} payments read")


@recover.command("status")
def status() -> None:
    """Say how far the recovery is, and what comes next."""
    found = recovery.standing()
    if found.since is None:
        click.echo("There is no recovery under way.")
        return
    taken = f" from a backup of {found.backup_taken_at:%Y-%m-%d %H:%M} UTC" if found.backup_taken_at else ""
    click.echo(f"In recovery since {found.since:%Y-%m-%d %H:%M} UTC{taken}; nothing is sent.")
    click.echo(
        f"Payments still to compare: {found.payments_to_compare}, of which the backup shows "
        f"{found.touched_to_compare} as touched. Operations in doubt: {found.in_doubt}."
    )
    click.echo(f"Next: {_next_step(found)}")


def _next_step(found: Standing) -> str:
    if not found.is_begun:
        return "`recover begin`, since the restore was cut off before its end."
    if found.payments_to_compare:
        return "`recover compare` reads them from the providers."
    return "look at the home page, then `recover open` lets money be sent again."


@recover.command("open")
@click.option("--unread-too", is_flag=True, help="Open although payments could not be read; the audit says so.")
@click.confirmation_option(prompt="Are the books compared, and may money be sent again?")
def open_again(*, unread_too: bool) -> None:
    """Let sends begin again; a person decides this."""
    try:
        recovery.leave(OPERATOR, unread_too=unread_too)
    except RuleBroken as refusal:
        text = {
            "not_in_recovery": "There is no recovery under way.",
            "not_begun": "The restore was cut off before its end: call `recover begin` first.",
            "not_compared": f"{refusal.facts.get('count')} payments were not compared yet: `recover compare`. "
            "If they can never be read, --unread-too opens all the same.",
        }[refusal.code]
        raise click.ClickException(text) from None
    click.echo("Money may be sent again. What is in doubt is looked up first.")
