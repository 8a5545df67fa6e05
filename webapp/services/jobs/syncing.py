"""The method-sync job: one row per provider account of the shop, and one account's fault stops no other."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import structlog
from sqlalchemy import select

from providers.errors import ProviderError
from webapp.models import Mode, ProviderAccount, RowResult
from webapp.services.errors import RuleBroken
from webapp.services.jobs.runs import Line, Run, announce
from webapp.services.unit_of_work import in_transaction, reading
from webapp.services.vault import VaultError

log = structlog.get_logger()
SyncAccount = Callable[[uuid.UUID], Mapping[str, Any]]
"""Reads one account's methods and answers what changed, as JSON; raises ProviderError, VaultError or RuleBroken."""


def work(run: Run, sync: SyncAccount) -> None:
    """Sync the accounts of the run's shop one after the other. RunLost when somebody else took the run."""
    query = select(ProviderAccount.id, ProviderAccount.mode).where(ProviderAccount.shop_id == run.shop())
    if run.cursor is not None:
        query = query.where(ProviderAccount.id > uuid.UUID(run.cursor))
    with reading() as tx:
        accounts = tx.execute(query.order_by(ProviderAccount.id)).all()
    announce(run, len(accounts))
    for account_id, mode in accounts:
        in_transaction(run.hold)
        line = _sync(run, account_id, mode, sync)
        in_transaction(partial(run.write, lines=[line], cursor=account_id.hex))
        run.cursor = account_id.hex
        run.rest_if_long()


def _sync(run: Run, account_id: uuid.UUID, mode: Mode, sync: SyncAccount) -> Line:
    def line(result: RowResult, code: str | None, details: Mapping[str, Any] | None) -> Line:
        return Line(shop_id=run.shop(), mode=mode, account_id=account_id, result=result, code=code, details=details)

    try:
        return line(RowResult.DONE, None, sync(account_id))
    except (ProviderError, VaultError) as failure:
        return line(RowResult.FAILED, type(failure).__name__, None)
    except RuleBroken as refusal:
        return line(RowResult.FAILED, refusal.code, None)
    except Exception as fault:
        log.exception("job_row_failed", run_id=str(run.id), account_id=str(account_id))
        return line(RowResult.FAILED, "not_synced", {"error": type(fault).__name__})
