"""Mails that leave the desk, and the failures that wait to be mailed."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.domain.mails import MailState
from webapp.models.base import Base, new_id
from webapp.models.shop import Mode


class MailKind(StrEnum):
    """What a mail is about."""

    FAILURES = "failures"  # its subject is a batch of failure notices
    JOB_OVERDUE = "job_overdue"  # its subject is the run of a job
    ALERT = "alert"  # its subject is the alert


DUE = "due_at is not null"
WAITING = "handled_at is null"
UNDER_WAY = "state in ('queued', 'sending')"


class Mail(Base):
    """One mail to one recipient, written when its cause happened (R41). The body is dropped after 90 days.

    `version` is 1 for what the desk sends by itself; each time a person has it sent again makes the next one.
    """

    __tablename__ = "mails"
    __table_args__ = (
        UniqueConstraint("kind", "subject_id", "recipient", "version"),
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint(f"({UNDER_WAY}) = (due_at is not null)", name="due_while_under_way"),
        CheckConstraint(f"({UNDER_WAY}) or lease_until is null", name="lease_while_under_way"),
        CheckConstraint("state <> 'sending' or lease_until is not null", name="sending_has_a_lease"),
        CheckConstraint(f"body is not null or not ({UNDER_WAY})", name="body_until_sent"),
        CheckConstraint("state <> 'sent' or sent_at is not null", name="sent_has_its_time"),
        Index("ix_mails_due", "due_at", sqlite_where=text(DUE), postgresql_where=text(DUE)),
        Index("ix_mails_shop_created", "shop_id", "created_at", "id"),
        Index("ix_mails_shop_state", "shop_id", "state", "created_at"),
        Index("ix_mails_created", "created_at"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    kind: Mapped[MailKind]
    subject_id: Mapped[uuid.UUID]
    recipient: Mapped[str]
    version: Mapped[int] = mapped_column(default=1)
    shop_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("shops.id"))  # None: about the installation
    mode: Mapped[Mode | None]  # None: about both
    language: Mapped[str]
    subject: Mapped[str]
    body: Mapped[str | None]
    message_id: Mapped[str]
    state: Mapped[MailState]
    created_at: Mapped[datetime]
    due_at: Mapped[datetime | None]  # the end of the lease while somebody has it
    lease_until: Mapped[datetime | None]
    fence: Mapped[int] = mapped_column(default=0)
    tries: Mapped[int] = mapped_column(default=0)
    tried_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    result: Mapped[str | None]  # a code; its words stand in formatting/mail_words.py
    answer: Mapped[str | None]  # the server's code and text, without the address
    next_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("mails.id"))  # by which a person sent it again


class FailureNotice(Base):
    """One operation that ended without effect (R44); mailed with its neighbours, or seen to interest nobody."""

    __tablename__ = "failure_notices"
    __table_args__ = (
        Index(
            "ix_failure_notices_waiting",
            "shop_id",
            "failed_at",
            sqlite_where=text(WAITING),
            postgresql_where=text(WAITING),
        ),
        Index("ix_failure_notices_batch", "shop_id", "handled_at"),
        Index("ix_failure_notices_lines", "batch_id", "failed_at"),
    )

    operation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("operations.id"), primary_key=True)
    shop_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("shops.id"))
    mode: Mapped[Mode]
    failed_at: Mapped[datetime]
    doubtful: Mapped[bool] = mapped_column(default=False)  # may have been mailed before a backup was restored (R29)
    handled_at: Mapped[datetime | None]
    batch_id: Mapped[uuid.UUID | None]  # what its mails have as subject; None: nobody wanted one
