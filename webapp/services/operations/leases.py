"""A worker's hold on one operation, and the only way to change its row (R8, I11)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Update, bindparam, update

from webapp.domain.operations import NOT_TERMINAL, TERMINAL, OperationState, states_before
from webapp.models import Operation
from webapp.models.base import among, table_of
from webapp.services.unit_of_work import Tx, rows_changed

_OPERATIONS = table_of(Operation)


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
    if not held_by(tx, lease, states_before(state), values | changes):
        raise LeaseLost(f"{lease.operation_id} -> {state.value}")


def keep(tx: Tx, lease: Lease, **changes: Any) -> None:
    """Change the row without a move, and free the lease; LeaseLost as `move`."""
    values: dict[str, Any] = {"lease_owner": None, "lease_until": None}
    if not held_by(tx, lease, NOT_TERMINAL, values | changes):
        raise LeaseLost(f"{lease.operation_id}")


def held_by(tx: Tx, lease: Lease, states: frozenset[OperationState], changes: dict[str, Any]) -> bool:
    """Change the row if the lease still holds it in one of `states`; False when it does not, and nothing changed."""
    held = {"of_operation": lease.operation_id, "of_fence": lease.fence}
    return rows_changed(tx, _while_held(states), changes | held) == 1


@cache
def _while_held(states: frozenset[OperationState]) -> Update:
    """Built once for each set of states, because every refund runs it several times."""
    mine = _OPERATIONS.c.id == bindparam("of_operation"), _OPERATIONS.c.fence == bindparam("of_fence")
    return update(_OPERATIONS).where(*mine, among(_OPERATIONS.c.state, states))
