"""Record what a call answered: state, ledger, balances, audit and follow-ups in one transaction (I16)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, func, select, update

from providers.kinds import Outcome, ResolutionClass
from providers.money import Money
from providers.port import Reply
from providers.snapshots import Movement
from webapp.domain.doubt import Verdict, movement_of
from webapp.domain.operations import (
    MOST_KEYS,
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
    forget_calls,
    locked_operation,
    locked_operations,
    locked_payment,
    note,
    wake_next,
)
from webapp.services.payments.applying import apply_snapshot
from webapp.services.payments.booking import book
from webapp.services.unit_of_work import Tx, in_transaction, rows_changed

_ATTEMPTS = table_of(Attempt)
_CLOSE_ATTEMPT = update(_ATTEMPTS).where(_ATTEMPTS.c.id == bindparam("of_attempt"))


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer with its operation and payment, locked: the tools of its transaction in one hand."""

    tx: Tx
    claim: Claim
    payment: Payment
    operation: Operation
    under_way: Sequence[Operation]  # all that move this payment, our own among them
    reply: Reply
    outcome: Outcome
    now: datetime

    @property
    def words(self) -> dict[str, str | None]:
        """What the provider said."""
        return {"provider_code": self.reply.code, "provider_message": self.reply.message}

    @property
    def alone(self) -> bool:
        """Whether nothing else moves this payment, so that nobody waits for this operation."""
        return len(self.under_way) == 1


def record(claim: Claim, attempt_id: uuid.UUID, reply: Reply) -> None:
    """Write one answer. LeaseLost when the operation was taken over: then nothing at all is written (I11)."""
    in_transaction(lambda tx: _record(tx, claim, attempt_id, reply))


def _record(tx: Tx, claim: Claim, attempt_id: uuid.UUID, reply: Reply) -> None:
    now = runtime.current().clock.now(tx)
    payment = locked_payment(tx, claim.operation.payment_id)
    under_way = locked_operations(tx, payment.id)
    operation = next((one for one in under_way if one.id == claim.operation.id), None)
    if operation is None or (operation.fence, operation.state) != (claim.lease.fence, OperationState.SENDING):
        raise LeaseLost(str(claim.operation.id))
    outcome = _checked_outcome(reply)
    answered = Answered(tx, claim, payment, operation, under_way, reply, outcome, now)
    _close_attempt(answered, attempt_id)
    _breaker(tx, claim, outcome, reply, now)
    _act(answered, state_after(outcome, earlier_doubt=operation.in_doubt))
    reached(KillPoint.INSIDE_RESULT)


def _checked_outcome(reply: Reply) -> Outcome:
    """DONE with an amount needs an id to book under; without one it is no clear answer."""
    if reply.outcome is Outcome.DONE and reply.movement_id is None and not _says_only_yes(reply):
        return Outcome.IN_DOUBT
    return reply.outcome


def _says_only_yes(reply: Reply) -> bool:
    """A success that carries neither amount nor payment: the next read has to show it (R5)."""
    return reply.outcome is Outcome.DONE and reply.money is None and reply.snapshot is None


def _act(answered: Answered, state: OperationState) -> None:
    if state is OperationState.SUCCEEDED and _says_only_yes(answered.reply):
        _confirm(answered)
    elif state is OperationState.SUCCEEDED:
        _succeed(answered)
    elif state is OperationState.REJECTED:
        _reject(answered)
    elif state is OperationState.QUEUED:
        _try_later(answered)
    elif state is OperationState.PENDING:
        _accepted(answered)
    else:
        _doubt(answered)


def _succeed(answered: Answered) -> None:
    tx, operation, reply, now = answered.tx, answered.operation, answered.reply, answered.now
    asked = Money(operation.amount_minor, operation.currency)
    assert reply.movement_id is not None  # noqa: S101 - _checked_outcome saw to it
    if reply.money is not None and reply.money != asked:
        _review(answered, f"asked {asked}, the provider answered {reply.money}")
        return
    if reply.snapshot is not None:
        proven, capabilities = {operation.id: reply.movement_id}, answered.claim.account.capabilities
        applied = apply_snapshot(
            tx,
            answered.payment,
            reply.snapshot,
            capabilities,
            now,
            read_at=operation.last_sent_at or now,
            proven=proven,
            under_way=answered.under_way,
        )
        if applied.judgements[operation.id].verdict is not Verdict.FOUND:
            raise AssertionError(f"{operation.id}: the answer named a movement that it does not hold")
        return
    kind = movement_of(operation.kind, raises=operation.raises)
    movement = Movement(kind, reply.movement_id, asked, str(operation.id), now)
    book(tx, answered.payment, [movement], {movement.id: operation}, now)
    succeeded = OperationState.SUCCEEDED
    end(tx, answered.claim.lease, operation, succeeded, now, release_reservation=False, alone=answered.alone)


def _confirm(answered: Answered) -> None:
    """Have it read at once; until then nobody may take it for done, nor for not done."""
    tx, operation, now = answered.tx, answered.operation, answered.now
    unknown, since = OperationState.UNKNOWN, operation.doubt_since or now
    changes = {"due_at": now, "doubt_since": since, "in_doubt": True}
    move(tx, answered.claim.lease, unknown, now, **answered.words, **changes)
    wake_ups.for_operation(tx, operation.id, now)
    note(tx, operation, unknown, now, action="answered")


