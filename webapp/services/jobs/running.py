"""Run what is due: take a run, do its job's work, give it back. Called by wake-ups and by the poll alike (R18)."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

import structlog

from webapp.services import runtime, wake_ups
from webapp.services.errors import RuleBroken
from webapp.services.jobs import acting, asking, closing, reconciling, repeating, syncing, undoing, upkeep
from webapp.services.jobs.catalogue import (
    CANCEL,
    HOUSEKEEPING,
    LOOK_UP,
    METHOD_SYNC,
    ORDER_STATUS,
    RECONCILE,
    REFUND,
    VERIFY,
)
from webapp.services.jobs.making import RUN_JOB
from webapp.services.jobs.runs import Pause, Run, RunLost, finish, give_back, take
from webapp.services.kill_points import KillPoint, reached
from webapp.services.unit_of_work import Tx, in_transaction

log = structlog.get_logger()
TRIED_AGAIN_AFTER = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15))

Work = Callable[[Run], str | None]
"""Does the whole of a run and answers what there is to say beyond its rows; see `runs.Run` for how it writes."""


def _undo(run: Run) -> None:
    if run.repeat_of is None:
        undoing.work(run)
    else:
        repeating.work(run)


WORK: Mapping[str, Work] = MappingProxyType(
    {
        METHOD_SYNC: syncing.work,
        CANCEL: _undo,
        REFUND: _undo,
        ORDER_STATUS: acting.work,
        LOOK_UP: asking.work,
        RECONCILE: reconciling.work,
        HOUSEKEEPING: lambda _run: upkeep.sweep_out(),
        VERIFY: lambda _run: upkeep.check_books(),
    }
)


def run_job(run_id: uuid.UUID) -> bool:
    """Work on one run; False when it was not due or somebody else has it."""
    return _run(run_id)


def run_due() -> int:
    """Work on every run that is due, and end those that are finished; answers how many were worked on."""
    done = 0
    while _run(None):
        done += 1
    closing.close_finished()
    return done


def _run(run_id: uuid.UUID | None) -> bool:
    run = in_transaction(lambda tx: take(tx, run_id))
    if run is None:
        return False
    reached(KillPoint.SCHEDULING)
    try:
        said = WORK[run.job](run)
        reached(KillPoint.SCHEDULING)
        in_transaction(lambda tx: finish(tx, run, result=said))
    except RunLost:
        log.warning("run_lost", run_id=str(run.id))
        return True
    except Pause as pause:
        until = pause.at
        _unless_lost(run, lambda tx: _go_on(tx, run, until or runtime.current().clock.now(tx)))
        return True
    except RuleBroken as refusal:
        _broken_off(run, refusal.code)
    except Exception as fault:
        log.exception("run_broken_off", run_id=str(run.id), job=run.job)
        _broken_off(run, type(fault).__name__)
    closing.close(run.id)
    return True


def _go_on(tx: Tx, run: Run, at: datetime, **changes: object) -> None:
    give_back(tx, run, at, **changes)
    wake_ups.add(tx, RUN_JOB, run.id, queue=wake_ups.DEFAULT_QUEUE, not_before=at)


def _broken_off(run: Run, why: str) -> None:
    """An error of ours: tried again a few times from where it stopped, then the run ends and says so."""

    def work(tx: Tx) -> None:
        if run.faults >= len(TRIED_AGAIN_AFTER):
            finish(tx, run, failed_by=why)
            return
        at = runtime.current().clock.now(tx) + TRIED_AGAIN_AFTER[run.faults]
        _go_on(tx, run, at, faults=run.faults + 1)

    _unless_lost(run, work)


def _unless_lost(run: Run, leave: Callable[[Tx], None]) -> None:
    """Leave a run, unless somebody else has it: whoever holds it now goes on with it."""
    try:
        in_transaction(leave)
    except RunLost:
        log.warning("run_lost", run_id=str(run.id))
