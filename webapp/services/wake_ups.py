"""The outbox: words to workers, committed with the work they speak of (R18)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select, update

from webapp.models import WakeUp
from webapp.models.base import new_id, table_of
from webapp.services import runtime
from webapp.services.unit_of_work import Tx, in_transaction, run_built

MONEY_QUEUE = "money"
DEFAULT_QUEUE = "default"
RUN_OPERATION = "tasks.operations.run_operation"

_ADD = insert(table_of(WakeUp))


@dataclass(frozen=True, slots=True)
class Word:
    """One word to a worker: which task, for which row."""

    id: uuid.UUID
    queue: str
    task: str
    row_id: uuid.UUID


def add(tx: Tx, task: str, row_id: uuid.UUID, *, queue: str, not_before: datetime) -> None:
    """Write a wake-up in the caller's transaction."""
    row = {"id": new_id(), "queue": queue, "task": task, "row_id": row_id, "not_before": not_before}
    run_built(tx, _ADD, row)


def for_operation(tx: Tx, operation_id: uuid.UUID, not_before: datetime) -> None:
    """Have an operation looked at by a worker."""
    add(tx, RUN_OPERATION, operation_id, queue=MONEY_QUEUE, not_before=not_before)


def waiting(most: int) -> Sequence[Word]:
    """The words whose time has come, oldest first, at most `most`."""

    def read(tx: Tx) -> Sequence[Word]:
        now = runtime.current().clock.now(tx)
        rows = tx.execute(
            select(WakeUp.id, WakeUp.queue, WakeUp.task, WakeUp.row_id)
            .where(WakeUp.published_at.is_(None), WakeUp.not_before <= now)
            .order_by(WakeUp.not_before)
            .limit(most)
        )
        return [Word(*row) for row in rows]

    return in_transaction(read)


def mark_published(ids: Sequence[uuid.UUID]) -> None:
    """The relay publishes and forgets; what Redis then loses, the sweep finds."""

    def mark(tx: Tx) -> None:
        now = runtime.current().clock.now(tx)
        tx.execute(update(WakeUp).where(WakeUp.id.in_(ids)).values(published_at=now))

    if ids:
        in_transaction(mark)


def forget_old() -> int:
    """Drop published words older than a day; answers how many."""

    def forget(tx: Tx) -> int:
        before = runtime.current().clock.now(tx) - timedelta(days=1)
        gone = tx.execute(delete(WakeUp).where(WakeUp.published_at < before).returning(WakeUp.id)).all()
        return len(gone)

    return in_transaction(forget)
