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

OPERATOR = Actor(None, Via.SYSTEM)
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
@click.option("--backup-taken-at", required=True, type=click.DateTime(MOMENTS), help="UTC, like 2026-11-21T04:00:00Z.")
def begin(*, backup_taken_at: datetime) -> None:
    """Stop all sends and put every operation under way in doubt. Do this before any worker is started."""
    moment = backup_taken_at if backup_taken_at.tzinfo else backup_taken_at.replace(tzinfo=UTC)
    count = recovery.enter(moment, OPERATOR)
    click.echo(f"Nothing is sent any more. {count} operations are in doubt. Next: `recover compare`.")


@recover.command("compare")
def compare() -> None:
    """Read every payment touched since a day before the backup; may be broken off and called again."""
    try:
        failures = list(recovery.compare())
    except RuleBroken:
        raise click.ClickException("There is no recovery under way; `recover begin` starts one.") from None
    for failure in failures:
        click.echo(failure)
    left = recovery.standing().payments_to_compare
    if left:
        raise click.ClickException(f"{left} payments could not be read; call this again when the provider answers.")
    click.echo("Every payment was compared. Next: look at the desk, then `recover open`.")


@recover.command("status")
def status() -> None:
    """Say how far the recovery is."""
    found = recovery.standing()
    if found.since is None:
        click.echo("There is no recovery under way.")
        return
    click.echo(f"In recovery since {found.since:%Y-%m-%d %H:%M} UTC; nothing is sent.")
    click.echo(f"Payments still to compare: {found.payments_to_compare}. Operations in doubt: {found.in_doubt}.")


@recover.command("open")
@click.confirmation_option(prompt="Are the books compared, and may money be sent again?")
def open_again() -> None:
    """Let sends begin again; a person decides this."""
    try:
        recovery.leave(OPERATOR)
    except RuleBroken as refusal:
        text = {
            "not_in_recovery": "There is no recovery under way.",
            "not_compared": f"{refusal.facts.get('count')} payments were not compared yet: `recover compare`.",
        }[refusal.code]
        raise click.ClickException(text) from None
    click.echo("Money may be sent again. What is in doubt is looked up first.")
