"""Book what the provider shows: the one function in which worker, poller, webhook and people meet (R33).

The caller has locked the payment. A movement is booked once, whoever brings it; sums only follow movements (I9).
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from providers.kinds import MovementKind, OperationKind
from providers.snapshots import Movement, PaymentSnapshot
from webapp.domain.doubt import later_state
from webapp.domain.operations import reserved_as
from webapp.domain.payment_state import Sums
from webapp.domain.status_actions import standing_of
from webapp.models import LedgerMovement, Operation, Payment
from webapp.models.base import new_id, table_of
from webapp.services import audit
from webapp.services.audit import SYSTEM
from webapp.services.operations import kept_lines
from webapp.services.operations.reservations import EXCESS
from webapp.services.operations.wishes import sums_of
from webapp.services.status_actions import following
from webapp.services.unit_of_work import Tx, rows_changed, run_built

_SIGNED_SUM: Mapping[MovementKind, tuple[str, int]] = MappingProxyType(
    {
        MovementKind.AUTHORISE: ("authorised_minor", 1),
        MovementKind.CAPTURE: ("captured_minor", 1),
        MovementKind.CANCEL: ("cancelled_minor", 1),
        MovementKind.REFUND: ("refunded_minor", 1),
        MovementKind.REFUND_REVERSED: ("refunded_minor", -1),
    }
)
COMPARED_AFTER = timedelta(minutes=15)
"""What was booked is looked for once more when the provider must show it by all means (R7, R28)."""
_MOVEMENTS, _PAYMENTS = table_of(LedgerMovement), table_of(Payment)
_KNOWN = select(_MOVEMENTS.c.kind, _MOVEMENTS.c.provider_movement_id, _MOVEMENTS.c.operation_id).where(
    _MOVEMENTS.c.payment_id == bindparam("of_payment")
)
_ADD = insert(_MOVEMENTS)
_STORE = update(_PAYMENTS).where(_PAYMENTS.c.id == bindparam("of_payment"))
RESERVED_NAME: Mapping[OperationKind, str] = MappingProxyType(
    {
        OperationKind.CAPTURE: "capture_reserved_minor",
        OperationKind.CANCEL: "cancel_reserved_minor",
        OperationKind.REFUND: "refund_reserved_minor",
    }
)


@dataclass(frozen=True, slots=True)
class Booked:
    """A movement that was new, and whose it is."""

    movement: Movement
    operation_id: uuid.UUID | None


Known = dict[tuple[MovementKind, str], uuid.UUID | None]
"""What stands in the ledger: (kind, provider's id) -> our operation, None for one made elsewhere."""


def known_movements(tx: Tx, payment_id: uuid.UUID) -> Known:
    """The payment's movements as they stand in the ledger."""
    rows = run_built(tx, _KNOWN, {"of_payment": payment_id})
    return {(kind, movement_id): operation_id for kind, movement_id, operation_id in rows}


def book(
    tx: Tx,
    payment: Payment,
    movements: Sequence[Movement],
    owners: Mapping[str, Operation],
    now: datetime,
    *,
    snapshot: PaymentSnapshot | None = None,
    is_old: bool = False,
    known: Known | None = None,
) -> list[Booked]:
    """Book the movements that are new and settle the reservations of `owners` (movement id -> operation).

    `snapshot` is the read that they come from; an old one's word and memory are not taken over (R33).
    `known` spares a read where the caller has just made it under the payment's lock.

    Sums, reservations, excess and the payment's state change in one statement, so I1's CHECKs hold throughout.
    """
    known = known_movements(tx, payment.id) if known is None else known
    sums = {name: getattr(payment, name) for name, _sign in _SIGNED_SUM.values()}
    booked: list[Booked] = []
    for movement in movements:
        if (movement.kind, movement.id) in known:
            continue
        owner = owners.get(movement.id)
        _insert(tx, payment, movement, owner, now)
        name, sign = _SIGNED_SUM[movement.kind]
        sums[name] += sign * movement.money.minor
        booked.append(Booked(movement, owner.id if owner else None))
    reserved = {name: getattr(payment, name) for name in RESERVED_NAME.values()}
    for operation in owners.values():
        held_as = reserved_as(operation.kind, raises=operation.raises)
        if held_as is not None:
            reserved[RESERVED_NAME[held_as]] -= operation.amount_minor
    _store(tx, payment, sums | reserved, booked, _state_of(payment, snapshot, now, is_old=is_old), now)
    return booked


def _insert(tx: Tx, payment: Payment, movement: Movement, owner: Operation | None, now: datetime) -> None:
    row = {
        "id": new_id(),
        "shop_id": payment.shop_id,
        "payment_id": payment.id,
        "account_id": payment.account_id,
        "kind": movement.kind,
        "amount_minor": movement.money.minor,
        "currency": movement.money.currency,
        "provider_movement_id": movement.id,
        "operation_id": owner.id if owner else None,
        "chargeback": movement.chargeback,
        "occurred_at": movement.occurred_at,
        "booked_at": now,
    }
    run_built(tx, _ADD, row)


def _store(
    tx: Tx,
    payment: Payment,
    sums: dict[str, int],
    booked: list[Booked],
    state: dict[str, Any],
    now: datetime,
) -> None:
    over_refunded = sums["refunded_minor"] + sums["refund_reserved_minor"] - sums["captured_minor"]
    over_taken = (
        sums["captured_minor"]
        + sums["cancelled_minor"]
        + sums["capture_reserved_minor"]
        + sums["cancel_reserved_minor"]
        - sums["authorised_minor"]
    )
    changes: dict[str, Any] = dict(sums)
    changes["excess_minor"] = max(0, over_refunded, over_taken)
    changes["version"] = payment.version + 1
    changes |= state
    if booked:
        changes["compare_at"] = now + COMPARED_AFTER
    frozen = _freeze_reason(changes["excess_minor"], booked)
    if frozen is not None and payment.frozen_at is None:
        changes |= {"frozen_at": now, "frozen_reason": frozen}
    elif frozen is None and payment.frozen_reason == EXCESS:
        changes |= {"frozen_at": None, "frozen_reason": None}  # what was authorised meanwhile covers it
    rows_changed(tx, _STORE, changes | {"of_payment": payment.id})
    if changes.get("frozen_at") is not None:
        details = {"why": frozen, "excess_minor": changes["excess_minor"]}
        subject = ("payment", payment.id)
        audit.write(tx, SYSTEM, "payment.frozen", subject, shop_id=payment.shop_id, details=details, at=now)
    _let_order_follow(tx, payment, changes, now)


def _let_order_follow(tx: Tx, payment: Payment, changes: dict[str, Any], now: datetime) -> None:
    """The order may take another status from the state that the payment has come into."""
    before = standing_of(sums_of(payment), payment.provider_state, held=payment.frozen_at is not None)
    sums = Sums(
        authorised=changes["authorised_minor"],
        cancelled=changes["cancelled_minor"],
        captured=changes["captured_minor"],
        refunded=changes["refunded_minor"],
        excess=changes["excess_minor"],
    )
    word = changes.get("provider_state", payment.provider_state)
    after = standing_of(sums, word, held=changes.get("frozen_at", payment.frozen_at) is not None)
    if after is not before:
        following.follow(tx, payment, after, sums, now)


def _state_of(payment: Payment, snapshot: PaymentSnapshot | None, now: datetime, *, is_old: bool) -> dict[str, Any]:
    if snapshot is None:
        return {}
    state = later_state(payment.provider_state, snapshot.state)
    if is_old or state is not snapshot.state:
        return {"last_read_at": now}
    changes: dict[str, Any] = {"provider_state": state, "last_read_at": now, "kept": dict(snapshot.kept)}
    changes["lines"] = kept_lines.dump(snapshot.lines)
    changes["open_lines"] = kept_lines.dump(snapshot.open_lines)
    changes["refundable_lines"] = kept_lines.dump(snapshot.refundable_lines)
    if snapshot.hold_expires_at is not None:
        changes["hold_expires_at"] = snapshot.hold_expires_at
    return changes


def _freeze_reason(excess_minor: int, booked: list[Booked]) -> str | None:
    if any(entry.movement.chargeback for entry in booked):
        return "chargeback"
    return EXCESS if excess_minor else None
