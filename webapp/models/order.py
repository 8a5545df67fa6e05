"""An order of a shop, with its notes."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    column,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Base, Json, new_id
from webapp.models.operation import Via
from webapp.models.shop import Mode

TO_UNDO = "undo_change_id is not null"


class Order(Base):
    """What a buyer ordered; `total_minor` in minor units of `currency`."""

    __tablename__ = "orders"
    __table_args__ = (
        UniqueConstraint("shop_id", "mode", "number"),
        UniqueConstraint("shop_id", "id"),
        ForeignKeyConstraint(["shop_id", "status_id"], ["order_statuses.shop_id", "order_statuses.id"]),
        CheckConstraint("total_minor between 0 and 1000000000000000", name="total_bounds"),
        Index("ix_orders_shop_mode_ordered", "shop_id", "mode", "ordered_at", "id"),
        Index("ix_orders_shop_mode_status_ordered", "shop_id", "mode", "status_id", "ordered_at", "id"),
        Index("ix_orders_shop_mode_total_ordered", "shop_id", "mode", "total_minor", "ordered_at", "id"),
        Index("ix_orders_beginning", "shop_id", "mode", "number", postgresql_ops={"number": "text_pattern_ops"}),
        Index(
            "ix_orders_buyer",
            "shop_id",
            "mode",
            func.lower(column("buyer_email")).label("buyer"),
            postgresql_ops={"buyer": "text_pattern_ops"},
        ),
        Index(
            "ix_orders_to_undo",
            "shop_id",
            "number",
            sqlite_where=text(TO_UNDO),
            postgresql_where=text(TO_UNDO),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    shop_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("shops.id"))
    mode: Mapped[Mode]
    number: Mapped[str]
    status_id: Mapped[uuid.UUID]
    currency: Mapped[str]
    total_minor: Mapped[int]
    buyer_name: Mapped[str | None]
    buyer_email: Mapped[str | None]
    language: Mapped[str | None]
    lines: Mapped[Any] = mapped_column(Json, nullable=True)  # as the shop brought them in (services: kept_lines)
    ordered_at: Mapped[datetime]
    created_at: Mapped[datetime]
    undo_change_id: Mapped[uuid.UUID | None]  # the change that cancelled it and asks the jobs to act, while it holds
    import_id: Mapped[uuid.UUID | None]  # the import that made it; seen once that is complete (order_import.py)
    version: Mapped[int] = mapped_column(default=1)


class StatusChange(Base):
    """One change of an order's status; what it fires is fired once for it (R17).

    `acts` is False for a new order's first status, unless whoever brought the order asked for action, and for
    changes that the desk makes itself.
    """

    __tablename__ = "order_status_changes"
    __table_args__ = (
        ForeignKeyConstraint(["shop_id", "order_id"], ["orders.shop_id", "orders.id"]),
        Index("ix_order_status_changes_order", "order_id", "changed_at"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    shop_id: Mapped[uuid.UUID]
    order_id: Mapped[uuid.UUID]
    from_status_id: Mapped[uuid.UUID | None]  # None: the order's first status
    to_status_id: Mapped[uuid.UUID]
    changed_at: Mapped[datetime]
    changed_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    via: Mapped[Via]
    acts: Mapped[bool]


class OrderNote(Base):
    """A remark of a colleague on an order."""

    __tablename__ = "order_notes"
    __table_args__ = (ForeignKeyConstraint(["shop_id", "order_id"], ["orders.shop_id", "orders.id"]),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    shop_id: Mapped[uuid.UUID]
    order_id: Mapped[uuid.UUID] = mapped_column(index=True)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    text: Mapped[str]
    created_at: Mapped[datetime]
