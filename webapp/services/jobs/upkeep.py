"""The jobs of the whole desk: the verifier, and the broom that drops what has been kept long enough."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Select, delete, select

from webapp.models import JobRow, JobRun, RateEvent, UserSession
from webapp.services import drafts, runtime, verify, wake_ups
from webapp.services.alerts import keeping as alerts
from webapp.services.api import once
from webapp.services.imports import cleaning as imports
from webapp.services.mails import keeping as mails
from webapp.services.unit_of_work import Tx, in_transaction
from webapp.services.webhooks import keeping as webhook_keeping

log = structlog.get_logger()
KEEP_COUNTERS = timedelta(days=1)
KEEP_SESSIONS = timedelta(days=30)
KEEP_RUNS = timedelta(days=90)
AT_ONCE = 500  # rows that one transaction drops (R21)


def check_books() -> str:
    """What the verifier found, or that all is whole."""
    found = list(verify.problems())
    for problem in found:
        log.error("verifier", problem=problem)
    return verify.report(found)


def sweep_out() -> str:
    """Drop old wake-ups, counters, drafts, messages, sessions, answers of the API and runs; says how much it was."""
    words = wake_ups.forget_old()
    once.forget_old()

    def work(tx: Tx) -> Sequence[uuid.UUID]:
        now = runtime.current().clock.now(tx)
        tx.execute(delete(RateEvent).where(RateEvent.at < now - KEEP_COUNTERS))
        drafts.forget_old(tx, now)
        webhook_keeping.forget_old(tx, now)
        mails.forget_old(tx, now)
        alerts.forget_old(tx, now)
        tx.execute(delete(UserSession).where(UserSession.last_seen_at < now - KEEP_SESSIONS))
        return imports.forget_old(tx, now)

    for import_id in in_transaction(work):
        imports.clean(import_id)
    return f"{words} wake-ups and {_forget_runs()} runs dropped"


def _forget_runs() -> int:
    """Drop runs that ended 90 days ago with their rows, a few hundred in each transaction; answers how many runs."""

    def step(tx: Tx) -> tuple[int, int]:
        before = runtime.current().clock.now(tx) - KEEP_RUNS
        rows = tx.execute(delete(JobRow).where(JobRow.id.in_(_old_rows(before))).returning(JobRow.id)).all()
        if rows:
            return len(rows), 0
        old = select(JobRun.id).where(JobRun.ended_at < before).limit(AT_ONCE)
        return 0, len(tx.execute(delete(JobRun).where(JobRun.id.in_(old)).returning(JobRun.id)).all())

    dropped = 0
    while any(step_done := in_transaction(step)):
        dropped += step_done[1]
    return dropped


def _old_rows(before: datetime) -> Select[uuid.UUID]:
    rows = select(JobRow.id).join(JobRun, JobRun.id == JobRow.run_id)
    return rows.where(JobRun.ended_at < before).limit(AT_ONCE)
