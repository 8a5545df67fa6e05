"""What people decide about a checked import: bring the orders in, or not."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from sqlalchemy import select

from webapp.models import ImportState, OrderImport
from webapp.services import audit, runtime, wake_ups
from webapp.services.audit import Actor
from webapp.services.errors import NotFound, RuleBroken
from webapp.services.imports.holding import TASK
from webapp.services.unit_of_work import Tx, in_transaction

S = ImportState
DECIDED = frozenset({S.APPLYING, S.FINISHING, S.READING, S.DONE})
MAY_BE_LEFT = frozenset({S.UPLOADING, S.CHECKING, S.READY})


def confirm(import_id: uuid.UUID, shop_ids: Collection[uuid.UUID], actor: Actor, *, by_workers: bool = True) -> None:
    """Bring the orders in; a second time changes nothing.

    Raises NotFound outside the shops, RuleBroken `import_not_ready` when it was refused, discarded or is not checked.
    """

    def work(tx: Tx) -> None:
        row = _locked(tx, import_id, shop_ids)
        if row.state in DECIDED:
            return
        if row.state is not S.READY:
            raise RuleBroken("import_not_ready")
        now = runtime.current().clock.now(tx)
        row.state, row.step_line, row.step_rows, row.due_at, row.lease_until = S.APPLYING, 0, 0, now, None
        row.fence += 1  # the worker that checked it may not have let go yet
        tx.flush()
        if by_workers:
            wake_ups.add(tx, TASK, row.id, queue=wake_ups.DEFAULT_QUEUE, not_before=now)
        _note(tx, row, actor, "import.confirmed")

    in_transaction(work)


def discard(import_id: uuid.UUID, shop_ids: Collection[uuid.UUID], actor: Actor) -> None:
    """Leave it: nothing of it is kept. While its orders are being written and not yet seen, they are taken back.

    Raises NotFound outside the shops, RuleBroken `import_decided` when its orders are seen already.
    """

    def work(tx: Tx) -> None:
        row = _locked(tx, import_id, shop_ids)
        now = runtime.current().clock.now(tx)
        if row.state in MAY_BE_LEFT:
            row.state, row.ended_at, row.due_at, row.lease_until = S.DISCARDED, now, None, None
            wake_ups.add(tx, TASK, row.id, queue=wake_ups.DEFAULT_QUEUE, not_before=now)  # its lines are taken away
        elif row.state is S.APPLYING:
            row.state, row.step_line, row.step_rows, row.due_at, row.lease_until = S.TAKING_BACK, 0, 0, now, None
            wake_ups.add(tx, TASK, row.id, queue=wake_ups.DEFAULT_QUEUE, not_before=now)
        elif row.state in DECIDED:
            raise RuleBroken("import_decided")
        else:
            return
        row.fence += 1  # whoever works on it writes nothing any more
        tx.flush()
        _note(tx, row, actor, "import.discarded")

    in_transaction(work)


def _locked(tx: Tx, import_id: uuid.UUID, shop_ids: Collection[uuid.UUID]) -> OrderImport:
    mine = OrderImport.id == import_id, OrderImport.shop_id.in_(shop_ids)
    row = tx.scalars(select(OrderImport).where(*mine).with_for_update()).one_or_none()
    if row is None:
        raise NotFound(f"import {import_id}")
    return row


def _note(tx: Tx, row: OrderImport, actor: Actor, action: str) -> None:
    now = runtime.current().clock.now(tx)
    details = {"new": row.rows_new, "changed": row.rows_changed, "act": row.act}
    audit.write(tx, actor, action, ("import", row.id), shop_id=row.shop_id, details=details, at=now)
