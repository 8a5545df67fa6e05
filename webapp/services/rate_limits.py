"""Counters in the database: they survive a flush of Redis, and are exact under parallel requests."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, text

from webapp.models import RateEvent
from webapp.services import runtime
from webapp.services.audit import personal
from webapp.services.unit_of_work import Tx, in_transaction

MONEY_FORMS = "money_form"
MONEY_FORM_LIMIT = 10
MONEY_FORM_WINDOW = timedelta(minutes=1)
KEPT = timedelta(days=1)


def stand_in_line(tx: Tx, kind: str, subject: str) -> str:
    """Let one transaction at a time count `subject`; returns the digest under which it is counted.

    SQLite has one writer anyway; PostgreSQL gets a lock of the transaction by the digest.
    """
    digest = personal(f"{kind}:{subject}")
    if tx.get_bind().dialect.name == "postgresql":
        number = int.from_bytes(hashlib.sha256(digest.encode()).digest()[:8], signed=True)
        tx.execute(text("select pg_advisory_xact_lock(:number)"), {"number": number})
    return digest


def count(tx: Tx, kind: str, digest: str, since: datetime) -> int:
    """How many events were counted after `since`."""
    counted = select(func.count()).where(RateEvent.kind == kind, RateEvent.subject == digest, RateEvent.at > since)
    return tx.execute(counted).scalar_one()


def newest(tx: Tx, kind: str, digest: str) -> datetime | None:
    """When the newest event was counted."""
    return tx.scalar(select(func.max(RateEvent.at)).where(RateEvent.kind == kind, RateEvent.subject == digest))


def oldest(tx: Tx, kind: str, digest: str, since: datetime) -> datetime | None:
    """When the oldest event after `since` was counted."""
    counted = RateEvent.kind == kind, RateEvent.subject == digest, RateEvent.at > since
    return tx.scalar(select(func.min(RateEvent.at)).where(*counted))


def add(tx: Tx, kind: str, digest: str, at: datetime) -> None:
    """Count one event, and forget those that no window reaches any more."""
    tx.execute(delete(RateEvent).where(RateEvent.kind == kind, RateEvent.at < at - KEPT))
    tx.add(RateEvent(kind=kind, subject=digest, at=at))
    tx.flush()


def take(kind: str, subject: str, limit: int, window: timedelta) -> int:
    """Count one event of `subject` unless `limit` of them lie in `window`; 0, or the seconds to wait."""

    def work(tx: Tx) -> int:
        digest = stand_in_line(tx, kind, subject)
        now = runtime.current().clock.now(tx)
        if count(tx, kind, digest, now - window) < limit:
            add(tx, kind, digest, now)
            return 0
        first = oldest(tx, kind, digest, now - window) or now
        return max(1, round((first + window - now).total_seconds()))

    return in_transaction(work)
