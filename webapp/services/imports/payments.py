"""Read the payments that a file names from their providers, one after the other at a bounded rate."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import func, select, update

from providers.errors import PaymentNotFound, ProviderError
from providers.money import MoneyError
from webapp.models import ImportRow, ImportState, OrderImport, PaymentRead
from webapp.services import runtime
from webapp.services.errors import NotFound, RuleBroken
from webapp.services.imports.cleaning import clean
from webapp.services.imports.holding import Held, KeepOn, keep
from webapp.services.kill_points import KillPoint, reached
from webapp.services.payments.adding import Addition, add_payment
from webapp.services.unit_of_work import Tx, in_transaction, reading
from webapp.services.vault import VaultError

log = structlog.get_logger()
SPACING_S = 0.1  # between two reads: a large file must not use up what the provider allows
WAITS = (30, 120, 600, 1800, 3600)  # seconds between tries of one payment; the last one repeats
TRIED_FOR = timedelta(hours=24)


def read_payments(held: Held, keep_on: KeepOn) -> ImportState | None:
    """Read what is due; None while payments are left, also such as wait for their next try."""
    while (row := in_transaction(lambda tx: _next(tx, held))) is not None:
        _read(held, row)
        reached(KillPoint.IMPORTING)
        if not keep_on():
            return None
        time.sleep(SPACING_S)
    if next_due(held) is not None:
        return None

    def end(tx: Tx) -> None:
        now = runtime.current().clock.now(tx)
        keep(tx, held, state=ImportState.DONE, ended_at=now)

    in_transaction(end)
    clean(held.id)
    return ImportState.DONE


def next_due(held: Held) -> datetime | None:
    """When the next payment is to be read; None when none is left."""
    due = select(func.min(ImportRow.due_at)).where(ImportRow.import_id == held.id)
    with reading() as tx:
        return tx.execute(due).scalar_one()


def _next(tx: Tx, held: Held) -> ImportRow | None:
    now = keep(tx, held)
    due = select(ImportRow).where(ImportRow.import_id == held.id, ImportRow.due_at <= now)
    return tx.scalars(due.order_by(ImportRow.due_at, ImportRow.line).limit(1)).one_or_none()


def _read(held: Held, row: ImportRow) -> None:
    assert row.account_id is not None  # noqa: S101 - only such lines get a time
    assert row.provider_ref is not None  # noqa: S101
    addition = Addition(
        actor=held.actor,
        shop_id=held.shop_id,
        account_id=row.account_id,
        provider_ref=row.provider_ref,
        order_number=row.number,
    )
    try:
        order_id = add_payment(addition)
    except RuleBroken as refusal:
        if refusal.code == "order_coming_in":
            _again(held, row, refusal.code)
        else:
            _over(held, row, PaymentRead.FAILED, refusal.code)
    except (PaymentNotFound, MoneyError, NotFound) as refusal:
        _over(held, row, PaymentRead.FAILED, type(refusal).__name__)
    except (ProviderError, VaultError) as failure:
        _again(held, row, type(failure).__name__)
    else:
        is_ours = order_id == row.order_id
        _over(held, row, PaymentRead.READ if is_ours else PaymentRead.FAILED, None if is_ours else "payment_elsewhere")


def _again(held: Held, row: ImportRow, why: str) -> None:
    def work(tx: Tx) -> None:
        now = keep(tx, held)
        applied_at = tx.execute(select(OrderImport.applied_at).where(OrderImport.id == held.id)).scalar_one()
        due_at: datetime | None = now + timedelta(seconds=WAITS[min(row.tries, len(WAITS) - 1)])
        payment = PaymentRead.WAITING
        if applied_at is not None and now > applied_at + TRIED_FOR:
            due_at, payment = None, PaymentRead.FAILED
        _set(tx, held, row, due_at=due_at, payment=payment, problem=why, tries=row.tries + 1)

    in_transaction(work)


def _over(held: Held, row: ImportRow, payment: PaymentRead, problem: str | None) -> None:
    def work(tx: Tx) -> None:
        keep(tx, held, step_rows=OrderImport.step_rows + 1)
        _set(tx, held, row, due_at=None, payment=payment, problem=problem, tries=row.tries + 1)

    in_transaction(work)


def _set(tx: Tx, held: Held, row: ImportRow, **values: Any) -> None:
    mine = ImportRow.import_id == held.id, ImportRow.line == row.line
    tx.execute(update(ImportRow).where(*mine).values(**values).execution_options(synchronize_session=False))
