"""The audit chain: gapless numbers, each entry sealed over the one before (I17)."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Base, Json


class AuditEntry(Base):
    """Who did what to which row, written in the transaction of the deed."""

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index("ix_audit_entries_subject", "subject_id"),
        Index("ix_audit_entries_shop_number", "shop_id", "number"),
    )

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    shop_id: Mapped[uuid.UUID | None]
    actor_id: Mapped[uuid.UUID | None]
    via: Mapped[str]
    action: Mapped[str]
    subject_kind: Mapped[str]
    subject_id: Mapped[uuid.UUID | None]
    details: Mapped[Any] = mapped_column(Json)
    previous_hash: Mapped[str]
    hash: Mapped[str]


class AuditHead(Base):
    """The newest number and hash; its row lock puts writers in line (R22: taken last)."""

    __tablename__ = "audit_head"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int]
    hash: Mapped[str]
