"""What tests of the jobs do and look at."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from tests import factories
from tests.desk import Desk
from webapp.domain.outcomes import RowOutcome
from webapp.domain.permissions import Role
from webapp.models import JobRow, JobRun, Mode, Operation, Schedule
from webapp.services.jobs import listing, making, running
from webapp.services.jobs import schedules as planning
from webapp.services.jobs.listing import RowLine
from webapp.services.operations import running as operations
from webapp.services.sessions import SignedIn
from webapp.services.unit_of_work import Tx, in_transaction


def signed_in(desk: Desk, *roles: Role, shop_id: uuid.UUID | None = None) -> SignedIn:
    """A person with those roles in the desk's shop, as the pages know them."""
    user = factories.user(shop_id or desk.shop_id, roles[0])
    return SignedIn(
        session_id=uuid.uuid4(),
        user_id=user.id,
        email=user.email,
        name=user.name,
        language="en",
        time_zone="UTC",
        mode=Mode.TEST,
        has_totp=True,
        must_choose_password=False,
        seen_at=factories.LONG_AGO,
        read_at=factories.LONG_AGO,
        grants={shop_id or desk.shop_id: frozenset(roles)},
    )


def cancelled_payment(desk: Desk, amount_minor: int = 3300, **fields: Any) -> uuid.UUID:
    """A payment of an order that was cancelled and asks the jobs to act."""
    payment = desk.payment(amount_minor, **fields)
    factories.cancelled(desk.row(payment).order_id)
    return payment


def plan_only(job: str) -> None:
    """Of all schedules only this job's are due in the next week."""
    planning.ensure()

    def put_off(tx: Tx) -> None:
        week = timedelta(days=7)
        for schedule in tx.query(Schedule).filter(Schedule.job != job):
            schedule.next_due_at, schedule.overdue_at = schedule.next_due_at + week, schedule.overdue_at + week

    in_transaction(put_off)


def run(desk: Desk, job: str, shop_id: uuid.UUID | None = None) -> uuid.UUID:
    """A run by hand, worked on at once; its operations are filed and not sent."""
    run_id = making.run_by_operator(job, shop_id or desk.shop_id, uuid.uuid4())
    assert running.run_job(run_id)
    return run_id


def run_and_send(desk: Desk, job: str) -> uuid.UUID:
    """A run by hand whose operations are sent too."""
    run_id = run(desk, job)
    operations.run_due()
    running.run_due()
    return run_id


def the_run(run_id: uuid.UUID) -> JobRun:
    return in_transaction(lambda tx: tx.get_one(JobRun, run_id))


def runs(job: str | None = None) -> Sequence[JobRun]:
    """All runs, oldest first."""
    query = select(JobRun).order_by(JobRun.due_at, JobRun.job)
    if job:
        query = query.where(JobRun.job == job)
    return in_transaction(lambda tx: tx.scalars(query).all())


def rows(run_id: uuid.UUID) -> Sequence[RowLine]:
    """The rows of a run in test mode."""
    return in_transaction(lambda tx: listing.rows(tx, tx.get_one(JobRun, run_id), Mode.TEST)[0])


def outcomes(run_id: uuid.UUID) -> list[RowOutcome]:
    return [line.outcome for line in rows(run_id)]


def codes(run_id: uuid.UUID) -> list[str | None]:
    query = select(JobRow.code).where(JobRow.run_id == run_id).order_by(JobRow.position)
    return in_transaction(lambda tx: list(tx.scalars(query)))


def operations_of(payment_id: uuid.UUID) -> Sequence[Operation]:
    query = select(Operation).where(Operation.payment_id == payment_id).order_by(Operation.created_at)
    return in_transaction(lambda tx: tx.scalars(query).all())


def all_operations() -> Sequence[Operation]:
    return in_transaction(lambda tx: tx.scalars(select(Operation)).all())


def schedules() -> Sequence[Schedule]:
    return in_transaction(lambda tx: tx.scalars(select(Schedule)).all())


def schedule(job: str, shop_id: uuid.UUID | None = None) -> Schedule:
    query = select(Schedule).where(Schedule.job == job, Schedule.shop_id == shop_id)
    return in_transaction(lambda tx: tx.scalars(query).one())
