"""A case: something that does not add up between our books and a provider, until it is settled (R28)."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.domain.cases import CaseKind, CaseState
from webapp.models.base import Base, Json, new_id
from webapp.models.shop import Mode

LIVE = "state <> 'closed'"


class Case(Base):
    """One kind of difference of one payment; at most one of a kind lives at a time.

    `facts` are those of `domain.cases.Finding`. `first_read_at` is when the read began that showed it first;
    `opened_at` is None while that read stands alone.
    """

    __tablename__ = "cases"
    __table_args__ = (
        ForeignKeyConstraint(["shop_id", "payment_id"], ["payments.shop_id", "payments.id"]),
        ForeignKeyConstraint(["shop_id", "order_id"], ["orders.shop_id", "orders.id"]),
        CheckConstraint("(state = 'suspected') = (opened_at is null)", name="opened"),
        CheckConstraint("(closed_at is null) = (state in ('suspected', 'open'))", name="closed"),
        CheckConstraint("(closed_by is null) = (note is null)", name="note"),
        Index(
            "uq_cases_live",
            "payment_id",
            "kind",
            unique=True,
            sqlite_where=text(LIVE),
            postgresql_where=text(LIVE),
        ),
        Index("ix_cases_payment", "payment_id"),
        Index("ix_cases_shop_state", "shop_id", "mode", "state", "opened_at", "id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    shop_id: Mapped[uuid.UUID]
    order_id: Mapped[uuid.UUID]
    payment_id: Mapped[uuid.UUID]
    mode: Mapped[Mode]
    kind: Mapped[CaseKind]
    state: Mapped[CaseState]
    facts: Mapped[Any] = mapped_column(Json, default=dict)
    first_read_at: Mapped[datetime]
    last_read_at: Mapped[datetime]
    opened_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]  # set aside or closed
    closed_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))  # None: a comparison agreed
    note: Mapped[str | None]
    version: Mapped[int] = mapped_column(default=1)
