"""Read the payment before a send, take it over, and see whether what was wished is still possible (C2, R6, ADR 7)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import structlog

from providers.errors import ProviderError
from providers.kinds import NotOffered, OperationKind
from providers.snapshots import PaymentSnapshot
from webapp.domain.doubt import Verdict
from webapp.domain.operations import LEASE, OperationState
from webapp.domain.wishes import left_for
from webapp.models import Operation, Payment
from webapp.services import accounts, runtime
from webapp.services.operations import lanes
from webapp.services.operations.claiming import Claim
from webapp.services.operations.due import may_ask_for
from webapp.services.operations.filing import facts_of
from webapp.services.operations.leases import LeaseLost
from webapp.services.operations.outcomes import end, locked_operation, locked_payment, withdraw_by_desk
from webapp.services.operations.putting_off import OLD_READ, put_off, put_off_within
from webapp.services.operations.replanning import is_planned_again, plan_again
from webapp.services.operations.reservations import EXCESS
from webapp.services.payments.applying import apply_snapshot
from webapp.services.unit_of_work import Tx, in_transaction

log = structlog.get_logger()


def must_be_read_first(claim: Claim) -> bool:
    """Whether a send needs the payment as it is now: the provider is known by reads only, or the step is planned."""
    return claim.account.capabilities.fetch_before_send or is_planned_again(claim.operation)


def read_first(claim: Claim) -> Claim | None:
    """The claim with the payment as just read, and with its plan; None where nothing is to be sent now.

    What was moved outside is booked before anything is prepared, so that it is never taken for ours. LeaseLost when
    somebody else has the operation.
    """
    try:
        with lanes.wire():
            snapshot = accounts.adapter(claim.account).fetch_payment(claim.payment.provider_ref)
    except ProviderError as failure:
        log.info("payment_not_read", operation_id=str(claim.operation.id), error_type=type(failure).__name__)
        put_off(claim, failure)
        return None
    return in_transaction(lambda tx: _take_in(tx, claim, snapshot))


def _take_in(tx: Tx, claim: Claim, snapshot: PaymentSnapshot) -> Claim | None:
    now, capabilities = runtime.current().clock.now(tx), claim.account.capabilities
    payment = locked_payment(tx, claim.operation.payment_id)
    operation = locked_operation(tx, claim.operation.id)
    if operation.fence != claim.lease.fence:
        raise LeaseLost(str(operation.id))
    applied = apply_snapshot(tx, payment, snapshot, capabilities, now, read_at=claim.lease.until - LEASE)
    if applied.judgements[operation.id].verdict is Verdict.FOUND:
        return None  # our books said "not sent", and the provider shows it with our reference (R29)
    if applied.is_old:
        put_off_within(tx, claim, OLD_READ)
        return None
    return _decide(tx, claim, locked_payment(tx, payment.id), operation, now)


def _decide(tx: Tx, claim: Claim, payment: Payment, operation: Operation, now: datetime) -> Claim | None:
    """Send what the operation says, or what its wish wants now; or end it."""
    fresh = replace(claim, payment=payment, is_fresh=True)
    planned = plan_again(tx, operation, payment, claim.account)
    if planned is not None and planned.aim is None:
        code = (planned.why_not or NotOffered.NOTHING_LEFT).value
        if planned.is_fulfilled:
            end(tx, claim.lease, operation, OperationState.SUCCEEDED, now, code=code)
        else:
            withdraw_by_desk(tx, operation, code, now)
        return None
    if planned is not None:
        fresh = replace(fresh, aim=planned.aim, more=planned.more)
    why_not = _why_not(tx, fresh, operation)
    if why_not is not None:
        withdraw_by_desk(tx, operation, why_not, now)
        return None
    return fresh


def _why_not(tx: Tx, claim: Claim, operation: Operation) -> str | None:
    """Why the payment as it is now does not allow it; None where it does."""
    aim, payment = claim.goal, claim.payment
    facts = facts_of(payment)
    available = claim.account.capabilities.availability(aim.kind, facts, claim.account.settings)
    if not available.possible:
        return (available.why_not or NotOffered.STATE_FORBIDS).value
    if aim.kind is not OperationKind.UPDATE and aim.amount_minor > left_for(aim.kind, facts):
        return NotOffered.NOTHING_LEFT.value
    if aim.kind is not operation.kind and not may_ask_for(tx, operation.id, aim.kind):
        return "right_revoked"
    if claim.aim is not None and payment.frozen_at is not None and payment.frozen_reason != EXCESS:
        return "frozen"
    return None
