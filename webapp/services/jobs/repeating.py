"""“Repeat only the failed”: a person's wish, so new operations, by the same rule as the first time."""

from __future__ import annotations

import uuid

from sqlalchemy import ColumnElement, and_, or_, select

from webapp.domain.operations import OperationState
from webapp.domain.permissions import Permission
from webapp.models import JobRow, JobRun, Operation, Order, RowResult, Via
from webapp.services.audit import Actor
from webapp.services.errors import NotFound, RuleBroken
from webapp.services.jobs import making, outcomes
from webapp.services.jobs.catalogue import JOBS
from webapp.services.jobs.rules import Candidate
from webapp.services.jobs.runs import Run, announce
from webapp.services.jobs.schedules import check_right
from webapp.services.jobs.undoing import Task, take_all
from webapp.services.operations import filing
from webapp.services.sessions import SignedIn
from webapp.services.unit_of_work import Tx, in_transaction, reading


def repeat_failed(actor: SignedIn, run_id: uuid.UUID, request_id: uuid.UUID) -> uuid.UUID:
    """A new run of what an ended run left failed with no more tries; answers its id. The same id answers it again.

    Raises NotFound, NoRight, or RuleBroken `not_ended`, `nothing_failed` or `request_id_taken`.
    """

    def work(tx: Tx) -> JobRun:
        run = tx.get(JobRun, run_id)
        if run is None or run.shop_id is None or not actor.may(Permission.VIEW, run.shop_id):
            raise NotFound(f"run {run_id}")
        check_right(actor, Permission.RUN_JOBS, run.shop_id)
        if JOBS[run.job].undoes is None:
            raise RuleBroken("nothing_failed")
        if run.ended_at is None:
            raise RuleBroken("not_ended")
        return run

    run = in_transaction(work)
    with reading() as tx:
        if not _failed(tx, run.id, run.job, None):
            raise RuleBroken("nothing_failed")
    return making.ask(Actor(actor.user_id, Via.WEB), run.job, run.shop_id, request_id, repeat_of=run.id)


def work(run: Run) -> None:
    """File a new wish for each payment that failed for good in the run that this one repeats."""
    kind = JOBS[run.job].undoes
    assert kind is not None and run.repeat_of is not None  # noqa: S101, PT018 - repeat_failed saw to both
    filing.refuse_when_disk_is_full()
    with reading() as tx:
        found = _failed(tx, run.repeat_of, run.job, run.cursor)
    announce(run, len(found))
    take_all(Task(run, kind, by_person=True), found)


def _failed(tx: Tx, run_id: uuid.UUID, job: str, after: list[str] | None) -> list[Candidate]:
    query = (
        outcomes.with_operations(select(JobRow.payment_id, Order.number).select_from(JobRow))
        .join(JobRun, JobRun.id == JobRow.run_id)
        .join(Order, Order.id == JobRow.order_id)
        .where(JobRow.run_id == run_id, JobRun.job == job, JobRow.payment_id.is_not(None), failed_for_good())
        .order_by(Order.number.desc(), JobRow.payment_id.desc())
    )
    if after is not None:
        number, payment_id = after[0], uuid.UUID(after[1])
        query = query.where(or_(Order.number < number, and_(Order.number == number, JobRow.payment_id < payment_id)))
    return [Candidate(payment_id, number) for payment_id, number in tx.execute(query) if payment_id is not None]


def failed_for_good() -> ColumnElement[bool]:
    """Rows that ended Failed with no more tries, as SQL: not Rejected, which is never taken again."""
    refused = and_(Operation.state == OperationState.REJECTED, Operation.state_forbids.is_(False))
    return or_(JobRow.result == RowResult.FAILED, Operation.state == OperationState.EXPIRED, refused)
