"""One wish to move a payment, and every call that was made for it."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from providers.kinds import OperationKind, Outcome
from providers.planning import WishKind
from webapp.domain.operations import OperationState
from webapp.models.base import Base, Json, new_id
from webapp.models.place import PlacedByOrder


class Via(StrEnum):
    """Where a wish came from."""

    WEB = "web"
    API = "api"
    JOB = "job"
    SYSTEM = "system"


ONE_AT_A_TIME = (
    "not restored and (state in ('sending', 'unknown') or (state = 'pending' and provider_operation_id is null))"
)
"""I7 as the predicate of a unique index. After a restore several wishes may be in doubt at once (R29)."""

MAY_NEED_A_LOOK = "state in ('awaiting_approval', 'expired', 'rejected', 'review', 'unknown')"
"""States that may need a look, letter by letter as `among` says them: SQLite takes a partial index for nothing else."""

BY_STATUS = "status_change_id is not null"
"""R17: one change of an order's status makes at most one operation of a kind per payment and step of its wish."""


class Operation(PlacedByOrder, Base):
    """One wish; its state and moves stand in domain/operations.py."""

    __tablename__ = "operations"
    __table_args__ = (
        UniqueConstraint("request_id"),
        UniqueConstraint("key"),
        ForeignKeyConstraint(["shop_id", "payment_id"], ["payments.shop_id", "payments.id"]),
        ForeignKeyConstraint(["shop_id", "order_id"], ["orders.shop_id", "orders.id"]),
        ForeignKeyConstraint(["shop_id", "reason_id"], ["refund_reasons.shop_id", "refund_reasons.id"]),
        CheckConstraint("amount_minor > 0 and amount_minor <= 1000000000000000", name="amount_bounds"),
        CheckConstraint("(kind = 'update') = (new_total_minor is not null)", name="update_target"),
        Index(
            "uq_operations_one_at_a_time",
            "payment_id",
            unique=True,
            sqlite_where=text(ONE_AT_A_TIME),
            postgresql_where=text(ONE_AT_A_TIME),
        ),
        Index(
            "ix_operations_due",
            "due_at",
            sqlite_where=text("due_at is not null"),
            postgresql_where=text("due_at is not null"),
        ),
        Index(
            "uq_operations_once_per_change",
            "payment_id",
            "kind",
            "status_change_id",
            "step",
            unique=True,
            sqlite_where=text(BY_STATUS),
            postgresql_where=text(BY_STATUS),
        ),
        Index("ix_operations_payment_kind", "payment_id", "kind", "created_at"),  # whether a wish was tried again
        Index(
            "ix_operations_needing",
            "shop_id",
            "mode",
            "ordered_at",
            "order_id",
            "payment_id",
            "kind",
            "created_at",
            "state",
            sqlite_where=text(MAY_NEED_A_LOOK),
            postgresql_where=text(MAY_NEED_A_LOOK),
        ),
        Index("ix_operations_order", "order_id", "shop_id", "created_at", "id"),
        Index("ix_operations_shop_created", "shop_id", "created_at", "id"),
        Index("ix_operations_shop_state", "shop_id", "state", "created_at"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    shop_id: Mapped[uuid.UUID]
    order_id: Mapped[uuid.UUID]
    payment_id: Mapped[uuid.UUID]
    account_id: Mapped[uuid.UUID]
    wish_id: Mapped[uuid.UUID]  # several operations of one wish share it (R6)
    step: Mapped[int] = mapped_column(default=0, server_default="0")  # its place in the wish
    wish_kind: Mapped[WishKind | None]  # None: the operation itself is what was asked for
    wish_is_whole: Mapped[bool] = mapped_column(default=False, server_default=false())  # of everything that is left
    kind: Mapped[OperationKind]
    state: Mapped[OperationState]
    amount_minor: Mapped[int]  # what moves; for an update the difference to its new total
    currency: Mapped[str]
    new_total_minor: Mapped[int | None]  # update: what shall be authorised then, captured part included
    raises: Mapped[bool] = mapped_column(default=False, server_default=false())  # update: upwards, reserves nothing
    lines: Mapped[Any] = mapped_column(Json, nullable=True)  # the order lines that it is about
    against: Mapped[str | None]  # the provider's id of the capture that a refund gives back
    whole_rest: Mapped[bool] = mapped_column(default=False)
    reason_id: Mapped[uuid.UUID | None]
    comment: Mapped[str | None]
    bank_details: Mapped[str | None]  # ciphertext, dropped when the operation ends (R12)
    request_id: Mapped[uuid.UUID]  # marks one form or API call (R16)
    key: Mapped[str]  # goes to the provider (R11)
    requested_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    requested_via: Mapped[Via]
    api_key_id: Mapped[uuid.UUID | None]  # the key of the REST API that asked
    client_key: Mapped[str | None]  # the `Idempotency-Key` that came with it, kept for ever (R15)
    status_change_id: Mapped[uuid.UUID | None]  # the change of the order's status that it answers (R17)
    approved_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    approval_digest: Mapped[str | None]
    created_at: Mapped[datetime]
    stop_until: Mapped[datetime | None]
    state_since: Mapped[datetime]
    due_at: Mapped[datetime | None]  # when a worker should look at it next
    fence: Mapped[int] = mapped_column(default=0)
    lease_owner: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)  # sends under the present key since the wish was last proven unsent
    replays: Mapped[int] = mapped_column(default=0)
    first_sent_at: Mapped[datetime | None]
    last_sent_at: Mapped[datetime | None]
    in_doubt: Mapped[bool] = mapped_column(default=False)  # some attempt may have been carried out
    doubt_since: Mapped[datetime | None]
    absent_read_at: Mapped[datetime | None]  # the first of the two reads that prove absence
    refused_code: Mapped[str | None]  # a refusal that waits for the look-up of I6
    state_forbids: Mapped[bool] = mapped_column(
        default=False, server_default=false()
    )  # the refusal rests on the payment's state
    fresh_send_used: Mapped[bool] = mapped_column(default=False)
    restored: Mapped[bool] = mapped_column(default=False)
    blocked_since: Mapped[datetime | None]
    blocked_by: Mapped[str | None]
    provider_operation_id: Mapped[str | None]
    provider_code: Mapped[str | None]
    provider_message: Mapped[str | None]
    ended_at: Mapped[datetime | None]


class Attempt(Base):
    """One call for an operation; never deleted or replaced (R12)."""

    __tablename__ = "attempts"
    __table_args__ = (UniqueConstraint("operation_id", "fence"), Index("ix_attempts_started", "started_at"))

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    operation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("operations.id"))
    fence: Mapped[int]  # of the worker that made it; later attempts have higher ones
    key: Mapped[str]
    call: Mapped[bytes | None] = mapped_column(LargeBinary)  # ciphertext of the exact bytes, dropped at the end
    call_digest: Mapped[str]
    call_redacted: Mapped[str]
    baseline: Mapped[Any] = mapped_column(Json)  # movement ids that the provider had before
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[Outcome | None]  # None: the worker never came back to say
    http_status: Mapped[int | None]
    provider_code: Mapped[str | None]
    provider_message: Mapped[str | None]
    answer_redacted: Mapped[str | None]
    movement_id: Mapped[str | None]  # named by an answer that the next read has to confirm (R5)
