"""The figures on a run's page as they stand now; a run's own counts are those of the moment it ended."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import func, select

from webapp.models import JobRow, JobRun, Mode
from webapp.services.jobs import outcomes
from webapp.services.jobs.catalogue import JOBS
from webapp.services.jobs.repeating import failed_for_good
from webapp.services.unit_of_work import Tx


@dataclass(slots=True)
class Failed:
    """Rows of one mode that failed with no more tries, and what of them was not done, in minor units per currency."""

    rows: int = 0
    sums_minor: dict[str, int] = field(default_factory=dict)


def failed_now(tx: Tx, run_id: uuid.UUID) -> Mapping[Mode, Failed]:
    """What “repeat only the failed” would take of a run of the cancel or refund job; nothing of other jobs."""
    run = tx.get(JobRun, run_id)
    if run is None or JOBS[run.job].undoes is None:
        return {}
    not_done = outcomes.not_done_minor()
    query = (
        outcomes.with_operations(
            select(JobRow.mode, JobRow.currency, func.count(), func.sum(not_done)).select_from(JobRow)
        )
        .where(JobRow.run_id == run_id, JobRow.payment_id.is_not(None), failed_for_good())
        .group_by(JobRow.mode, JobRow.currency)
        .order_by(JobRow.currency)
    )
    found: dict[Mode, Failed] = {}
    for mode, currency, number, sum_minor in tx.execute(query):
        of_mode = found.setdefault(mode, Failed())
        of_mode.rows += number
        of_mode.sums_minor[str(currency)] = int(sum_minor or 0)
    return found
