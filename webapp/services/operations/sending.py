"""Send a claimed operation: commit what will be sent, call once, record the answer (I4, R9, R10)."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import bindparam, insert, select
from sqlalchemy.exc import IntegrityError, OperationalError

from providers.errors import OutcomeUnknown, ProviderUnavailable, RequestNotPossible
from providers.kinds import NotOffered, Outcome
from providers.money import Money
from providers.port import BankDetails, MoneyRequest, PaymentProvider, Reply, WireCall
from webapp.domain.operations import (
    CALL_DEADLINE,
    LEASE,
    OperationState,
    states_before,
)
from webapp.models import Attempt, LedgerMovement, Operation
from webapp.models.base import new_id, table_of
from webapp.services import accounts, runtime
from webapp.services.kill_points import KillPoint, reached
from webapp.services.operations import first_byte, kept_lines, lanes
from webapp.services.operations.claiming import Claim
from webapp.services.operations.filing import facts_of
from webapp.services.operations.leases import Lease, LeaseLost, held_by
from webapp.services.operations.outcomes import withdraw_by_desk
from webapp.services.operations.putting_off import NOT_COVERED, put_off_within
from webapp.services.operations.recording import record
from webapp.services.operations.replanning import NotCovered, take_aim
from webapp.services.unit_of_work import DatabaseBusy, Tx, in_transaction, reading, run_built
from webapp.services.vault import bank_details_place, call_place

log = structlog.get_logger()
ONE_AT_A_TIME_NAMES = ("uq_operations_one_at_a_time", "operations.payment_id")  # PostgreSQL's word, SQLite's word

_MOVEMENTS = table_of(LedgerMovement)
_ADD_ATTEMPT = insert(table_of(Attempt))
_LEDGER_IDS = select(_MOVEMENTS.c.provider_movement_id).where(_MOVEMENTS.c.payment_id == bindparam("of_payment"))


@dataclass(frozen=True, slots=True)
class Sending:
    """A committed attempt that is about to be, or has been, sent."""

    attempt_id: uuid.UUID
    lease: Lease
    committed_at: float  # monotonic seconds


def send(claim: Claim) -> None:
    """Carry out one send of a claimed operation. LeaseLost when somebody else took it.

    Its baseline are the movements of our ledger: where only reads tell movements apart, one has just been booked.
    """
    adapter = accounts.adapter(claim.account)
    call = _call(claim, adapter)
    if call is None:
        return
    attempt = _attempt(claim, adapter, call)
    with lanes.wire():
        sending = _commit_attempt(claim, attempt)
        if sending is None:
            return
        reached(KillPoint.SENDING_COMMITTED)
        reply = _call_once(adapter, call, sending)
    _record_until_lease_ends(claim, sending, reply)
    reached(KillPoint.AFTER_RESULT)


def _call(claim: Claim, adapter: PaymentProvider) -> WireCall | None:
    """The stored bytes of an earlier send under the same key (R12), else new ones; None: not expressible."""
    stored = None
    if claim.operation.first_sent_at is not None or claim.operation.tries:
        with reading() as tx:
            stored = _stored_call(tx, claim.operation)
    if stored is not None and not claim.is_fresh:
        return stored
    try:
        call = adapter.prepare(_request(claim))
    except RequestNotPossible as impossible:
        why = impossible.why.value
    else:
        if stored is None or stored.digest() == call.digest():
            return stored or call
        why = NotOffered.STATE_FORBIDS.value  # the bytes of then (R12) would do something else to the payment of now
    in_transaction(lambda tx: _withdraw(tx, claim, why))
    return None


def _stored_call(tx: Tx, operation: Operation) -> WireCall | None:
    sealed = tx.scalar(
        select(Attempt.call)
        .where(Attempt.operation_id == operation.id, Attempt.key == operation.key, Attempt.call.is_not(None))
        .limit(1)
    )
    if sealed is None:
        return None
    plain = runtime.current().vault.open(sealed.decode(), call_place(operation.id))
    return WireCall.from_bytes(plain.encode())


def _withdraw(tx: Tx, claim: Claim, why: str) -> None:
    now = runtime.current().clock.now(tx)
    operation = tx.get_one(Operation, claim.operation.id)
    if operation.fence != claim.lease.fence:
        raise LeaseLost(str(operation.id))
    withdraw_by_desk(tx, operation, why, now)


def _request(claim: Claim) -> MoneyRequest:
    operation, goal = claim.operation, claim.goal
    target, currency = goal.new_total_minor, operation.currency
    return MoneyRequest(
        kind=goal.kind,
        operation_id=str(operation.id),
        key=operation.key,
        payment_ref=claim.payment.provider_ref,
        money=Money(goal.amount_minor, currency),
        whole_rest=goal.whole_rest,
        reason=claim.reason,
        payment=facts_of(claim.payment),
        settings=claim.account.settings,
        bank_details=_bank_details(operation),
        new_total=None if target is None else Money(target, currency),
        lines=kept_lines.load(operation.lines),
        against=goal.against,
    )


def _bank_details(operation: Operation) -> BankDetails | None:
    if operation.bank_details is None:
        return None
    plain = runtime.current().vault.open(operation.bank_details, bank_details_place(operation.id))
    return BankDetails(**json.loads(plain))


def _attempt(claim: Claim, adapter: PaymentProvider, call: WireCall) -> dict[str, Any]:
    """The row of an attempt, all but what only its transaction knows."""
    operation_id = claim.operation.id
    sealed = runtime.current().vault.seal(call.to_bytes().decode(), call_place(operation_id))
    return {
        "id": new_id(),
        "operation_id": operation_id,
        "fence": claim.lease.fence,
        "key": call.key,
        "call": sealed.encode(),
        "call_digest": call.digest(),
        "call_redacted": adapter.redact(call),
    }


def _commit_attempt(claim: Claim, attempt: dict[str, Any]) -> Sending | None:
    try:
        is_started = in_transaction(lambda tx: _start(tx, claim, attempt), urgent=True)
    except IntegrityError as refusal:
        if not any(name in str(refusal.orig) for name in ONE_AT_A_TIME_NAMES):
            raise
        # I7: another operation of the payment is under way. The lease lapses and this one waits.
        log.info("operation_waits", operation_id=str(claim.operation.id))
        return None
    except NotCovered:
        log.info("step_not_covered", operation_id=str(claim.operation.id))
        in_transaction(lambda tx: put_off_within(tx, claim, NOT_COVERED))
        return None
    if not is_started:
        return None
    return Sending(attempt["id"], claim.lease, runtime.current().clock.monotonic())


def _start(tx: Tx, claim: Claim, attempt: dict[str, Any]) -> bool:
    now = runtime.current().clock.now(tx)
    if claim.lease.until - now <= CALL_DEADLINE:
        return False  # R9: the lease would end during the call
    operation = claim.operation
    sending = {
        "state": OperationState.SENDING,
        "state_since": now,
        "tries": operation.tries + 1,  # as read under this lease: nobody else has changed it since
        "first_sent_at": operation.first_sent_at or now,
        "last_sent_at": now,
        "absent_read_at": None,
        **take_aim(tx, claim, now),
    }
    if not held_by(tx, claim.lease, states_before(OperationState.SENDING), sending):
        raise LeaseLost(str(operation.id))
    baseline = sorted(run_built(tx, _LEDGER_IDS, {"of_payment": operation.payment_id}).scalars())
    run_built(tx, _ADD_ATTEMPT, attempt | {"baseline": baseline, "started_at": now})
    reached(KillPoint.CLAIMED)
    return True


def _call_once(adapter: PaymentProvider, call: WireCall, sending: Sending) -> Reply:
    """One call; what is raised becomes the port's outcome, so that it is recorded like an answer."""
    if first_byte.is_too_late(sending.committed_at):
        return Reply(Outcome.NOT_APPLIED, code="waited_too_long", message="Not sent: the process was held up")
    reached(KillPoint.ON_THE_WIRE)
    try:
        with first_byte.sent_soon_after(sending.committed_at):
            reply = adapter.send(call)
    except ProviderUnavailable as unavailable:
        return Reply(Outcome.NOT_APPLIED, code="not_reached", message=str(unavailable))
    except OutcomeUnknown as unknown:
        return Reply(Outcome.IN_DOUBT, code="no_answer", message=str(unknown))
    reached(KillPoint.ANSWER_READ)
    return reply


def _record_until_lease_ends(claim: Claim, sending: Sending, reply: Reply) -> None:
    """R24: when the result cannot be written, keep trying until the lease ends; then the row is `unknown`."""
    clock = runtime.current().clock
    until = sending.committed_at + LEASE.total_seconds()
    while True:
        try:
            record(claim, sending.attempt_id, reply)
            return
        except (OperationalError, DatabaseBusy) as failure:
            log.error("result_not_written", operation_id=str(claim.operation.id), error_type=type(failure).__name__)
            if clock.monotonic() >= until:
                log.error("result_given_up", operation_id=str(claim.operation.id))
                return  # the lease is over: whoever claims it next takes it for `unknown`; a drain goes on
            time.sleep(1)
