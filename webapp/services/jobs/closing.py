"""A run ends when each of its rows has a first outcome; its counts are fixed then."""

from __future__ import annotations

import uuid

from sqlalchemy import select, update

from webapp.models import JobRun
from webapp.services import runtime
from webapp.services.jobs import outcomes
from webapp.services.kill_points import KillPoint, reached
from webapp.services.unit_of_work import Tx, in_transaction, reading


def close_finished() -> int:
    """End every run that may end; answers how many. Reads little while none is open, and writes only to end one."""
    with reading() as tx:
        query = select(JobRun.id).where(JobRun.ended_at.is_(None), JobRun.found_at.is_not(None))
        waiting = tx.scalars(query.order_by(JobRun.due_at)).all()
    return sum(close(run_id) for run_id in waiting)


def close(run_id: uuid.UUID) -> bool:
    """End a run whose rows all have an outcome; False when it may not end yet or has ended before.

    The rows are read before the write begins, so that a long run holds the write lock no longer than a short one.
    """
    with reading() as tx:
        if outcomes.waits(tx, run_id):
            return False
        counts = outcomes.stored(outcomes.count(tx, run_id))
    reached(KillPoint.SCHEDULING)

    def work(tx: Tx) -> bool:
        ended = tx.execute(
            update(JobRun)
            .where(JobRun.id == run_id, JobRun.ended_at.is_(None), JobRun.found_at.is_not(None))
            .values(ended_at=runtime.current().clock.now(tx), counts=counts)
            .execution_options(synchronize_session=False)
            .returning(JobRun.id)
        )
        return ended.one_or_none() is not None

    return in_transaction(work)
