"""Operators' commands: `flask --app wsgi users add ...`, `shops add ...`, `keys rotate`."""

from __future__ import annotations

import sys
import time
import uuid

import click
from flask import Flask
from flask.cli import AppGroup
from sqlalchemy import select

from webapp.domain.permissions import Role
from webapp.models import JobRun, Mode, Shop
from webapp.services import key_rotation, people, runtime
from webapp.services.audit import SYSTEM, write
from webapp.services.cases import foreseeing as comparisons
from webapp.services.errors import RuleBroken
from webapp.services.jobs import making, rehearsing
from webapp.services.jobs.catalogue import OF_SHOPS, ORDER_STATUS, RECONCILE
from webapp.services.people import PersonCommand
from webapp.services.shops import ShopCommand, add_shop
from webapp.services.status_actions import foreseeing
from webapp.services.status_actions.foreseeing import ActionsRehearsal
from webapp.services.unit_of_work import Tx, in_transaction, reading
from webapp.services.vault import VaultError

users = AppGroup("users", help="People who sign in.")
shops = AppGroup("shops", help="Shops.")
keys = AppGroup("keys", help="The key ring.")
jobs = AppGroup("jobs", help="The jobs of shops.")

REFUSED = {
    "email_taken": "Somebody with this e-mail address is here already.",
    "code_taken": "A shop with this code is here already.",
    "too_short": "The password needs 15 characters or more.",
    "too_long": "The password must have 128 characters or fewer.",
    "too_weak": "The password is easy to guess.",
}


def init_app(app: Flask) -> None:
    """Register the commands."""
    for group in (users, shops, keys, jobs):
        app.cli.add_command(group)


@users.command("add")
@click.argument("email")
@click.option("--name", required=True)
@click.option("--role", "roles", type=click.Choice([role.value for role in Role]), multiple=True, required=True)
@click.option("--shop", "shop_code", required=True, help="The shop's short code.")
@click.option("--language", default="en", show_default=True)
@click.option("--time-zone", default="UTC", show_default=True)
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input, not a one-time code.")
def add_user(
    *,
    email: str,
    name: str,
    roles: tuple[str, ...],
    shop_code: str,
    language: str,
    time_zone: str,
    password_stdin: bool,
) -> None:
    """Add a person with roles in one shop; prints a one-time code unless a password is read."""
    shop_id = _shop(shop_code)
    command = PersonCommand(
        name=name,
        email=email.strip().lower(),
        language=language,
        time_zone=time_zone,
        shop_id=shop_id,
        roles=tuple(Role(role) for role in roles),
    )
    password = sys.stdin.readline().rstrip("\n") if password_stdin else None
    try:
        code = people.add_by_operator(command, password)
    except RuleBroken as refusal:
        raise click.ClickException(REFUSED[refusal.code]) from None
    click.echo(f"Added {command.email}." + (f" One-time code, for 7 days: {code}" if code else ""))


def _shop(code: str) -> uuid.UUID:
    shop_id = in_transaction(lambda tx: tx.scalar(select(Shop.id).where(Shop.code == code)))
    if shop_id is None:
        raise click.ClickException(f"There is no shop {code!r}; add it with `shops add`.")
    return shop_id


@shops.command("add")
@click.argument("code")
@click.option("--name", required=True)
@click.option("--currency", required=True)
@click.option("--language", default="en", show_default=True)
@click.option("--time-zone", default="UTC", show_default=True)
def add_a_shop(*, code: str, name: str, currency: str, language: str, time_zone: str) -> None:
    """Add a shop with the usual statuses and reasons."""
    command = ShopCommand(
        code=code,
        name=name,
        currency=currency.upper(),
        language=language,
        time_zone=time_zone,
        stop_window_s=0,
        manager_email=None,
        failure_emails=(),
    )

    def work(tx: Tx) -> None:
        shop_id = add_shop(tx, command)
        now = runtime.current().clock.now(tx)
        write(tx, SYSTEM, "shop.created", ("shop", shop_id), shop_id=shop_id, details={"code": code}, at=now)

    try:
        in_transaction(work)
    except RuleBroken as refusal:
        raise click.ClickException(REFUSED[refusal.code]) from None
    click.echo(f"Added shop {code}.")


@keys.command("rotate")
def rotate_keys() -> None:
    """Encrypt everything under the first key of PAYDESK_KEYRING; may be stopped and started again (K19)."""
    try:
        for done in key_rotation.rotate_all():
            click.echo(f"{done.table}: {done.seen} looked at, {done.changed} encrypted anew")
    except VaultError as broken:
        raise click.ClickException(f"{broken}. Put the key it was made with back into PAYDESK_KEYRING.") from None
    click.echo("Every secret stands under the first key. The other keys can leave PAYDESK_KEYRING.")


@jobs.command("run")
@click.argument("job", type=click.Choice([job.name for job in OF_SHOPS]))
@click.option("--shop", "shop_code", required=True, help="The shop's short code.")
@click.option("--rehearse", is_flag=True, help="Say what it would take, and change nothing.")
@click.option("--wait", "wait_s", default=300, show_default=True, help="Seconds to wait for the run's end.")
def run_job(*, job: str, shop_code: str, rehearse: bool, wait_s: int) -> None:
    """Have a worker run one job of a shop now; prints what became of its rows."""
    shop_id = _shop(shop_code)
    if rehearse:
        _rehearse(job, shop_id)
        return
    run_id = making.run_by_operator(job, shop_id, uuid.uuid4())
    until = time.monotonic() + wait_s
    while True:
        run = in_transaction(lambda tx: tx.get_one(JobRun, run_id))
        if run.ended_at is not None:
            break
        if time.monotonic() > until:
            raise click.ClickException(f"Run {run_id} has not ended in {wait_s} seconds; it goes on by itself.")
        time.sleep(0.5)
    if run.failed_by:
        raise click.ClickException(f"Run {run_id} was broken off: {run.failed_by}. The log has more.")
    for mode, counts in sorted(run.counts.items()):
        click.echo(f"{mode}: " + ", ".join(f"{word} {number}" for word, number in sorted(counts.items())))
    click.echo(f"Run {run_id} has ended with {run.found} rows.")


def _rehearse(job: str, shop_id: uuid.UUID) -> None:
    if job == RECONCILE:
        _rehearse_reads(shop_id)
        return
    for mode in Mode:
        try:
            with reading() as tx:
                if job == ORDER_STATUS:
                    found: rehearsing.Rehearsal | ActionsRehearsal = foreseeing.rehearse(tx, shop_id, mode)
                else:
                    found = rehearsing.rehearse(tx, job, shop_id, mode)
        except RuleBroken:
            raise click.ClickException(f"{job} moves no money, so there is nothing to rehearse.") from None
        sums = ", ".join(f"{minor} {currency}" for currency, minor in sorted(found.sums_minor.items()))
        click.echo(f"{mode.value}: takes {found.taken} ({sums or 'nothing'}, in minor units), skips {found.skipped}")


def _rehearse_reads(shop_id: uuid.UUID) -> None:
    for mode in Mode:
        with reading() as tx:
            found = comparisons.rehearse(tx, shop_id, mode)
            each = ", ".join(f"{one.account.name} {one.due}" for one in found.accounts if one.due)
            more = " or more" if found.is_cut else ""
            click.echo(
                f"{mode.value}: the run at {found.at:%Y-%m-%d %H:%M} UTC reads {found.taken} ({each or 'nothing'}),"
                f" skips {found.skipped}; by hand {found.by_hand}{more}"
            )