def _reject(answered: Answered) -> None:
    reply, lease = answered.reply, answered.claim.lease
    rejected = OperationState.REJECTED
    end(answered.tx, lease, answered.operation, rejected, answered.now, code=reply.code, message=reply.message)


def _review(answered: Answered, why: str) -> None:
    """The reservation stays; people decide (R5)."""
    tx, operation, now = answered.tx, answered.operation, answered.now
    move(tx, answered.claim.lease, OperationState.REVIEW, now, due_at=None, provider_message=why)
    wake_next(tx, operation, now)
    note(tx, operation, OperationState.REVIEW, now, evidence=why)


def _try_later(answered: Answered) -> None:
    """Nothing was applied: back to `queued` by R7, or the end when the tries are used up."""
    tx, operation, now = answered.tx, answered.operation, answered.now
    due_at = next_try(operation.tries, now, answered.reply.retry_after_s)
    changes: dict[str, object] = {}
    if answered.reply.fresh_key:
        due_at = due_at if _keys_used(tx, operation.id) < MOST_KEYS else None
        changes = {"key": str(uuid.uuid4()), "first_sent_at": None}
        forget_calls(tx, operation.id)
    move(tx, answered.claim.lease, OperationState.QUEUED, now, due_at=due_at or now, **answered.words, **changes)
    if due_at is None:
        expire(tx, locked_operation(tx, operation.id), "no_more_tries", now)
        return
    wake_ups.for_operation(tx, operation.id, due_at)
    wake_next(tx, operation, now)
    note(tx, operation, OperationState.QUEUED, now, code=answered.reply.code)


def _keys_used(tx: Tx, operation_id: uuid.UUID) -> int:
    """Under how many keys it went out; each attempt keeps its own, and that links the successors (R14)."""
    query = select(func.count(func.distinct(Attempt.key))).where(Attempt.operation_id == operation_id)
    return tx.execute(query).scalar_one()


def _accepted(answered: Answered) -> None:
    tx, operation, now = answered.tx, answered.operation, answered.now
    pending_id, own = answered.reply.pending_id, answered.claim.account.capabilities.pending_reads_s
    due_at = next_pending_read(now, now, has_provider_id=pending_id is not None, own_reads_s=own) or now
    changes = {"due_at": due_at, "provider_operation_id": pending_id, "in_doubt": False}
    move(tx, answered.claim.lease, OperationState.PENDING, now, **changes)
    wake_ups.for_operation(tx, operation.id, due_at)
    if pending_id is not None:
        wake_next(tx, operation, now)
    note(tx, operation, OperationState.PENDING, now)


def _doubt(answered: Answered) -> None:
    tx, operation, reply, now = answered.tx, answered.operation, answered.reply, answered.now
    if answered.claim.account.capabilities.resolution is ResolutionClass.NEITHER:
        _review(answered, f"no clear answer ({reply.code}) and no way to ask")
        return
    since = operation.doubt_since or now
    due_at = next_look_up(since, now) or now
    changes: dict[str, object] = {"doubt_since": since}
    if answered.outcome is Outcome.ASK:
        due_at = now
        changes |= {"refused_code": reply.code, "state_forbids": reply.state_conflict}
    elif answered.outcome is Outcome.REFUSED:
        changes["refused_code"] = reply.code  # a refusal of a repeat: settles nothing before a look-up (I6)
    elif answered.outcome is Outcome.NOT_APPLIED and reply.retry_after_s is not None:
        due_at = max(due_at, now + timedelta(seconds=reply.retry_after_s))
    if answered.outcome is Outcome.IN_DOUBT:
        changes["in_doubt"] = True
    move(tx, answered.claim.lease, OperationState.UNKNOWN, now, due_at=due_at, **answered.words, **changes)
    wake_ups.for_operation(tx, operation.id, due_at)
    note(tx, operation, OperationState.UNKNOWN, now, code=reply.code)


def _close_attempt(answered: Answered, attempt_id: uuid.UUID) -> None:
    reply = answered.reply
    answer = {
        "ended_at": answered.now,
        "outcome": answered.outcome,
        "http_status": reply.http_status,
        "provider_code": reply.code,
        "provider_message": reply.message,
        "answer_redacted": reply.redacted,
        "movement_id": reply.movement_id,
    }
    rows_changed(answered.tx, _CLOSE_ATTEMPT, answer | {"of_attempt": attempt_id})


def _breaker(tx: Tx, claim: Claim, outcome: Outcome, reply: Reply, now: datetime) -> None:
    """R46: five ambiguous answers in five minutes, or wrong credentials, stop fresh sends for the account."""
    account_id = claim.account.id
    if reply.credentials_refused:
        accounts.open_breaker(tx, account_id, accounts.CREDENTIALS, now)
    elif outcome is Outcome.IN_DOUBT:
        if accounts.too_many_ambiguous(tx, account_id, now):
            accounts.open_breaker(tx, account_id, accounts.AMBIGUOUS, now)
    elif outcome is not Outcome.NOT_APPLIED and not claim.account.is_good_call_noted(now):
        accounts.close_breaker(tx, account_id, now)
