"""Take one read over, then compare: what is new is booked, what still differs becomes a case (R28, R33)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, func, select, update

from providers.kinds import MovementKind, ProviderState
from providers.snapshots import PaymentSnapshot
from webapp.domain import cases
from webapp.domain.cases import OF_BOOKS, OF_READS, Booked, CaseKind, Figures, Finding, OurSide, PaidFor
from webapp.domain.operations import OperationState
from webapp.models import Attempt, LedgerMovement, Operation, Order, Payment, Shop
from webapp.models.base import table_of
from webapp.services import runtime
from webapp.services.cases import keeping
from webapp.services.cases.reading import Read
from webapp.services.operations.outcomes import locked_operations, locked_payment
from webapp.services.operations.wishes import sums_of
from webapp.services.payments.applying import apply_snapshot
from webapp.services.unit_of_work import Tx, rows_changed

_MAY_MOVE = frozenset(OperationState) - {OperationState.AWAITING_APPROVAL, OperationState.QUEUED}
_LEDGER, _PAYMENTS, _OPERATIONS, _ATTEMPTS = (
    table_of(model) for model in (LedgerMovement, Payment, Operation, Attempt)
)
_MOVEMENTS = (
    select(_LEDGER).where(_LEDGER.c.payment_id == bindparam("of_payment")).order_by(_LEDGER.c.booked_at, _LEDGER.c.id)
)
_LAST_SENT = (
    select(func.max(_ATTEMPTS.c.started_at))
    .join(_OPERATIONS, _OPERATIONS.c.id == _ATTEMPTS.c.operation_id)
    .where(_OPERATIONS.c.payment_id == bindparam("of_payment"))
)
_AROUND = (
    select(
        *(Order.total_minor, Order.currency, Order.undo_change_id, Shop.time_zone),
        *(Payment.id, Payment.currency.label("paid_in"), Payment.provider_state),
        (Payment.authorised_minor - Payment.cancelled_minor - Payment.refunded_minor).label("with_us"),
    )
    .join(Payment, Payment.order_id == Order.id)
    .join(Shop, Shop.id == Order.shop_id)
    .where(Order.id == bindparam("of_order"))
    .order_by(Payment.created_at, Payment.id)
)
_STORE = update(_PAYMENTS).where(_PAYMENTS.c.id == bindparam("of_payment"))
"""Built once: each of thousands of comparisons runs them."""

Movements = Sequence[Row[Any]]
"""The payment's rows of the ledger, oldest first."""
Around = Sequence[Any]
"""Rows of `_AROUND`: the order with each of its payments, oldest first."""


@dataclass(frozen=True, slots=True)
class Compared:
    """What one comparison came to.

    `booked` is how many movements were new, `opened` the cases that it opened, `open` those that stand open after it,
    `suspected` whether a second read has to come first.
    """

    booked: int
    opened: Sequence[CaseKind]
    open: Sequence[CaseKind]
    suspected: bool


def take_in(tx: Tx, read: Read) -> Compared:
    """Book what the read shows and settle the payment's cases. The read has come to a snapshot or to nothing at all.

    The payment may be locked by the caller.
    """
    payment = locked_payment(tx, read.wanted.payment_id)
    now, before = runtime.current().clock.now(tx), payment.provider_state
    capabilities, snapshot, booked = read.wanted.account.capabilities, read.snapshot, 0
    under_way: Sequence[Operation] = locked_operations(tx, payment.id)
    if snapshot is not None and snapshot.authorised.currency == payment.currency:
        applied = apply_snapshot(tx, payment, snapshot, capabilities, now, read_at=read.began_at, under_way=under_way)
        payment, booked = locked_payment(tx, payment.id), applied.booked
        under_way = locked_operations(tx, payment.id) if under_way else ()
    movements: Movements = tx.execute(_MOVEMENTS, {"of_payment": payment.id}).all()
    around, live = tx.execute(_AROUND, {"of_order": payment.order_id}).all(), keeping.live(tx, payment.id)
    ours = _our_side(payment, before, movements, around, now, lapse_is_known=CaseKind.HOLD_LAPSED in live)
    found, looked = cases.own_findings(ours), set(OF_BOOKS)
    shown = _of_read(ours, snapshot)
    if not shown or _may_be_believed(tx, payment, movements, under_way, read):
        found += shown
        looked |= OF_READS if snapshot is not None else {CaseKind.PAYMENT_GONE}
    told = keeping.settle(tx, payment, live, found, looked, read.began_at, now)
    has_cases = bool(told.open) or told.suspected
    planned = {"compare_at": _next_at(payment, movements, around[0].time_zone, now, has_cases=has_cases)}
    agreed = {} if shown else {"agreed_at": read.began_at}
    rows_changed(tx, _STORE, planned | agreed | {"of_payment": payment.id})
    return Compared(booked, told.opened, told.open, told.suspected)


