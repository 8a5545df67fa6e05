"""A shop, its lists, and its contracts at providers."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, true
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Base, Json, new_id


class Mode(StrEnum):
    """Test and live never mix."""

    TEST = "test"
    LIVE = "live"


class StatusKind(StrEnum):
    """What an order status of the shop's own list means to the rules."""

    NEW = "new"
    PAID = "paid"
    SHIPPED = "shipped"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class Shop(Base):
    """A sales channel."""

    __tablename__ = "shops"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    currency: Mapped[str]
    language: Mapped[str]
    time_zone: Mapped[str]
    manager_email: Mapped[str | None]
    failure_emails: Mapped[Any] = mapped_column(Json, default=list)
    failure_mails_on: Mapped[bool] = mapped_column(default=True, server_default=true())  # whether they are mailed
    stop_window_s: Mapped[int] = mapped_column(default=0)  # seconds in which a filed operation can be stopped
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)


class OrderStatus(Base):
    """One entry of the shop's own list of order statuses."""

    __tablename__ = "order_statuses"
    __table_args__ = (UniqueConstraint("shop_id", "code"), UniqueConstraint("shop_id", "id"))

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    shop_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("shops.id"))
    code: Mapped[str]
    name: Mapped[str]
    kind: Mapped[StatusKind]
    position: Mapped[int] = mapped_column(default=0)
    retired_at: Mapped[datetime | None]  # orders keep it, nothing takes it any more


class RefundReason(Base):
    """One entry of the shop's list of reasons; without a `name` of its own the code is translated."""

    __tablename__ = "refund_reasons"
    __table_args__ = (UniqueConstraint("shop_id", "code"), UniqueConstraint("shop_id", "id"))

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    shop_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("shops.id"))
    code: Mapped[str]
    name: Mapped[str | None]
    provider_code: Mapped[str | None]
    comment_required: Mapped[bool] = mapped_column(default=False)
    position: Mapped[int] = mapped_column(default=0)
    retired_at: Mapped[datetime | None]


class ProviderAccount(Base):
    """One contract of a shop at one provider in one mode. Credentials are write-only ciphertext."""

    __tablename__ = "provider_accounts"
    __table_args__ = (
        UniqueConstraint("shop_id", "id"),
        UniqueConstraint("shop_id", "provider", "mode", "name"),
        Index("uq_provider_accounts_webhook_token", "webhook_token", unique=True),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    shop_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("shops.id"))
    provider: Mapped[str]
    mode: Mapped[Mode]
    name: Mapped[str]
    host: Mapped[str]  # an entry of the registry's list, never an address
    credentials: Mapped[Any] = mapped_column(Json, default=dict)  # field -> ciphertext
    webhook_token: Mapped[str]
    webhook_secret_since: Mapped[datetime | None]  # when the present webhook secret took the place of another
    settings: Mapped[Any] = mapped_column(Json, default=dict)
    breaker_opened_at: Mapped[datetime | None]
    breaker_reason: Mapped[str | None]
    last_good_call_at: Mapped[datetime | None]
    methods_read_at: Mapped[datetime | None]  # when the list of methods was asked for that was last taken in
    method_sync_at: Mapped[datetime | None]  # when the last sync began, whatever came of it
    method_sync_result: Mapped[str | None]  # what came of it: a SyncCode
    method_sync_asked_at: Mapped[datetime | None]  # somebody waits for a sync
    method_sync_lease_until: Mapped[datetime | None]  # a worker is at it
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)
