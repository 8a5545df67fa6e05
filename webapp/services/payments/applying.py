"""Apply a fetched payment to our books: judge every operation under way, then book what is new (R33)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import bindparam, func, or_, select

from providers.kinds import MovementKind, OperationKind, Outcome
from providers.money import Money
from providers.port import Capabilities
from providers.snapshots import Movement, PaymentSnapshot
from webapp.domain.doubt import MOVEMENTS_OF, Doubted, Judgement, Verdict, judge
from webapp.domain.operations import OperationState
from webapp.domain.totals import Books, booked_totals, derive
from webapp.models import Attempt, LedgerMovement, Operation, Payment
from webapp.services import audit
from webapp.services.audit import SYSTEM
from webapp.services.operations.leases import Lease
from webapp.services.operations.outcomes import end, locked_operations
from webapp.services.payments.booking import Booked, Known, book, known_movements
from webapp.services.unit_of_work import Tx

_MAY_HAVE_MOVED = frozenset(
    {OperationState.SENDING, OperationState.UNKNOWN, OperationState.PENDING, OperationState.REVIEW}
)
"""What waits in `queued` or for approval was proven not to have moved, whatever attempts it had."""
_CHANGE_LEVEL = frozenset({OperationKind.CANCEL, OperationKind.UPDATE})
_CANDIDATES = frozenset({MovementKind.REFUND})
_LEVEL_CHANGED = select(func.max(LedgerMovement.booked_at)).where(
    LedgerMovement.payment_id == bindparam("of_payment"),
    LedgerMovement.kind.in_([MovementKind.AUTHORISE, MovementKind.CANCEL]),
)


@dataclass(frozen=True, slots=True)
class Applied:
    """What one read came to: a judgement for every operation that was under way, and how far it can be trusted.

    `is_old`: it shows less than an earlier read did, or a level that may not be believed yet (R26). `booked` counts the
    movements that were new.
    """

    judgements: Mapping[uuid.UUID, Judgement]
    is_old: bool
    booked: int


def apply_snapshot(
    tx: Tx,
    payment: Payment,
    snapshot: PaymentSnapshot,
    capabilities: Capabilities,
    now: datetime,
    *,
    read_at: datetime,
    proven: Mapping[uuid.UUID, str] | None = None,
    under_way: Sequence[Operation] | None = None,
) -> Applied:
    """Take over what the provider shows and end the operations that it proves done.

    The payment is locked by the caller; `read_at` is a moment before the read began. `proven` maps an operation to
    the movement id that its own answer named; `under_way` spares a read where the caller has just made it. Those
    found are ended here, the rest is for the look-up. An operation in review is judged but never moved: people
    settle it.
    """
    under_way = locked_operations(tx, payment.id) if under_way is None else under_way
    known = known_movements(tx, payment.id)
    derived = derive(snapshot, _books(tx, payment, snapshot, known), read_at)
    snapshot = replace(snapshot, movements=derived.movements)
    seen = _with_booked(tx, payment, snapshot, known)
    judgements = _judge_all(tx, known, seen, under_way, capabilities, proven or {})
    if derived.withheld:
        judgements = {one.id: _withheld(one, judgements[one.id]) for one in under_way}
    owners: dict[str, Operation] = {}
    for operation in under_way:
        judgement = judgements[operation.id]
        movable = operation.state is not OperationState.REVIEW
        if judgement.verdict is Verdict.FOUND and judgement.movement is not None and movable:
            owners[judgement.movement.id] = operation
    is_old = derived.is_behind or derived.withheld
    held_back = _may_be_answered(under_way, judgements)
    movements = [movement for movement in snapshot.movements if movement.id not in held_back]
    booked = book(tx, payment, movements, owners, now, snapshot=snapshot, is_old=is_old, known=known)
    for operation in owners.values():
        lease = Lease(operation.id, operation.fence, now)
        alone = len(under_way) == 1
        end(tx, lease, operation, OperationState.SUCCEEDED, now, release_reservation=False, alone=alone)
    _note_foreign(tx, payment, booked, now)
    return Applied(judgements, is_old, len(booked))


def _books(tx: Tx, payment: Payment, snapshot: PaymentSnapshot, known: Known) -> Books:
    """Our side of the comparison; when the level changed is asked only where that matters."""
    level = snapshot.open_authorised
    changed_at = None
    if level is not None and level.minor != payment.authorised_minor - payment.cancelled_minor:
        changed_at = tx.scalar(_LEVEL_CHANGED, {"of_payment": payment.id})
    return Books(
        provider_ref=payment.provider_ref,
        currency=payment.currency,
        authorised=payment.authorised_minor,
        captured=payment.captured_minor,
        cancelled=payment.cancelled_minor,
        totals=booked_totals(known),
        level_changed_at=changed_at,
    )


def _withheld(operation: Operation, judgement: Judgement) -> Judgement:
    """A level that may not be believed yet says nothing about those that change it, neither yes nor no.

    An update is judged by the level itself, so that a yes, too, would rest on an older change that is not its own.
    """
    silent = operation.kind is OperationKind.UPDATE or judgement.verdict in {Verdict.ABSENT, Verdict.IMPOSSIBLE}
    return Judgement(Verdict.WITHHELD) if silent and operation.kind in _CHANGE_LEVEL else judgement


def _may_be_answered(under_way: Sequence[Operation], judgements: Mapping[uuid.UUID, Judgement]) -> frozenset[str]:
    """Movements of which one may be that of a call whose answer is still on its way.

    They are booked by the next read: booked now, the operation's own would for ever stand as one made elsewhere (I9).
    """
    sending = (operation.id for operation in under_way if operation.state is OperationState.SENDING)
    return frozenset(name for operation_id in sending for name in judgements[operation_id].candidates)


def _judge_all(
    tx: Tx,
    known: Known,
    snapshot: PaymentSnapshot,
    under_way: Sequence[Operation],
    capabilities: Capabilities,
    proven: Mapping[uuid.UUID, str],
) -> dict[uuid.UUID, Judgement]:
    taken = {movement_id for (_kind, movement_id), owner in known.items() if owner}
    taken |= set(proven.values())
    judgements: dict[uuid.UUID, Judgement] = {}
    for operation in sorted(under_way, key=_is_in_review):  # people settle those, so they take nothing from others
        judgement = _proven_judgement(snapshot, operation, proven)
        if judgement is None:
            wish = doubted(tx, operation)
            keeps = capabilities.keeps_reference(operation.kind)
            judgement = judge(wish, snapshot, taken=taken, keeps_reference=keeps)
            if _is_contested(judgement, operation, under_way):
                why = "the movement could also be that of an operation in review"
                judgement = Judgement(Verdict.UNCLEAR, movement=judgement.movement, why=why)
        judgements[operation.id] = judgement
        if judgement.verdict is Verdict.FOUND and judgement.movement is not None:
            taken.add(judgement.movement.id)
    return judgements


def _with_booked(tx: Tx, payment: Payment, snapshot: PaymentSnapshot, known: Known) -> PaymentSnapshot:
    """The snapshot with the foreign movements that an earlier read showed and this one does not (R26).

    Without them one of two candidates would be left, and what was unclear before would look certain; what was
    derived from sums is shown by one read only.
    """
    shown = {movement.id for movement in snapshot.movements}
    kinds = _CANDIDATES if snapshot.open_authorised is None else frozenset(MovementKind)
    if all(owner or kind not in kinds or name in shown for (kind, name), owner in known.items()):
        return snapshot
    rows = tx.execute(
        select(
            LedgerMovement.kind,
            LedgerMovement.provider_movement_id,
            LedgerMovement.amount_minor,
            LedgerMovement.currency,
        )
        .where(LedgerMovement.payment_id == payment.id, LedgerMovement.kind.in_(kinds))
        .where(LedgerMovement.operation_id.is_(None), LedgerMovement.provider_movement_id.not_in(shown))
    )
    missing = [Movement(kind, name, Money(minor, currency)) for kind, name, minor, currency in rows]
    return replace(snapshot, movements=[*missing, *snapshot.movements])


def _is_in_review(operation: Operation) -> bool:
    return operation.state is OperationState.REVIEW


def _is_contested(judgement: Judgement, operation: Operation, under_way: Sequence[Operation]) -> bool:
    """Whether a movement without our reference fits an operation in review as well: then neither may have it."""
    movement = judgement.movement
    if judgement.verdict is not Verdict.FOUND or movement is None or movement.reference is not None:
        return False
    mark = (operation.kind, operation.amount_minor)
    return any(
        _is_in_review(other) and (other.kind, other.amount_minor) == mark
        for other in under_way
        if other is not operation
    )


def _proven_judgement(
    snapshot: PaymentSnapshot, operation: Operation, proven: Mapping[uuid.UUID, str]
) -> Judgement | None:
    movement_id = proven.get(operation.id)
    for movement in snapshot.movements:
        if movement.id == movement_id and movement.kind in MOVEMENTS_OF[operation.kind]:
            return Judgement(Verdict.FOUND, movement=movement)
    return None


def doubted(tx: Tx, operation: Operation) -> Doubted:
    """The operation as `domain.doubt` asks about it.

    Its baseline is that of the first attempt that may have been carried out: what came before that is not ours.
    """
    attempts = tx.execute(
        select(Attempt.baseline, Attempt.movement_id)
        .where(Attempt.operation_id == operation.id, Attempt.key == operation.key)
        .where(or_(Attempt.outcome.is_(None), Attempt.outcome != Outcome.NOT_APPLIED))
        .order_by(Attempt.fence)
    ).all()
    return Doubted(
        operation_id=str(operation.id),
        kind=operation.kind,
        amount_minor=operation.amount_minor,
        currency=operation.currency,
        pending_id=operation.provider_operation_id,
        baseline=attempts[0].baseline if attempts else [],
        was_sent=operation.state in _MAY_HAVE_MOVED,
        named=next((attempt.movement_id for attempt in attempts if attempt.movement_id), None),
        new_total_minor=operation.new_total_minor,
    )


def _note_foreign(tx: Tx, payment: Payment, booked: Sequence[Booked], now: datetime) -> None:
    for entry in booked:
        if entry.operation_id is not None:
            continue
        details = {
            "kind": entry.movement.kind.value,
            "amount_minor": entry.movement.money.minor,
            "currency": entry.movement.money.currency,
            "provider_movement_id": entry.movement.id,
        }
        subject = ("payment", payment.id)
        audit.write(tx, SYSTEM, "payment.external", subject, shop_id=payment.shop_id, details=details, at=now)
