"""Operators' commands: `flask --app wsgi users add ...`, `shops add ...`, `keys rotate`."""

from __future__ import annotations

import sys

import click
from flask import Flask
from flask.cli import AppGroup
from sqlalchemy import select

from webapp.domain.permissions import Role
from webapp.models import Shop
from webapp.services import key_rotation, people, runtime
from webapp.services.audit import SYSTEM, write
from webapp.services.errors import RuleBroken
from webapp.services.people import PersonCommand
from webapp.services.shops import ShopCommand, add_shop
from webapp.services.unit_of_work import Tx, in_transaction
from webapp.services.vault import VaultError

users = AppGroup("users", help="People who sign in.")
shops = AppGroup("shops", help="Shops.")
keys = AppGroup("keys", help="The key ring.")

REFUSED = {
    "email_taken": "Somebody with this e-mail address is here already.",
    "code_taken": "A shop with this code is here already.",
    "too_short": "The password needs 15 characters or more.",
    "too_long": "The password must have 128 characters or fewer.",
    "too_weak": "The password is easy to guess.",
}


def init_app(app: Flask) -> None:
    """Register the commands."""
    for group in (users, shops, keys):
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
    shop_id = in_transaction(lambda tx: tx.scalar(select(Shop.id).where(Shop.code == shop_code)))
    if shop_id is None:
        raise click.ClickException(f"There is no shop {shop_code!r}; add it with `shops add`.")
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
