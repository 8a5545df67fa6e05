"""A payment with its balances, and the append-only ledger that they must equal (I1, I9)."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from providers.kinds import MovementKind, ProviderState
from webapp.models.base import Base, Json, new_id
from webapp.models.payment_state import STATE_SQL
from webapp.models.shop import Mode


class Payment(Base):
    """What one provider was asked to collect for one order; all sums in minor units of `currency`."""

    __tablename__ = "payments"
    __table_args__ = (
        UniqueConstraint("account_id", "provider_ref"),
        UniqueConstraint("shop_id", "id"),
        ForeignKeyConstraint(["shop_id", "order_id"], ["orders.shop_id", "orders.id"]),
        ForeignKeyConstraint(["shop_id", "account_id"], ["provider_accounts.shop_id", "provider_accounts.id"]),
        CheckConstraint("refunded_minor + refund_reserved_minor <= captured_minor + excess_minor", name="refunds"),
        CheckConstraint(
            "captured_minor + cancelled_minor + capture_reserved_minor + cancel_reserved_minor"
            " <= authorised_minor + excess_minor",
            name="captures_and_cancels",
        ),
        CheckConstraint(
            "authorised_minor >= 0 and cancelled_minor >= 0 and captured_minor >= 0 and refunded_minor >= 0"
            " and capture_reserved_minor >= 0 and cancel_reserved_minor >= 0 and refund_reserved_minor >= 0"
            " and excess_minor >= 0 and authorised_minor <= 1000000000000000",
            name="bounds",
        ),
        Index("ix_payments_order_time", "order_id", "mode", "ordered_at"),  # lists of orders read no more of a payment
        Index(
            "ix_payments_beginning",
            "shop_id",
            "mode",
            "provider_ref",
            postgresql_ops={"provider_ref": "text_pattern_ops"},
        ),
        Index("ix_payments_method", "shop_id", "mode", "method", "ordered_at", "order_id"),
        Index("ix_payments_state", "shop_id", "mode", text(STATE_SQL), "ordered_at", "order_id"),
        Index("ix_payments_account", "shop_id", "mode", "account_id", "ordered_at", "order_id"),
        Index(
            "ix_payments_frozen",
            "shop_id",
            "mode",
            "ordered_at",
            "order_id",
            "frozen_at",
            sqlite_where=text("frozen_at is not null"),
            postgresql_where=text("frozen_at is not null"),
        ),
        Index(
            "ix_payments_compare",
            "shop_id",
            "compare_at",
            sqlite_where=text("compare_at is not null"),
            postgresql_where=text("compare_at is not null"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    shop_id: Mapped[uuid.UUID]
    order_id: Mapped[uuid.UUID]
    account_id: Mapped[uuid.UUID]
    mode: Mapped[Mode]
    provider_ref: Mapped[str]
    method: Mapped[str]
    currency: Mapped[str]
    provider_state: Mapped[ProviderState]
    authorised_minor: Mapped[int] = mapped_column(default=0)
    cancelled_minor: Mapped[int] = mapped_column(default=0)
    captured_minor: Mapped[int] = mapped_column(default=0)
    refunded_minor: Mapped[int] = mapped_column(default=0)
    capture_reserved_minor: Mapped[int] = mapped_column(default=0)
    cancel_reserved_minor: Mapped[int] = mapped_column(default=0)
    refund_reserved_minor: Mapped[int] = mapped_column(default=0)
    excess_minor: Mapped[int] = mapped_column(default=0)
    kept: Mapped[Any] = mapped_column(Json, default=dict)  # the adapter's memory of the last read
    lines: Mapped[Any] = mapped_column(Json, nullable=True, deferred=True)  # the provider's, as last read (kept_lines)
    open_lines: Mapped[Any] = mapped_column(Json, nullable=True, deferred=True)  # that can still be captured
    refundable_lines: Mapped[Any] = mapped_column(Json, nullable=True, deferred=True)  # that can still be given back
    frozen_reason: Mapped[str | None]
    frozen_at: Mapped[datetime | None]
    hold_expires_at: Mapped[datetime | None]
    last_read_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    compare_at: Mapped[datetime | None]  # when it is compared with the provider next; None: no more (R28)
    agreed_at: Mapped[datetime | None]  # when the last read began that showed the sums of our books
    ordered_at: Mapped[datetime | None]  # the order's, kept equal by triggers (ADR 0015): lists go by it
    version: Mapped[int] = mapped_column(default=1)


class LedgerMovement(Base):
    """One movement at the provider, booked once and never changed (I9: triggers refuse update and delete)."""

    __tablename__ = "movements"
    __table_args__ = (
        UniqueConstraint("account_id", "kind", "provider_movement_id"),
        ForeignKeyConstraint(["shop_id", "payment_id"], ["payments.shop_id", "payments.id"]),
        CheckConstraint("amount_minor between 0 and 1000000000000000", name="amount_bounds"),
        Index("ix_movements_payment", "payment_id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    shop_id: Mapped[uuid.UUID]
    payment_id: Mapped[uuid.UUID]
    account_id: Mapped[uuid.UUID]
    kind: Mapped[MovementKind]
    amount_minor: Mapped[int]
    currency: Mapped[str]
    provider_movement_id: Mapped[str]
    operation_id: Mapped[uuid.UUID | None]  # None: made outside Paydesk
    chargeback: Mapped[bool] = mapped_column(default=False)
    occurred_at: Mapped[datetime | None]  # the provider's word
    booked_at: Mapped[datetime]
