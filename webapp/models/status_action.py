"""What a shop wants to happen when an order's status changes, and what such changes have fired."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, literal, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.domain.status_actions import FiringState, FollowedState, StatusAct
from webapp.models.base import Base, new_id
from webapp.models.place import PlacedByOrder

EVERY_PROVIDER = ""
DUE = "due_at is not null"
WITHOUT_PAYMENT = "payment_id is null"
GIVEN_UP = "state = 'given_up'"


class StatusAction(Base):
    """One cell of a shop's table: what a status fires, at every provider or where one differs."""

    __tablename__ = "status_actions"
    __table_args__ = (
        UniqueConstraint("status_id", "provider"),
        ForeignKeyConstraint(["shop_id", "status_id"], ["order_statuses.shop_id", "order_statuses.id"]),
        Index("ix_status_actions_shop", "shop_id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    shop_id: Mapped[uuid.UUID]
    status_id: Mapped[uuid.UUID]
    provider: Mapped[str]  # EVERY_PROVIDER, or the one that differs
    act: Mapped[StatusAct]


class StatusFollow(Base):
    """One line of the second table: which status an order takes when its payment comes into a state."""

    __tablename__ = "status_follows"
    __table_args__ = (
        UniqueConstraint("shop_id", "event"),
        ForeignKeyConstraint(["shop_id", "status_id"], ["order_statuses.shop_id", "order_statuses.id"]),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    shop_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("shops.id"))
    event: Mapped[FollowedState]
    status_id: Mapped[uuid.UUID | None]  # None: the order keeps the status that it has


class FiredAction(PlacedByOrder, Base):
    """An action that one change of status fired on one payment, once (R17).

    `act` is fixed by the change; a row without a payment waits for one, whose provider then decides.
    """

    __tablename__ = "fired_actions"
    __table_args__ = (
        UniqueConstraint("change_id", "payment_id"),
        ForeignKeyConstraint(["shop_id", "order_id"], ["orders.shop_id", "orders.id"]),
        ForeignKeyConstraint(["shop_id", "payment_id"], ["payments.shop_id", "payments.id"]),
        CheckConstraint("(act is null) = (payment_id is null)", name="act_of_a_payment"),
        CheckConstraint("(state = 'due') = (due_at is not null)", name="due_has_a_time"),
        Index(
            "uq_fired_actions_waiting",
            "change_id",
            unique=True,
            sqlite_where=text(WITHOUT_PAYMENT),
            postgresql_where=text(WITHOUT_PAYMENT),
        ),
        Index("ix_fired_actions_due", "shop_id", "due_at", "id", sqlite_where=text(DUE), postgresql_where=text(DUE)),
        Index("ix_fired_actions_order", "order_id", "state"),
        Index(
            "ix_fired_actions_given_up",
            "shop_id",
            "mode",
            "ordered_at",
            "order_id",
            "state",
            sqlite_where=text(GIVEN_UP),
            postgresql_where=text(GIVEN_UP),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    shop_id: Mapped[uuid.UUID]
    order_id: Mapped[uuid.UUID]
    change_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("order_status_changes.id"))
    payment_id: Mapped[uuid.UUID | None]
    act: Mapped[StatusAct | None]
    state: Mapped[FiringState]
    fired_at: Mapped[datetime]
    fired_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    api_key_id: Mapped[uuid.UUID | None]
    due_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)  # that could not be filed
    code: Mapped[str | None]  # of the last refusal
    why: Mapped[str | None]  # a NotOffered, where the provider or the payment's state was the reason
    wish_id: Mapped[uuid.UUID | None]  # of the operations that it became
    ended_at: Mapped[datetime | None]


is_given_up = FiredAction.state == literal(FiringState.GIVEN_UP, FiredAction.state.type, literal_execute=True)
"""Whether there are no more tries of an action; written out, so that databases see that the index of these fits."""
