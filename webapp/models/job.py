"""Schedules, runs of jobs, and what a run did with each order, payment or account."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from providers.kinds import OperationKind
from webapp.models.base import Base, Json, new_id
from webapp.models.shop import Mode

OPEN = "ended_at is null"
BY_CLOCK_IN_SHOP = "request_id is null and shop_id is not null"
BY_CLOCK_OF_DESK = "request_id is null and shop_id is null"
OF_SHOP = "shop_id is not null"
OF_DESK = "shop_id is null"
EVERY_DAY = 0b1111111


class RowResult(StrEnum):
    """What became of a row that no operation speaks for."""

    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"


class Schedule(Base):
    """When a job of a shop, or of the whole desk (no shop), runs next; the database owns time (R20).

    Exactly one of `interval_s` and `cron` (five fields, in the shop's time zone). The active hours are minutes of
    the day in that zone, `active_until` left out, and may pass midnight; `active_days` are bits, Monday the lowest.
    """

    __tablename__ = "schedules"
    __table_args__ = (
        CheckConstraint("(interval_s is null) <> (cron is null)", name="interval_or_cron"),
        CheckConstraint("(active_from is null) = (active_until is null)", name="both_hours"),
        Index(
            "uq_schedules_job_shop",
            "job",
            "shop_id",
            unique=True,
            sqlite_where=text(OF_SHOP),
            postgresql_where=text(OF_SHOP),
        ),
        Index(
            "uq_schedules_job_desk",
            "job",
            unique=True,
            sqlite_where=text(OF_DESK),
            postgresql_where=text(OF_DESK),
        ),
        Index("ix_schedules_due", "next_due_at"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    job: Mapped[str]
    shop_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("shops.id"))
    enabled: Mapped[bool] = mapped_column(default=True)
    interval_s: Mapped[int | None]
    cron: Mapped[str | None]
    active_from: Mapped[int | None]
    active_until: Mapped[int | None]
    active_days: Mapped[int] = mapped_column(default=EVERY_DAY)
    next_due_at: Mapped[datetime]
    overdue_at: Mapped[datetime]  # a scheduler that has not made the run by then is missing
    alerted_at: Mapped[datetime | None]  # staff were told so; one time per occurrence
    version: Mapped[int] = mapped_column(default=1)


class JobRun(Base):
    """One run of a job; unique keys let one scheduler and one click win (R16, R17, R20).

    It waits until `started_at`, finds its rows until `found_at`, and has ended (`ended_at`) when each row has a
    first outcome. `counts` are fixed then: mode -> outcome -> number of rows.
    """

    __tablename__ = "job_runs"
    __table_args__ = (
        UniqueConstraint("request_id"),
        Index(
            "uq_job_runs_clock_shop",
            "job",
            "shop_id",
            "due_at",
            unique=True,
            sqlite_where=text(BY_CLOCK_IN_SHOP),
            postgresql_where=text(BY_CLOCK_IN_SHOP),
        ),
        Index(
            "uq_job_runs_clock_desk",
            "job",
            "due_at",
            unique=True,
            sqlite_where=text(BY_CLOCK_OF_DESK),
            postgresql_where=text(BY_CLOCK_OF_DESK),
        ),
        Index("ix_job_runs_newest", "job", "shop_id", "due_at", "id"),
        Index("ix_job_runs_open", "due_at", sqlite_where=text(OPEN), postgresql_where=text(OPEN)),
        Index("ix_job_runs_ended", "ended_at"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    job: Mapped[str]
    shop_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("shops.id"))
    due_at: Mapped[datetime]
    overdue_at: Mapped[datetime]  # twice the job's interval after it was due
    requested_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    request_id: Mapped[uuid.UUID | None]  # None: made by the clock
    repeat_of: Mapped[uuid.UUID | None]  # the run whose failed rows it takes again
    not_before: Mapped[datetime]  # when a worker may take it, or take it again after a fault
    started_at: Mapped[datetime | None]
    found_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    fence: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None]
    faults: Mapped[int] = mapped_column(default=0)  # how often it was broken off by an error of ours
    found: Mapped[int] = mapped_column(default=0)  # how many rows it will have
    cursor: Mapped[Any] = mapped_column(Json, nullable=True)  # how far it has come; what a second worker goes on from
    counts: Mapped[Any] = mapped_column(Json, nullable=True)
    result: Mapped[str | None]  # what it said in the end, for jobs without rows
    failed_by: Mapped[str | None]  # the error that ended it before its time
    alerted_at: Mapped[datetime | None]  # staff were told that it is overdue


class JobRow(Base):
    """What a run did with one payment, operation or account, in the order it came to it.

    With an operation its state tells the outcome, and `result` is None; without one `result` does, with `code` for
    the reason and `details` for what belongs to it. It is a log: orders may be taken back under it.
    """

    __tablename__ = "job_rows"
    __table_args__ = (
        UniqueConstraint("run_id", "position"),
        CheckConstraint("(operation_id is null) <> (result is null)", name="operation_or_result"),
        Index("ix_job_rows_operation", "operation_id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    run_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("job_runs.id"))
    position: Mapped[int]  # from 1
    shop_id: Mapped[uuid.UUID]
    mode: Mapped[Mode]
    order_id: Mapped[uuid.UUID | None]
    payment_id: Mapped[uuid.UUID | None]
    account_id: Mapped[uuid.UUID | None]
    operation_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("operations.id"))
    asked_fence: Mapped[int | None]  # of the operation when the provider was to be asked about it
    kind: Mapped[OperationKind | None]
    amount_minor: Mapped[int | None]
    currency: Mapped[str | None]
    result: Mapped[RowResult | None]
    code: Mapped[str | None]
    details: Mapped[Any] = mapped_column(Json, nullable=True)