def _may_be_believed(
    tx: Tx, payment: Payment, movements: Movements, under_way: Sequence[Operation], read: Read
) -> bool:
    """Whether what the read does not show is not there: nothing moves, and all we know of is old enough (R26)."""
    if any(one.state in _MAY_MOVE for one in under_way):
        return False
    moments = [movements[-1].booked_at if movements else None, tx.scalar(_LAST_SENT, {"of_payment": payment.id})]
    changed_at = max((at for at in moments if at is not None), default=None)
    return cases.is_settled(changed_at, read.began_at, read.wanted.account.capabilities.settle_s)


def _of_read(ours: OurSide, snapshot: PaymentSnapshot | None) -> list[Finding]:
    return [Finding(CaseKind.PAYMENT_GONE, {})] if snapshot is None else cases.differences(ours, snapshot)


def _our_side(
    payment: Payment,
    before: ProviderState,
    movements: Movements,
    around: Around,
    now: datetime,
    *,
    lapse_is_known: bool,
) -> OurSide:
    """Our books as `domain.cases` asks for them; `before` is the provider's word before this read."""
    sums, ends_at = sums_of(payment), payment.hold_expires_at
    is_past = ends_at is not None and ends_at <= now
    lapsed = cases.lapsed_minor(before, payment.provider_state, sums, is_past=is_past, is_known=lapse_is_known)
    charged_back = (one.amount_minor for one in movements if one.chargeback and one.kind is MovementKind.REFUND)
    return OurSide(
        currency=payment.currency,
        figures=Figures(sums.captured, sums.refunded, max(0, sums.authorised - sums.cancelled - sums.captured)),
        movements=[_booked(one) for one in movements],
        excess_minor=payment.excess_minor,
        charged_back_minor=sum(charged_back),
        lapsed_minor=0 if around[0].undo_change_id is not None else lapsed,
        hold_expires_at=ends_at,
        order=_paid_for(payment, around),
    )


def _booked(one: Row[Any]) -> Booked:
    operation_id = str(one.operation_id) if one.operation_id else None
    return Booked(one.kind, one.provider_movement_id, one.amount_minor, operation_id)


def _paid_for(payment: Payment, around: Around) -> PaidFor | None:
    """What the order's payments come to, told by the newest of them that holds money; None for the others."""
    holding = [
        one
        for one in around
        if one.with_us > 0 and one.paid_in == one.currency and one.provider_state is not ProviderState.WAITING
    ]
    if not holding or holding[-1].id != payment.id:
        return None
    return PaidFor(holding[0].total_minor, sum(one.with_us for one in holding), len(holding))


def _next_at(payment: Payment, movements: Movements, zone: str, now: datetime, *, has_cases: bool) -> datetime | None:
    held = payment.authorised_minor - payment.cancelled_minor - payment.captured_minor
    is_open = payment.provider_state is ProviderState.WAITING or held > 0 or has_cases
    last_moved_at = max([payment.created_at, *(one.booked_at for one in movements)])
    return cases.next_comparison(now, zone, is_open=is_open, last_moved_at=last_moved_at)
