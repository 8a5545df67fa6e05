"""People, what they may do where, and their sessions."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from webapp.domain.permissions import Role
from webapp.models.base import Base, new_id


class User(Base):
    """A person who signs in."""

    __tablename__ = "users"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    email: Mapped[str] = mapped_column(unique=True)  # lower case
    name: Mapped[str]
    password_hash: Mapped[str]
    language: Mapped[str]
    time_zone: Mapped[str]
    totp_secret: Mapped[str | None]  # ciphertext
    totp_last_step: Mapped[int | None]  # a code is accepted once
    disabled_at: Mapped[datetime | None]
    created_by: Mapped[uuid.UUID | None]
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)


class Grant(Base):
    """A role of a user in a shop."""

    __tablename__ = "grants"
    __table_args__ = (UniqueConstraint("user_id", "shop_id", "role"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    shop_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("shops.id"), index=True)
    role: Mapped[Role]
    granted_by: Mapped[uuid.UUID | None]
    granted_at: Mapped[datetime]


class UserSession(Base):
    """A sign-in, kept on the server; the cookie's token is stored only as a hash."""

    __tablename__ = "user_sessions"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"), index=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    mode: Mapped[str]  # test or live, as last chosen
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    step_up_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class RateEvent(Base):
    """One counted event (failed sign-in, money form); counters survive a flush of Redis."""

    __tablename__ = "rate_events"
    __table_args__ = (Index("ix_rate_events_subject_at", "kind", "subject", "at"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    kind: Mapped[str]
    subject: Mapped[str]  # a keyed digest, never the address itself
    at: Mapped[datetime]
