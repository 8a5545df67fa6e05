"""Record what a call answered: state, ledger, balances, audit and follow-ups in one transaction (I16)."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from sqlalchemy import bindparam, update

from providers.kinds import Outcome, ResolutionClass
from providers.money import Money
from providers.port import Movement, Reply
from webapp.domain.doubt import MOVEMENT_OF, Verdict
from webapp.domain.operations import (
    OperationState,
    next_look_up,
    next_pending_read,
    next_try,
    state_after,
)
from webapp.models import Attempt, Operation, Payment
from webapp.models.base import table_of
from webapp.services import accounts, runtime, wake_ups
from webapp.services.kill_points import KillPoint, reached
from webapp.services.operations.claiming import Claim
from webapp.services.operations.leases import LeaseLost, move
from webapp.services.operations.outcomes import (
    end,
    expire,
    locked_operation,
    locked_payment,
    note,
    wake_next,
)
from webapp.services.payments.applying import apply_snapshot
from webapp.services.payments.booking import book
from webapp.services.unit_of_work import Tx, in_transaction, rows_changed

_ATTEMPTS = table_of(Attempt)
_CLOSE_ATTEMPT = update(_ATTEMPTS).where(_ATTEMPTS.c.id == bindparam("of_attempt"))


def record(claim: Claim, attempt_id: uuid.UUID, reply: Reply) -> None:
    """Write one answer. LeaseLost when the operation was taken over: then nothing at all is written (I11)."""
    in_transaction(lambda tx: _record(tx, claim, attempt_id, reply))


def _record(tx: Tx, claim: Claim, attempt_id: uuid.UUID, reply: Reply) -> None:
    now = runtime.current().clock.now(tx)
    payment = locked_payment(tx, claim.operation.payment_id)
    operation = locked_operation(tx, claim.operation.id)
    if (operation.fence, operation.state) != (claim.lease.fence, OperationState.SENDING):
        raise LeaseLost(str(operation.id))
    outcome = _checked_outcome(reply)
    _close_attempt(tx, attempt_id, outcome, reply, now)
    _breaker(tx, claim, outcome, reply, now)
    state = state_after(outcome, earlier_doubt=operation.in_doubt)
    _act(tx, claim, payment, operation, state, outcome, reply, now)
    reached(KillPoint.INSIDE_RESULT)


def _checked_outcome(reply: Reply) -> Outcome:
    """DONE needs an id to book under; without one the next read must show it."""
    if reply.outcome is Outcome.DONE and reply.movement_id is None:
        return Outcome.IN_DOUBT
    return reply.outcome


def _act(
    tx: Tx,
    claim: Claim,
    payment: Payment,
    operation: Operation,
    state: OperationState,
    outcome: Outcome,
    reply: Reply,
    now: datetime,
) -> None:
    if state is OperationState.SUCCEEDED:
        _succeed(tx, claim, payment, operation, reply, now)
    elif state is OperationState.REJECTED:
        code, message = reply.code, reply.message
        end(tx, claim.lease, operation, OperationState.REJECTED, now, code=code, message=message)
    elif state is OperationState.QUEUED:
        _try_later(tx, claim, operation, reply, now)
    elif state is OperationState.PENDING:
        _accepted(tx, claim, operation, reply, now)
    else:
        _doubt(tx, claim, operation, outcome, reply, now)


def _succeed(tx: Tx, claim: Claim, payment: Payment, operation: Operation, reply: Reply, now: datetime) -> None:
    asked = Money(operation.amount_minor, operation.currency)
    assert reply.movement_id is not None  # noqa: S101 - _checked_outcome saw to it
    if reply.money is not None and reply.money != asked:
        _review(tx, claim, operation, f"asked {asked}, the provider answered {reply.money}", now)
        return
    if reply.snapshot is not None:
        proven = {operation.id: reply.movement_id}
        judged = apply_snapshot(tx, payment, reply.snapshot, claim.account.capabilities, now, proven=proven)
        if judged[operation.id].verdict is not Verdict.FOUND:
            raise AssertionError(f"{operation.id}: the answer named a movement that it does not hold")
        return
    movement = Movement(MOVEMENT_OF[operation.kind], reply.movement_id, asked, str(operation.id), now)
    book(tx, payment, [movement], {movement.id: operation}, now)
    end(tx, claim.lease, operation, OperationState.SUCCEEDED, now, release_reservation=False)


def _review(tx: Tx, claim: Claim, operation: Operation, why: str, now: datetime) -> None:
    """The reservation stays; people decide (R5)."""
    move(tx, claim.lease, OperationState.REVIEW, now, due_at=None, provider_message=why)
    wake_next(tx, operation, now)
    note(tx, operation, OperationState.REVIEW, now, evidence=why)


def _try_later(tx: Tx, claim: Claim, operation: Operation, reply: Reply, now: datetime) -> None:
    """Nothing was applied: back to `queued` by R7, or the end when the tries are used up."""
    due_at = next_try(operation.tries, now, reply.retry_after_s)
    words = {"provider_code": reply.code, "provider_message": reply.message}
    move(tx, claim.lease, OperationState.QUEUED, now, due_at=due_at or now, **words)
    if due_at is None:
        operation = tx.get_one(Operation, operation.id, populate_existing=True)
        expire(tx, operation, "no_more_tries", now)
        return
    wake_ups.for_operation(tx, operation.id, due_at)
    wake_next(tx, operation, now)
    note(tx, operation, OperationState.QUEUED, now, code=reply.code)


def _accepted(tx: Tx, claim: Claim, operation: Operation, reply: Reply, now: datetime) -> None:
    due_at = next_pending_read(now, now, has_provider_id=reply.pending_id is not None) or now
    move(
        tx,
        claim.lease,
        OperationState.PENDING,
        now,
        due_at=due_at,
        provider_operation_id=reply.pending_id,
        in_doubt=False,
    )
    wake_ups.for_operation(tx, operation.id, due_at)
    if reply.pending_id is not None:
        wake_next(tx, operation, now)
    note(tx, operation, OperationState.PENDING, now)


def _doubt(tx: Tx, claim: Claim, operation: Operation, outcome: Outcome, reply: Reply, now: datetime) -> None:
    if claim.account.capabilities.resolution is ResolutionClass.NEITHER:
        _review(tx, claim, operation, f"no clear answer ({reply.code}) and no way to ask", now)
        return
    since = operation.doubt_since or now
    due_at = next_look_up(since, now) or now
    changes: dict[str, object] = {"doubt_since": since}
    if outcome is Outcome.ASK:
        due_at = now
        changes["refused_code"] = reply.code
    elif outcome is Outcome.REFUSED:
        changes["refused_code"] = reply.code  # a refusal of a repeat: settles nothing before a look-up (I6)
    elif outcome is Outcome.NOT_APPLIED and reply.retry_after_s is not None:
        due_at = max(due_at, now + timedelta(seconds=reply.retry_after_s))
    if outcome is Outcome.IN_DOUBT:
        changes["in_doubt"] = True
    words = {"provider_code": reply.code, "provider_message": reply.message}
    move(tx, claim.lease, OperationState.UNKNOWN, now, due_at=due_at, **words, **changes)
    wake_ups.for_operation(tx, operation.id, due_at)
    note(tx, operation, OperationState.UNKNOWN, now, code=reply.code)


def _close_attempt(tx: Tx, attempt_id: uuid.UUID, outcome: Outcome, reply: Reply, now: datetime) -> None:
    answer = {
        "ended_at": now,
        "outcome": outcome,
        "http_status": reply.http_status,
        "provider_code": reply.code,
        "provider_message": reply.message,
        "answer_redacted": reply.redacted,
    }
    rows_changed(tx, _CLOSE_ATTEMPT, answer | {"of_attempt": attempt_id})


def _breaker(tx: Tx, claim: Claim, outcome: Outcome, reply: Reply, now: datetime) -> None:
    """R46: five ambiguous answers in five minutes, or wrong credentials, stop fresh sends for the account."""
    account_id = claim.account.id
    if reply.credentials_refused:
        accounts.open_breaker(tx, account_id, accounts.CREDENTIALS, now)
    elif outcome is Outcome.IN_DOUBT:
        if accounts.too_many_ambiguous(tx, account_id, now):
            accounts.open_breaker(tx, account_id, accounts.AMBIGUOUS, now)
    elif outcome is not Outcome.NOT_APPLIED:
        accounts.note_good_call(tx, account_id, now)
