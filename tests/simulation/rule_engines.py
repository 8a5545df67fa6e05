"""Wrong pieces of status actions (R17) and of the comparison (R28). See `engines.py`."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, false, update

from webapp.domain.cases import CaseState, Finding
from webapp.models import Case, FiredAction, Operation, Order, Payment, ProviderAccount, Shop
from webapp.services.audit import Actor
from webapp.services.cases import keeping
from webapp.services.operations.planning import Filed, PlannedWish
from webapp.services.orders import statuses
from webapp.services.status_actions import carrying, firing
from webapp.services.status_actions.carrying import Carried
from webapp.services.unit_of_work import Tx, in_transaction

if TYPE_CHECKING:
    from tests.simulation.world import World

_note, _set_status = firing.note, statuses.set_status
_wish_for, _filed, _due = carrying.wish_for, carrying._filed, carrying._due
_add = keeping._add
AGAIN_AFTER = timedelta(minutes=1)
Noted = tuple[Actor, Sequence[firing.Changed], datetime]


def fire_afterwards(world: World) -> tuple[tuple[str, object], ...]:
    """The status changes first; what it fires is written by a transaction of its own."""
    left: list[Noted] = []

    def note(_tx: Tx, actor: Actor, changes: Sequence[firing.Changed], at: datetime) -> None:
        left.append((actor, changes, at))

    def set_status(setting: statuses.Setting) -> uuid.UUID | None:
        left.clear()
        change_id = _set_status(setting)
        world.scheduler.sleep(world.random.uniform(0.0, 1.0))
        for noted in left:
            in_transaction(partial(_fire, noted=noted))
        return change_id

    return (("status_actions.firing.note", note), ("orders.statuses.set_status", set_status))


def _fire(tx: Tx, noted: Noted) -> None:
    changes = noted[1]
    firing.lock_payments_of(tx, [one.order_id for one in changes], [one.shop_id for one in changes])
    _note(tx, *noted)
    carrying.carry_out_changes(tx, [one.change_id for one in changes])


def fire_until_it_shows(world: World) -> tuple[tuple[str, object], ...]:
    """An action is over only when the payment is as it wants it, and no key or index stands in the way till then."""
    world.database.rows("drop index uq_operations_once_per_change")

    def wish_for(*given: Any) -> PlannedWish:
        return replace(_wish_for(*given), request_id=uuid.uuid4())

    def filed(tx: Tx, fired: FiredAction, payment: Payment, what: Filed, now: datetime) -> Carried:
        if not what.operation_ids:
            return _filed(tx, fired, payment, what, now)
        fired.wish_id, fired.due_at = what.wish_id, now + AGAIN_AFTER
        tx.flush()
        return Carried(fired, payment, what)

    return (
        ("status_actions.carrying.wish_for", wish_for),
        ("status_actions.carrying._filed", filed),
        ("status_actions.carrying._due", never_answered),
    )


def never_answered() -> Select[Any]:
    """As if no change of status had an operation yet."""
    return _due().with_only_columns(FiredAction, Order, Payment, ProviderAccount, Shop, false())


def believe_at_once(*_given: object) -> bool:
    """As if a read could not be an old one."""
    return True


def open_at_once(tx: Tx, payment: Payment, finding: Finding, read_at: datetime, now: datetime) -> CaseState:
    """One read is enough for a case."""
    state = _add(tx, payment, finding, read_at, now)
    mine = Case.payment_id == payment.id, Case.kind == finding.kind, Case.state == CaseState.SUSPECTED
    tx.execute(update(Case).where(*mine).values(state=CaseState.OPEN, opened_at=now))
    return CaseState.OPEN if state is CaseState.SUSPECTED else state


def nothing_under_way(tx: Tx, payment_id: uuid.UUID) -> list[Operation]:
    """The comparison does not ask whether a call is on its way."""
    del tx, payment_id
    return []
