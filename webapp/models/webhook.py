"""What providers told us, kept as it came."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Base, Json, new_id


class WebhookState(StrEnum):
    """How far a message has come."""

    WAITING = "waiting"  # a worker will read the payment
    DONE = "done"
    IGNORED = "ignored"  # genuine, and nothing to fetch for it
    REFUSED = "refused"  # the signature does not fit: never acted on
    FAILED = "failed"  # tried for a day; people may have it processed again


DUE = "due_at is not null"


class WebhookMessage(Base):
    """One message of a provider (money-safety R36-R38). The body is ciphertext and dropped after 30 days."""

    __tablename__ = "webhook_messages"
    __table_args__ = (
        UniqueConstraint("account_id", "dedupe"),
        ForeignKeyConstraint(["shop_id", "account_id"], ["provider_accounts.shop_id", "provider_accounts.id"]),
        Index("ix_webhook_messages_due", "due_at", sqlite_where=text(DUE), postgresql_where=text(DUE)),
        Index("ix_webhook_messages_shop_received", "shop_id", "received_at", "id"),
        Index("ix_webhook_messages_payment", "account_id", "payment_ref", "state"),
        Index("ix_webhook_messages_received", "received_at"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    shop_id: Mapped[uuid.UUID]
    account_id: Mapped[uuid.UUID]
    dedupe: Mapped[str]  # the event's id, else the SHA-256 of the body
    received_at: Mapped[datetime]
    event: Mapped[str]
    delivery_id: Mapped[str | None]
    payment_ref: Mapped[str | None]
    headers: Mapped[Any] = mapped_column(Json)
    body: Mapped[str | None]  # ciphertext; None for what was refused, and after 30 days
    size: Mapped[int]  # of the body in bytes
    state: Mapped[WebhookState]
    due_at: Mapped[datetime | None]
    lease_until: Mapped[datetime | None]
    fence: Mapped[int] = mapped_column(default=0)
    tries: Mapped[int] = mapped_column(default=0)
    processed_at: Mapped[datetime | None]
    result: Mapped[str | None]  # a code; its words stand in formatting/webhook_words.py
    movements: Mapped[int] = mapped_column(default=0)  # how many were booked because of it
