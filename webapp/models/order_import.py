"""Orders that come in by a file: the file, its lines as they were read, and what is wrong with them."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, exists, or_, select, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Base, Json, among
from webapp.models.operation import Via
from webapp.models.order import Order
from webapp.models.shop import Mode


class ImportState(StrEnum):
    """How far an import is. Its new orders are seen from FINISHING on, all at once (docs/adr/0013)."""

    UPLOADING = "uploading"  # the file is being stored
    CHECKING = "checking"  # a worker reads and checks the lines
    READY = "ready"  # waits for a person
    REFUSED = "refused"  # nothing was changed: the file is wrong, or an order was changed meanwhile
    APPLYING = "applying"  # new orders are written, and nobody sees them yet
    TAKING_BACK = "taking_back"  # they are taken out again
    FINISHING = "finishing"  # decided: the new orders are seen, changes of others are being written
    READING = "reading"  # orders are in; payments are read from the providers
    DONE = "done"
    DISCARDED = "discarded"


HIDING = (ImportState.APPLYING, ImportState.TAKING_BACK)
BUSY = (
    ImportState.UPLOADING,
    ImportState.CHECKING,
    ImportState.APPLYING,
    ImportState.TAKING_BACK,
    ImportState.FINISHING,
    ImportState.READING,
)


class RowKind(StrEnum):
    """What a line does."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    WRONG = "wrong"


class PaymentRead(StrEnum):
    """What became of the payment that a line names."""

    WAITING = "waiting"
    READ = "read"
    FAILED = "failed"


DUE = "due_at is not null"


class OrderImport(Base):
    """One file. `id` is the form's one-time id, so that the same form sent twice is one import.

    `plan` is what it would set going: {"cancel" or "refund": {currency: [payments, minor units]}}.
    """

    __tablename__ = "imports"
    __table_args__ = (
        Index("ix_imports_due", "due_at", sqlite_where=text(DUE), postgresql_where=text(DUE)),
        Index("ix_imports_shop_created", "shop_id", "created_at", "id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("shops.id"))
    mode: Mapped[Mode]
    created_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    via: Mapped[Via]
    file_name: Mapped[str]
    size: Mapped[int] = mapped_column(default=0)  # bytes
    digest: Mapped[str | None]  # SHA-256 of the file
    state: Mapped[ImportState]
    act: Mapped[bool]  # the first status of new orders is acted on too
    keep_good: Mapped[bool]  # wrong lines are left out
    rows_read: Mapped[int] = mapped_column(default=0)
    rows_new: Mapped[int] = mapped_column(default=0)
    rows_changed: Mapped[int] = mapped_column(default=0)
    rows_unchanged: Mapped[int] = mapped_column(default=0)
    rows_wrong: Mapped[int] = mapped_column(default=0)
    new_cancelled: Mapped[int] = mapped_column(default=0)  # new orders in a status of kind cancelled
    faults: Mapped[int] = mapped_column(default=0)  # all of them; only the first are kept
    payments: Mapped[int] = mapped_column(default=0)  # lines that name one
    step_line: Mapped[int] = mapped_column(default=0)  # the last line that the present step has done
    step_rows: Mapped[int] = mapped_column(default=0)  # how many lines it has done
    plan: Mapped[Any] = mapped_column(Json, default=dict)
    created_at: Mapped[datetime]
    checked_at: Mapped[datetime | None]
    applied_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]  # when a worker should look at it
    lease_until: Mapped[datetime | None]
    fence: Mapped[int] = mapped_column(default=0)


class ImportChunk(Base):
    """A piece of the file as it was sent; gone once the lines are read."""

    __tablename__ = "import_chunks"

    import_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("imports.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    data: Mapped[bytes] = mapped_column(LargeBinary)


class ImportFault(Base):
    """Something wrong in the file; `line` as a text editor counts, 0 for the whole file."""

    __tablename__ = "import_faults"

    import_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("imports.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    line: Mapped[int]
    column: Mapped[str | None]
    code: Mapped[str]  # its words stand in formatting/import_words.py
    facts: Mapped[Any] = mapped_column(Json, default=dict)


class ImportRow(Base):
    """One line, read and checked; `total_minor` in minor units. Empty cells are None and change nothing."""

    __tablename__ = "import_rows"
    __table_args__ = (
        Index("ix_import_rows_number", "import_id", "number"),
        Index("ix_import_rows_due", "import_id", "due_at", sqlite_where=text(DUE), postgresql_where=text(DUE)),
    )

    import_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("imports.id"), primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[RowKind]
    number: Mapped[str]
    currency: Mapped[str]
    total_minor: Mapped[int]
    status_id: Mapped[uuid.UUID | None]
    buyer_email: Mapped[str | None]
    buyer_name: Mapped[str | None]
    language: Mapped[str | None]
    ordered_at: Mapped[datetime | None]
    account_id: Mapped[uuid.UUID | None]
    provider_ref: Mapped[str | None]
    order_id: Mapped[uuid.UUID | None]  # the order that it makes or changes
    seen_version: Mapped[int | None]  # of an order that was there at the check
    payment: Mapped[PaymentRead | None]
    due_at: Mapped[datetime | None]  # when its payment is to be read
    tries: Mapped[int] = mapped_column(default=0)
    problem: Mapped[str | None]  # a code: why the payment is not read yet, or what was left of the line


_nothing_is_hidden = ~exists(select(1).select_from(OrderImport).where(among(OrderImport.state, HIDING)))
_is_hidden = exists().where(OrderImport.id == Order.import_id, among(OrderImport.state, HIDING)).correlate(Order)
order_is_shown = or_(_nothing_is_hidden, ~_is_hidden)
"""Whether an order may be seen: not one of an import that is not complete. Every query that finds orders asks it.

Mostly no import is under way; that is asked once a statement, and then a walk along an index need not read its orders.
"""
