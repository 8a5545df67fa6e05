"""Who works on an import: a lease with a fence, so that one worker at a time moves it on and a dead one is replaced."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select, update

from webapp.models import ImportState, Mode, OrderImport
from webapp.models.order_import import BUSY
from webapp.services import runtime, wake_ups
from webapp.services.audit import Actor
from webapp.services.operations.leases import LeaseLost
from webapp.services.unit_of_work import Tx

TASK = "tasks.imports.run_import"
LEASE = timedelta(seconds=120)  # longer than a read of a payment may take (R7)

KeepOn = Callable[[], bool]
"""Whether a step may begin another batch; False ends the slice, so that other work gets its turn."""


@dataclass(frozen=True, slots=True)
class Held:
    """A claimed import; everything in it but the state stays as it is while it is worked on."""

    id: uuid.UUID
    fence: int
    shop_id: uuid.UUID
    mode: Mode
    actor: Actor
    act: bool
    keep_good: bool
    state: ImportState


def claim(tx: Tx, import_id: uuid.UUID | None) -> Held | None:
    """Take one import that is due, or None; the next one when no id is given."""
    now = runtime.current().clock.now(tx)
    free = or_(OrderImport.lease_until.is_(None), OrderImport.lease_until < now)
    query = (
        select(OrderImport)
        .where(OrderImport.due_at <= now, OrderImport.state.in_(BUSY), free)
        .order_by(OrderImport.due_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    row = tx.scalars(query if import_id is None else query.where(OrderImport.id == import_id)).one_or_none()
    if row is None:
        return None
    fence = row.fence + 1
    taken = {"fence": fence, "lease_until": now + LEASE, "due_at": now + LEASE}
    tx.execute(update(OrderImport).where(OrderImport.id == row.id, OrderImport.fence == row.fence).values(**taken))
    actor = Actor(row.created_by, row.via)
    return Held(row.id, fence, row.shop_id, row.mode, actor, row.act, row.keep_good, row.state)


def keep(tx: Tx, held: Held, **changes: Any) -> datetime:
    """Write how far it is and hold it for another lease; answers now. LeaseLost when somebody else has it (I11)."""
    now = runtime.current().clock.now(tx)
    values = {"lease_until": now + LEASE, "due_at": now + LEASE} | changes
    _write(tx, held, values)
    return now


def let_go(tx: Tx, held: Held, due_at: datetime | None) -> None:
    """End the slice; a word goes to the workers when it is due again."""
    _write(tx, held, {"lease_until": None, "due_at": due_at, "fence": held.fence + 1})
    if due_at is not None:
        wake_ups.add(tx, TASK, held.id, queue=wake_ups.DEFAULT_QUEUE, not_before=due_at)


def _write(tx: Tx, held: Held, values: dict[str, Any]) -> None:
    mine = OrderImport.id == held.id, OrderImport.fence == held.fence
    changed = tx.execute(
        update(OrderImport)
        .where(*mine)
        .values(**values)
        .execution_options(synchronize_session=False)
        .returning(OrderImport.id)
    ).one_or_none()
    if changed is None:
        raise LeaseLost(f"import {held.id}")
