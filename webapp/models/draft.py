"""What somebody typed into a money form and has not sent yet."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from providers.planning import WishKind
from webapp.models.base import Base


class Draft(Base):
    """The answers behind one check page, so that its address can be opened again. Its id is the form's one-time id."""

    __tablename__ = "drafts"
    __table_args__ = (Index("ix_drafts_created_at", "created_at"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    payment_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("payments.id"))
    kind: Mapped[WishKind]
    answers: Mapped[str]  # ciphertext: a bank account may be among them
    created_at: Mapped[datetime]
