"""Time passes for the rows of a kill run, while its programs go by the real clock."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from tests.kills.blows import is_alive
from webapp.domain.cases import CaseState
from webapp.domain.mails import MailState
from webapp.domain.operations import NOT_TERMINAL
from webapp.models import Case, FailureNotice, JobRun, Mail, Operation, WebhookMessage, WebhookState
from webapp.services import runtime
from webapp.services.mails.failures import APART
from webapp.services.unit_of_work import Tx

STEP = timedelta(seconds=61)
"""How much time is let pass at once for a row: more than a read may be stale (R26) and two reads are apart."""
TIMES = ("due_at", "lease_until", "state_since", "first_sent_at", "last_sent_at", "doubt_since", "absent_read_at")


def age(tx: Tx) -> None:
    """Let a minute pass for every row that no living process works on."""
    now = runtime.current().clock.now(tx)
    for row in tx.scalars(select(Operation).where(Operation.state.in_(NOT_TERMINAL)).with_for_update(skip_locked=True)):
        if row.lease_until is not None and row.lease_until >= now and is_alive(_pid(row.lease_owner)):
            continue
        _age(row, *TIMES)
    put_off: tuple[tuple[InstrumentedAttribute[Any], ColumnElement[bool]], ...] = (
        (Mail.due_at, (Mail.state == MailState.QUEUED) & Mail.lease_until.is_(None)),
        (JobRun.not_before, JobRun.found_at.is_(None) & JobRun.lease_until.is_(None)),
        (WebhookMessage.due_at, _put_off_message(now)),
    )
    for time, condition in put_off:
        rows = select(time.class_).where(time > now, condition).with_for_update(skip_locked=True)
        for row in tx.scalars(rows):
            _age(row, time.key)
    for case in tx.scalars(select(Case).where(Case.state == CaseState.SUSPECTED).with_for_update(skip_locked=True)):
        _age(case, "first_read_at")
    young = or_(FailureNotice.handled_at.is_(None), FailureNotice.handled_at > now - APART)
    for notice in tx.scalars(select(FailureNotice).where(young).with_for_update(skip_locked=True)):
        _age(notice, "failed_at", "handled_at")


def _put_off_message(now: datetime) -> ColumnElement[bool]:
    """By the timetable of tries; what only waits for its turn (R40) does so in real time."""
    state = (WebhookMessage.state == WebhookState.WAITING) & WebhookMessage.lease_until.is_(None)
    return state & (WebhookMessage.tries > 0) & (WebhookMessage.due_at > now + timedelta(seconds=11))


def _age(row: Any, *names: str) -> None:
    for name in names:
        if getattr(row, name) is not None:
            setattr(row, name, getattr(row, name) - STEP)


def _pid(owner: str | None) -> int:
    """The process that a lease names: `host:pid`, or `web:pid:random` before a fork gave it its own."""
    return int((owner or ":0").split(":")[1])
