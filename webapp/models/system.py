"""What makes the desk run: wake-ups, switches, and the installation's own state."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Base, new_id


class WakeUp(Base):
    """Outbox: a word to a worker, committed with the work it speaks of (R18). Losing it loses nothing."""

    __tablename__ = "wake_ups"
    __table_args__ = (
        Index(
            "ix_wake_ups_waiting",
            "not_before",
            sqlite_where=text("published_at is null"),
            postgresql_where=text("published_at is null"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    queue: Mapped[str]
    task: Mapped[str]
    row_id: Mapped[uuid.UUID]
    not_before: Mapped[datetime]
    published_at: Mapped[datetime | None]


class KillSwitch(Base):
    """Stops fresh sends for everything that matches; an empty field matches all (R46)."""

    __tablename__ = "kill_switches"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    shop_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("shops.id"))
    provider: Mapped[str | None]
    kind: Mapped[str | None]
    reason: Mapped[str]
    thrown_by: Mapped[uuid.UUID | None]
    thrown_at: Mapped[datetime]


class Installation(Base):
    """The one row about this installation; in recovery nothing is sent (R29)."""

    __tablename__ = "installation"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    recovery_since: Mapped[datetime | None]
    backup_taken_at: Mapped[datetime | None]
    sends_paused_until: Mapped[datetime | None]  # after a jump of the clock (R8)
