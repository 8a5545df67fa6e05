"""Keys of the REST API, and the answers that are kept so that a request sent twice is carried out once (R15)."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Base, Json, new_id
from webapp.models.shop import Mode


class ApiKey(Base):
    """What a shop system signs in with. Shops, mode and rights never change: another key takes its place."""

    __tablename__ = "api_keys"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str]
    mode: Mapped[Mode]
    rights: Mapped[Any] = mapped_column(Json)  # values of Permission
    hint: Mapped[str]  # how the key begins, for people to tell keys apart
    secret_hash: Mapped[str] = mapped_column(unique=True)
    requests_per_minute: Mapped[int]
    free_at: Mapped[datetime | None]  # when all that it has asked for is paid off at its rate
    created_at: Mapped[datetime]
    created_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))


class ApiKeyShop(Base):
    """A shop that a key reaches."""

    __tablename__ = "api_key_shops"

    key_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("api_keys.id"), primary_key=True)
    shop_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("shops.id"), primary_key=True, index=True)


class ApiAnswer(Base):
    """One request that carried an `Idempotency-Key`; without a `status` it is running, or its process died."""

    __tablename__ = "api_answers"
    __table_args__ = (
        UniqueConstraint("key_id", "shop_id", "route", "client_key"),
        Index("ix_api_answers_created", "created_at"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    key_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("api_keys.id"))
    shop_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("shops.id"))
    route: Mapped[str]
    client_key: Mapped[str]
    digest: Mapped[str]  # of method, address and body
    fence: Mapped[int] = mapped_column(default=1)  # who took it over last
    running_until: Mapped[datetime]
    status: Mapped[int | None]
    body: Mapped[str | None]
    location: Mapped[str | None]
    created_at: Mapped[datetime]
