"""A bank that shows sums and takes totals to reach, as Svea does: no movements, no amounts in its answers, and tasks.

What is authorised may be changed, captures may be several, and a refund may be carried out later under a task.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from providers.emulator import records
from providers.emulator.ledger import Ledger
from providers.emulator.records import Cause, Refused
from providers.kinds import MovementKind, NotOffered, OperationKind, Outcome, ProviderState
from providers.money import Money
from providers.port import Availability, MoneyRequest, PaymentFacts, Reply, WireCall
from providers.sandbox.mapping import STATES
from providers.snapshots import PaymentSnapshot, RunningTotal

PATH = "/sums/"
MOVED_BY_HAND = (OperationKind.CAPTURE, OperationKind.CANCEL, OperationKind.REFUND)
_KEPT = {OperationKind.CAPTURE: "captured", OperationKind.CANCEL: "level", OperationKind.REFUND: "refunded"}


def body(request: MoneyRequest) -> dict[str, Any]:
    """What a call says: the sum that shall stand afterwards, from what was kept of the last read."""
    said = f"{request.operation_id} {request.reason}".strip()
    if request.kind is OperationKind.UPDATE:
        assert request.new_total is not None  # noqa: S101 - the desk gives every update its total
        return {"to": request.new_total.minor, "description": said}
    now = int(request.payment.kept[_KEPT[request.kind]])
    sign = -1 if request.kind is OperationKind.CANCEL else 1
    return {"to": now + sign * request.money.minor, "description": said}


def availability(kind: OperationKind, payment: PaymentFacts) -> Availability:
    """Any part of what is left, and another amount as long as something is open."""
    if payment.provider_state is ProviderState.WAITING:
        return Availability(possible=False, why_not=NotOffered.BUYER_HAS_TO_PAY)
    if kind is OperationKind.REFUND:
        if not payment.captured_minor:
            return Availability(possible=False, why_not=NotOffered.NOTHING_CAPTURED)
        left = payment.captured_minor - payment.refunded_minor
    else:
        left = payment.authorised_minor - payment.cancelled_minor - payment.captured_minor
    if left <= 0:
        return Availability(possible=False, why_not=NotOffered.NOTHING_LEFT)
    return Availability(possible=True, partial=True, can_raise=True)


def snapshot(payment: records.Payment) -> PaymentSnapshot:
    """The payment in sums and a level."""
    level = payment.authorised_minor - payment.cancelled_minor
    sums = {
        MovementKind.CAPTURE: payment.captured_minor,
        MovementKind.REFUND: payment.refunded_minor,
    }
    return PaymentSnapshot(
        provider_ref=payment.reference,
        state=_state(payment),
        method=payment.method,
        authorised=Money(payment.authorised_minor, payment.currency),
        captured=Money(payment.captured_minor, payment.currency),
        cancelled=Money(payment.cancelled_minor, payment.currency),
        refunded=Money(payment.refunded_minor, payment.currency),
        movements=(),
        totals=[
            RunningTotal(kind, f"{kind.value}d:{payment.reference}", Money(minor, payment.currency))
            for kind, minor in sums.items()
            if minor
        ],
        open_authorised=Money(level, payment.currency),
        order_number=payment.order_number,
        created_at=payment.created_at,
        kept={"captured": payment.captured_minor, "refunded": payment.refunded_minor, "level": level},
    )


def _state(payment: records.Payment) -> ProviderState:
    """By sums, so that it never goes back (R33)."""
    if not payment.captured_minor:
        return STATES[payment.status]
    open_minor = payment.authorised_minor - payment.cancelled_minor - payment.captured_minor
    gone = payment.refunded_minor >= payment.captured_minor and open_minor <= 0
    return ProviderState.REFUNDED if gone else ProviderState.CAPTURED


def carry_out(ledger: Ledger, call: WireCall, cause: Cause) -> Reply:
    """Bring a sum to where the call wants it; a sum that stands there already is refused, as Svea does it."""
    payment, to = ledger.get(call.payment_ref), int(json.loads(call.body or b"{}")["to"])
    now = {
        OperationKind.CAPTURE: payment.captured_minor,
        OperationKind.REFUND: payment.refunded_minor,
    }.get(call.kind, payment.authorised_minor - payment.cancelled_minor)
    moved = now - to if call.kind is OperationKind.CANCEL else to - now
    try:
        if call.kind is OperationKind.UPDATE:
            _update(ledger, payment, moved, cause)
        else:
            _move(ledger, payment, call.kind, moved, cause)
    except Refused as refused:
        return Reply(Outcome.ASK, 400, code=refused.code, message=refused.message, state_conflict=True)
    return Reply(Outcome.DONE, 200, redacted="done")


def move(ledger: Ledger, reference: str, kind: OperationKind, amount_minor: int, cause: Cause) -> None:
    """What somebody does by hand, by an amount. Raises Refused."""
    _move(ledger, ledger.get(reference), kind, amount_minor, cause)


def _move(ledger: Ledger, payment: records.Payment, kind: OperationKind, moved: int, cause: Cause) -> None:
    if moved <= 0:
        raise Refused("nothing_to_move", "The sum stands there already.")
    after = replace(payment, **{f"{_SUMS[kind]}_minor": getattr(payment, f"{_SUMS[kind]}_minor") + moved})
    ledger.post(payment.reference, kind.value, moved, cause, status=_status(after))


def _update(ledger: Ledger, payment: records.Payment, moved: int, cause: Cause) -> None:
    open_minor = payment.authorised_minor - payment.cancelled_minor - payment.captured_minor
    if open_minor <= 0 or moved == 0:
        raise Refused("not_changeable", "Nothing is open, or the total stands there already.")
    ledger.post(payment.reference, "raise" if moved > 0 else "lower", abs(moved), cause)


_SUMS = {OperationKind.CAPTURE: "captured", OperationKind.CANCEL: "cancelled", OperationKind.REFUND: "refunded"}


def _status(payment: records.Payment) -> str:
    if payment.captured_minor:
        return records.REFUNDED if payment.refunded_minor >= payment.captured_minor else records.CAPTURED
    return records.CANCELLED if payment.cancelled_minor >= payment.authorised_minor else payment.status
