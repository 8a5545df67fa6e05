"""Operators' commands about orders: `flask --app wsgi orders import ...` and `orders set-status ...`."""

from __future__ import annotations

import time
import uuid
from typing import IO

import click
from flask import Flask
from flask.cli import AppGroup
from flask_babel import force_locale
from sqlalchemy import select

from webapp.formatting import money
from webapp.formatting.import_words import fault_words, place_words, plan_words
from webapp.models import Mode, Order, OrderImport, Shop, Via
from webapp.models.order_import import BUSY, ImportState
from webapp.services.audit import Actor
from webapp.services.errors import NotFound, RuleBroken
from webapp.services.imports import deciding, running, uploading
from webapp.services.imports.cleaning import clean
from webapp.services.imports.listing import ImportFacts, get_import
from webapp.services.imports.uploading import Upload
from webapp.services.orders.statuses import Setting, set_status, statuses_of
from webapp.services.unit_of_work import reading

OPERATOR = Actor(None, Via.SYSTEM)
S = ImportState
MODES = click.Choice([mode.value for mode in Mode])
WAIT_S = 0.2
SHOWN_EVERY_S = 1.0

orders = AppGroup("orders", help="Orders from files, and their statuses.")


def init_app(app: Flask) -> None:
    """Register the commands."""
    app.cli.add_command(orders)


@orders.command("set-status")
@click.argument("number")
@click.argument("status")
@click.option("--shop", "shop_code", required=True, help="The shop's short code.")
@click.option("--mode", type=MODES, default=Mode.LIVE.value, show_default=True)
def change_status(*, number: str, status: str, shop_code: str, mode: str) -> None:
    """Give order NUMBER the status with the code STATUS. It sets going what the shop's table says."""
    shop_id = _shop(shop_code)
    with reading() as tx:
        order_id = tx.scalar(
            select(Order.id).where(Order.shop_id == shop_id, Order.mode == Mode(mode), Order.number == number)
        )
        codes = {each.code: each.id for each in statuses_of(tx, shop_id)}
    if status not in codes:
        raise click.ClickException(f"The shop has no status {status!r}; it has {', '.join(codes)}.")
    missing = click.ClickException(f"The shop has no {mode} order {number!r}.")
    if order_id is None:
        raise missing
    try:
        change = set_status(Setting(actor=OPERATOR, shop_ids=[shop_id], order_id=order_id, status_id=codes[status]))
    except NotFound:
        raise missing from None
    click.echo(f"Order {number} is {status}." if change else f"Order {number} was {status} already.")


@orders.command("import")
@click.argument("file", type=click.File("rb"))
@click.option("--shop", "shop_code", required=True, help="The shop's short code.")
@click.option("--mode", type=MODES, default=Mode.LIVE.value, show_default=True)
@click.option("--dry-run", is_flag=True, help="Only say what is wrong and what would happen.")
@click.option("--act", is_flag=True, help="Also act on the first status of new orders.")
@click.option("--keep-good", is_flag=True, help="Take the good lines and leave the bad ones.")
def import_file(*, file: IO[bytes], shop_code: str, mode: str, dry_run: bool, act: bool, keep_good: bool) -> None:
    """Bring the orders of a CSV file in, all of them or none; exit 1 with every error when the file is refused."""
    upload = Upload(
        id=uuid.uuid4(),
        actor=OPERATOR,
        shop_id=_shop(shop_code),
        mode=Mode(mode),
        file_name=str(getattr(file, "name", "")).rpartition("/")[2],
        act=act,
        keep_good=keep_good,
        by_workers=False,
    )
    try:
        uploading.take_in(upload, file)
    except RuleBroken as refusal:
        raise click.ClickException(f"The file must have {refusal.facts['most_mib']} MiB or less.") from None
    facts = _worked(upload)
    _tell(facts)
    if facts.row.state is not S.READY:
        raise click.exceptions.Exit(1)
    if dry_run:
        deciding.discard(upload.id, [upload.shop_id], OPERATOR)
        clean(upload.id)
        click.echo("Nothing was changed.")
        return
    deciding.confirm(upload.id, [upload.shop_id], OPERATOR, by_workers=False)
    facts = _worked(upload)
    if facts.row.state not in {S.READING, S.DONE}:
        _tell(facts)
        raise click.exceptions.Exit(1)
    click.echo(f"{facts.row.rows_new} orders came in, {facts.row.rows_changed} were changed.")
    if facts.row.state is S.READING:
        click.echo(f"The workers now read {facts.row.payments} payments; the import's page shows how far they are.")


def _shop(code: str) -> uuid.UUID:
    with reading() as tx:
        shop_id = tx.scalar(select(Shop.id).where(Shop.code == code))
    if shop_id is None:
        raise click.ClickException(f"There is no shop {code!r}; add it with `shops add`.")
    return shop_id


def _worked(upload: Upload) -> ImportFacts:
    """The import when nothing is left to do here; progress goes to standard error."""
    while True:
        facts = _facts(upload)
        if facts.row.state not in BUSY or facts.row.state is S.READING:
            return facts
        done = facts.row.rows_read if facts.row.state is S.CHECKING else facts.row.step_rows
        click.echo(f"{facts.row.state.value}: {done} lines", err=True)
        if not running.run(upload.id, seconds=SHOWN_EVERY_S, without={S.READING}):
            time.sleep(WAIT_S)  # a worker has it


def _facts(upload: Upload) -> ImportFacts:
    with reading() as tx:
        facts = get_import(tx, upload.id, [upload.shop_id])
        tx.expunge_all()
        return facts


def _tell(facts: ImportFacts) -> None:
    row: OrderImport = facts.row
    with force_locale("en"):
        for fault in facts.faults:
            click.echo(f"{place_words(fault.line, fault.column)}: {fault_words(fault.code, fault.facts)}", err=True)
        if row.faults > len(facts.faults):
            click.echo(f"... and {row.faults - len(facts.faults)} more.", err=True)
        click.echo(
            f"{row.rows_new} new, {row.rows_changed} changed, {row.rows_unchanged} unchanged, {row.rows_wrong} wrong."
        )
        for words, minor, currency in plan_words(row.plan):
            click.echo(f"{words}: {money(minor, currency)}")
    if row.new_cancelled:
        click.echo(f"{row.new_cancelled} new orders arrive cancelled and are {'' if row.act else 'not '}acted on.")
