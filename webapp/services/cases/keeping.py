"""The life of a case: suspected, open, set aside or closed; and the payment that it freezes (R28)."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, insert, select, update

from webapp.domain.cases import LIVE, OF_READS, CaseKind, CaseState, Finding, is_confirmed
from webapp.models import Case, LedgerMovement, Payment
from webapp.models.base import new_id
from webapp.services import audit
from webapp.services.audit import SYSTEM, Actor
from webapp.services.operations.reservations import EXCESS
from webapp.services.unit_of_work import Tx

DIFFERENCE = "difference"
"""Why a payment is frozen: see `Payment.frozen_reason`."""
CHARGEBACK = "chargeback"

_LIVE = (
    select(Case)
    .where(Case.payment_id == bindparam("of_payment"), Case.state.in_(LIVE))
    .execution_options(populate_existing=True)
)
S = CaseState
Live = Mapping[CaseKind, Case]


@dataclass(frozen=True, slots=True)
class Told:
    """What became of a payment's cases."""

    opened: Sequence[CaseKind]
    open: Sequence[CaseKind]
    suspected: bool


def live(tx: Tx, payment_id: uuid.UUID) -> Live:
    """The payment's cases that are not closed, by kind."""
    return {case.kind: case for case in tx.scalars(_LIVE, {"of_payment": payment_id})}


def settle(
    tx: Tx,
    payment: Payment,
    known: Live,
    found: Sequence[Finding],
    looked: Collection[CaseKind],
    read_at: datetime,
    now: datetime,
) -> Told:
    """Open what was found, close what agrees now, and freeze or thaw. The payment is locked and fresh.

    `looked` are the kinds that this comparison could tell of; the others stay as they are.
    """
    states = {kind: case.state for kind, case in known.items()}
    opened = []
    for finding in found:
        states[finding.kind] = _seen(tx, payment, known.get(finding.kind), finding, read_at, now)
        if states[finding.kind] is S.OPEN and not _is_open(known.get(finding.kind)):
            opened.append(finding.kind)
    for kind in set(known) & (set(looked) - {finding.kind for finding in found}):
        _agreed(tx, known[kind], now)
        del states[kind]
    are_open = sorted(kind for kind, state in states.items() if state is S.OPEN)
    freeze(tx, payment, are_open, now)
    return Told(opened, are_open, S.SUSPECTED in states.values())


def _is_open(case: Case | None) -> bool:
    return case is not None and case.state is S.OPEN


def _seen(tx: Tx, payment: Payment, case: Case | None, finding: Finding, read_at: datetime, now: datetime) -> CaseState:
    """One finding meets the case that there may be; answers the state that it has then."""
    facts = dict(finding.facts)
    if case is not None and case.state is S.SET_ASIDE:
        if case.facts == facts:
            return S.SET_ASIDE
        _change(tx, case, state=S.CLOSED)  # it is another difference than the one that somebody looked at
        case = None
    if case is None:
        return _add(tx, payment, finding, read_at, now)
    if case.state is S.SUSPECTED and is_confirmed(case.first_read_at, read_at):
        _change(tx, case, state=S.OPEN, opened_at=now, facts=facts, last_read_at=read_at)
        _note(tx, SYSTEM, "case.opened", case.id, payment, finding.kind, now)
        return S.OPEN
    if case.facts != facts or case.state is S.OPEN:
        _change(tx, case, facts=facts, last_read_at=read_at)
    return case.state


def _add(tx: Tx, payment: Payment, finding: Finding, read_at: datetime, now: datetime) -> CaseState:
    state = S.SUSPECTED if finding.kind in OF_READS else S.OPEN
    case_id = new_id()
    row = {
        "id": case_id,
        "shop_id": payment.shop_id,
        "order_id": payment.order_id,
        "payment_id": payment.id,
        "mode": payment.mode,
        "kind": finding.kind,
        "state": state,
        "facts": dict(finding.facts),
        "first_read_at": read_at,
        "last_read_at": read_at,
        "opened_at": now if state is S.OPEN else None,
    }
    tx.execute(insert(Case), row)
    if state is S.OPEN:
        _note(tx, SYSTEM, "case.opened", case_id, payment, finding.kind, now)
    return state


def _agreed(tx: Tx, case: Case, now: datetime) -> None:
    if case.state is S.SUSPECTED:
        tx.execute(delete(Case).where(Case.id == case.id).execution_options(synchronize_session=False))
    elif case.state is S.SET_ASIDE:
        _change(tx, case, state=S.CLOSED)
    else:
        _change(tx, case, state=S.CLOSED, closed_at=now)
        details = {"kind": case.kind.value, "payment": str(case.payment_id)}
        audit.write(tx, SYSTEM, "case.closed", ("case", case.id), shop_id=case.shop_id, details=details, at=now)


def _change(tx: Tx, case: Case, **values: object) -> None:
    tx.execute(
        update(Case)
        .where(Case.id == case.id)
        .values(**values, version=Case.version + 1)
        .execution_options(synchronize_session=False)
    )


def freezes(kinds: Collection[CaseKind]) -> bool:
    """Whether open cases of these kinds stop new operations."""
    return bool(OF_READS & set(kinds))


def freeze(tx: Tx, payment: Payment, are_open: Collection[CaseKind], now: datetime) -> None:
    """Have a difference stop new operations, and let them go on when none is left. The payment is locked and fresh."""
    if payment.frozen_at is None and freezes(are_open):
        _store(tx, payment, "payment.frozen", DIFFERENCE, now)
    elif payment.frozen_reason == DIFFERENCE and not freezes(are_open):
        thaw(tx, payment, now, without=DIFFERENCE)


def thaw(tx: Tx, payment: Payment, now: datetime, *, without: str, actor: Actor = SYSTEM) -> None:
    """The reason `without` holds no more; another one may keep the payment frozen."""
    other = EXCESS if payment.excess_minor else None
    if other is None and without != CHARGEBACK and payment.frozen_at is not None:
        taken_back = select(LedgerMovement.id).where(
            LedgerMovement.payment_id == payment.id,
            LedgerMovement.chargeback,
            LedgerMovement.booked_at >= payment.frozen_at,
        )
        other = CHARGEBACK if tx.scalar(taken_back.limit(1)) is not None else None
    _store(tx, payment, "payment.frozen" if other else "payment.thawed", other, now, actor)


def _store(tx: Tx, payment: Payment, action: str, reason: str | None, now: datetime, actor: Actor = SYSTEM) -> None:
    tx.execute(
        update(Payment)
        .where(Payment.id == payment.id)
        .values(frozen_at=now if reason else None, frozen_reason=reason, version=Payment.version + 1)
        .execution_options(synchronize_session=False)
    )
    subject, details = ("payment", payment.id), {"why": reason}
    audit.write(tx, actor, action, subject, shop_id=payment.shop_id, details=details, at=now)


def _note(
    tx: Tx, actor: Actor, action: str, case_id: uuid.UUID, payment: Payment, kind: CaseKind, now: datetime
) -> None:
    details = {"kind": kind.value, "payment": str(payment.id)}
    audit.write(tx, actor, action, ("case", case_id), shop_id=payment.shop_id, details=details, at=now)
