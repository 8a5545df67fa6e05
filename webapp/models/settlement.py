"""What people say about an operation in `review`: one proposes, another confirms (money-safety section 3)."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Base, new_id

OPEN = "closed_at is null"


class SettleAs(StrEnum):
    """What became of the operation, as people saw it at the provider."""

    DONE = "done"
    NOT_DONE = "not_done"
    SEND_AGAIN = "send_again"  # it was not carried out and still shall be


class Settlement(Base):
    """A proposal to settle one operation; at most one of them is open. Closed ones stay as evidence."""

    __tablename__ = "settlements"
    __table_args__ = (
        Index(
            "uq_settlements_one_open",
            "operation_id",
            unique=True,
            sqlite_where=text(OPEN),
            postgresql_where=text(OPEN),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    operation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("operations.id"))
    settle_as: Mapped[SettleAs]
    provider_ref: Mapped[str]  # of the movement, or of the payment where nothing moved
    evidence: Mapped[str]
    proposed_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    proposed_at: Mapped[datetime]
    confirmed_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    closed_at: Mapped[datetime | None]  # confirmed, or replaced by a later proposal
