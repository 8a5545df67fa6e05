"""A worker's hold on one operation, and the only way to change its row (R8, I11)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import update

from webapp.domain.operations import TERMINAL, OperationState, states_before
from webapp.models import Operation
from webapp.services.unit_of_work import Tx


class LeaseLost(Exception):
    """Somebody else moved the operation meanwhile; the caller stops and changes nothing."""


@dataclass(frozen=True, slots=True)
class Lease:
    """Who holds which operation; `until` by the database clock."""

    operation_id: uuid.UUID
    fence: int
    until: datetime


def move(tx: Tx, lease: Lease, state: OperationState, now: datetime, **changes: Any) -> None:
    """Take the next step in one statement, or stop: no row means the lease is lost.

    Frees the lease and raises the fence, so that whoever else held it writes nothing any more.
    """
    values: dict[str, Any] = {"state": state, "lease_owner": None, "lease_until": None, "state_since": now}
    values["fence"] = lease.fence + 1
    if state in TERMINAL:
        values |= {"due_at": None, "ended_at": now, "bank_details": None}
    moved = tx.execute(
        update(Operation)
        .where(Operation.id == lease.operation_id, Operation.fence == lease.fence)
        .where(Operation.state.in_(states_before(state)))
        .values(values | changes)
        .returning(Operation.id)
    ).one_or_none()
    if moved is None:
        raise LeaseLost(f"{lease.operation_id} -> {state.value}")


def keep(tx: Tx, lease: Lease, **changes: Any) -> None:
    """Change the row without a move, and free the lease; LeaseLost as `move`."""
    values: dict[str, Any] = {"lease_owner": None, "lease_until": None}
    kept = tx.execute(
        update(Operation)
        .where(Operation.id == lease.operation_id, Operation.fence == lease.fence)
        .where(Operation.state.not_in(TERMINAL))
        .values(values | changes)
        .returning(Operation.id)
    ).one_or_none()
    if kept is None:
        raise LeaseLost(f"{lease.operation_id}")
