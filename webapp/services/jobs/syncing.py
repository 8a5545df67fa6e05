"""The method-sync job: one row per provider account of the shop, and one account's fault stops no other."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from functools import partial

import structlog
from sqlalchemy import select

from webapp.models import Mode, ProviderAccount, RowResult, Via
from webapp.services.audit import Actor
from webapp.services.jobs.runs import Line, Run, announce
from webapp.services.methods.fetching import SyncCode
from webapp.services.methods.syncing import sync_account
from webapp.services.unit_of_work import in_transaction, reading

log = structlog.get_logger()
NOT_SYNCED = "not_synced"


def work(run: Run) -> None:
    """Sync the accounts of the run's shop one after the other. RunLost when somebody else took the run."""
    accounts = _accounts(run)
    announce(run, len(accounts))
    for account_id, mode in accounts:
        in_transaction(run.hold)
        line = _sync(run, account_id, mode)
        in_transaction(partial(run.write, lines=[line], cursor=account_id.hex))
        run.cursor = account_id.hex
        run.rest_if_long()


def _accounts(run: Run) -> Sequence[tuple[uuid.UUID, Mode]]:
    query = select(ProviderAccount.id, ProviderAccount.mode).where(ProviderAccount.shop_id == run.shop())
    if run.cursor is not None:
        query = query.where(ProviderAccount.id > uuid.UUID(run.cursor))
    with reading() as tx:
        return [(account_id, mode) for account_id, mode in tx.execute(query.order_by(ProviderAccount.id))]


def _sync(run: Run, account_id: uuid.UUID, mode: Mode) -> Line:
    """The row of one account: how many methods were added, vanished and returned, or the code of what went wrong."""
    here = partial(Line, shop_id=run.shop(), mode=mode, account_id=account_id)
    try:
        told = sync_account(account_id, Actor(run.requested_by, Via.JOB))
    except Exception as fault:
        log.exception("job_row_failed", run_id=str(run.id), account_id=str(account_id))
        return here(result=RowResult.FAILED, code=NOT_SYNCED, details={"error": type(fault).__name__})
    changed = {"added": told.added, "vanished": told.vanished, "returned": told.returned, "unchanged": told.unchanged}
    result = RowResult.DONE if told.code in {SyncCode.GOOD, SyncCode.OVERTAKEN} else RowResult.FAILED
    return here(result=result, code=told.code.value, details=changed)
