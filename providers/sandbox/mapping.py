"""From a payment of the emulator's ledger to the port's snapshot.

Refunds carry the ledger's ids; the other movements get stable ones, `<payment>:<kind>:<total after it>` (I9).
"""

from __future__ import annotations

from collections.abc import Iterator

from providers.emulator import records
from providers.kinds import MovementKind, OperationKind, ProviderState, RequestState
from providers.money import Money
from providers.snapshots import Movement, PaymentSnapshot, PendingEffect

STATES = {
    records.PENDING: ProviderState.WAITING,
    records.AUTHORISED: ProviderState.AUTHORISED,
    records.CAPTURED: ProviderState.CAPTURED,
    records.REFUNDED: ProviderState.REFUNDED,
    records.CANCELLED: ProviderState.CANCELLED,
    records.EXPIRED: ProviderState.EXPIRED,
    records.FAILED: ProviderState.FAILED,
}


def snapshot(payment: records.Payment, *, with_references: bool) -> PaymentSnapshot:
    """The payment in the port's words; without references as a provider that keeps no text of ours."""
    currency = payment.currency
    return PaymentSnapshot(
        provider_ref=payment.reference,
        state=STATES[payment.status],
        method=payment.method,
        authorised=Money(payment.authorised_minor, currency),
        captured=Money(payment.captured_minor, currency),
        cancelled=Money(payment.cancelled_minor, currency),
        refunded=Money(payment.refunded_minor, currency),
        movements=[*_derived(payment), *_refunds(payment, with_references)],
        pending=[_pending(wish, currency, with_references) for wish in payment.refund_requests],
        order_number=payment.order_number,
        created_at=payment.created_at,
    )


def derived_id(reference: str, kind: MovementKind, total_minor: int) -> str:
    """The id of a movement that the ledger gives none."""
    return f"{reference}:{kind.value}:{total_minor}"


def _derived(payment: records.Payment) -> Iterator[Movement]:
    sums = (
        (MovementKind.AUTHORISE, payment.authorised_minor),
        (MovementKind.CAPTURE, payment.captured_minor),
        (MovementKind.CANCEL, payment.cancelled_minor),
    )
    for kind, minor in sums:
        if minor:
            yield Movement(kind, derived_id(payment.reference, kind, minor), Money(minor, payment.currency))


def _refunds(payment: records.Payment, with_references: bool) -> Iterator[Movement]:
    for refund in payment.refunds:
        yield Movement(
            MovementKind.REFUND,
            refund.id,
            Money(refund.amount_minor, payment.currency),
            reference=first_word(refund.description) if with_references else None,
            occurred_at=refund.created_at,
            chargeback=refund.chargeback,
        )


def _pending(wish: records.RefundRequest, currency: str, with_references: bool) -> PendingEffect:
    return PendingEffect(
        kind=OperationKind.REFUND,
        id=wish.id,
        state=RequestState(wish.status),
        money=Money(wish.amount_minor, currency),
        reference=first_word(wish.description) if with_references else None,
    )


def first_word(description: str | None) -> str | None:
    """The reference that a description begins with."""
    return next(iter((description or "").split()), None)
