"""Resolve doubt: read the payment, judge, and replay, wait, put back or hand to people (money-safety section 6)."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select, update

from providers.errors import CredentialsRefused, OutcomeUnknown, PaymentNotFound, ProviderUnavailable
from providers.kinds import RequestState, ResolutionClass
from providers.snapshots import PaymentSnapshot
from webapp.domain.doubt import Judgement, Verdict
from webapp.domain.operations import (
    LEASE,
    MOST_REPLAYS,
    TWO_READS_APART,
    OperationState,
    next_confirmation,
)
from webapp.models import Installation, Operation
from webapp.services import accounts, runtime, wake_ups
from webapp.services.kill_points import KillPoint, reached
from webapp.services.operations import following, lanes
from webapp.services.operations.claiming import Claim
from webapp.services.operations.leases import LeaseLost, move
from webapp.services.operations.looks import (
    A_MOMENT,
    Seen,
    go_pending,
    look_again,
    read_may_be_stale,
    reject,
    still_pending,
    to_review,
)
from webapp.services.operations.outcomes import (
    forget_calls,
    locked_operation,
    locked_payment,
    note,
)
from webapp.services.operations.sending import send
from webapp.services.payments.applying import apply_snapshot
from webapp.services.unit_of_work import Tx, in_transaction

log = structlog.get_logger()
A_WHILE = timedelta(seconds=15)


def look_up(claim: Claim) -> None:
    """Ask the provider about an operation in doubt or pending, and act on what it shows.

    LeaseLost when somebody else moved the operation meanwhile.
    """
    reached(KillPoint.LOOKING_UP)
    adapter = accounts.adapter(claim.account)
    try:
        with lanes.wire():
            task = following.task_of(adapter, claim.operation)
            snapshot = adapter.fetch_payment(claim.payment.provider_ref)
    except CredentialsRefused:
        in_transaction(lambda tx: _no_view(tx, claim, credentials_refused=True))
        return
    except (ProviderUnavailable, OutcomeUnknown, PaymentNotFound) as failure:
        log.info("look_up_failed", operation_id=str(claim.operation.id), error_type=type(failure).__name__)
        in_transaction(lambda tx: _no_view(tx, claim, credentials_refused=False))
        return
    reached(KillPoint.LOOKING_UP)
    if in_transaction(lambda tx: _take_in(tx, claim, snapshot, task)):
        send(claim)


def _no_view(tx: Tx, claim: Claim, *, credentials_refused: bool) -> None:
    """The provider could not be read: nothing is known, so nothing changes but the time of the next look."""
    now = runtime.current().clock.now(tx)
    if credentials_refused:
        accounts.open_breaker(tx, claim.account.id, accounts.CREDENTIALS, now)
    operation = tx.get_one(Operation, claim.operation.id, populate_existing=True)
    look_again(_seen(tx, claim, operation, now), absent_read_at=None)


def _take_in(tx: Tx, claim: Claim, snapshot: PaymentSnapshot, task: RequestState | None = None) -> bool:
    """Apply one read; True when the operation is to be replayed now under the lease that we still hold."""
    now = runtime.current().clock.now(tx)
    payment = locked_payment(tx, claim.operation.payment_id)
    operation = locked_operation(tx, claim.operation.id)
    if operation.fence != claim.lease.fence:
        raise LeaseLost(str(operation.id))
    seen = _seen(tx, claim, operation, now, task)
    applied = apply_snapshot(tx, payment, snapshot, claim.account.capabilities, now, read_at=seen.read_at)
    judgement = applied.judgements[operation.id]
    if judgement.verdict is Verdict.FOUND:
        return False  # ended by apply_snapshot
    if judgement.verdict is Verdict.UNCLEAR:
        to_review(seen, judgement.why)
    elif judgement.verdict is Verdict.REFUSED:
        reject(seen, "provider_rejected", judgement.why)
    elif judgement.verdict is Verdict.FINISHING:
        go_pending(seen, judgement)
    elif judgement.verdict is Verdict.WITHHELD:
        look_again(seen, at_most=now + A_WHILE)
    elif operation.state is OperationState.PENDING:
        still_pending(seen)
    elif judgement.verdict is Verdict.IMPOSSIBLE:
        _impossible(seen, judgement)
    else:
        return _absent(seen)
    return False


def _seen(tx: Tx, claim: Claim, operation: Operation, now: datetime, task: RequestState | None = None) -> Seen:
    return Seen(tx, claim, operation, claim.account.capabilities, now, read_at=claim.lease.until - LEASE, task=task)


def _impossible(seen: Seen, judgement: Judgement) -> None:
    """The payment's state excludes it for good. Like absence, a fresh read may still be an old one (R26)."""
    if read_may_be_stale(seen):
        look_again(seen)
        return
    if seen.said_yes:
        _await_confirmation(seen)
        return
    operation = seen.operation
    code = operation.refused_code or "state_forbids"
    reject(seen, code, operation.provider_message or judgement.why, state_forbids=True)


def _absent(seen: Seen) -> bool:
    """This read does not show it. Replay, wait for proof, or act on the proof; True: replay now."""
    operation = seen.operation
    if seen.said_yes:
        _await_confirmation(seen)
    elif seen.capabilities.resolution is ResolutionClass.NEITHER:
        to_review(seen, "no clear answer, and this provider gives no way to ask")
    elif not operation.in_doubt and operation.refused_code is not None:
        _settle_refusal(seen)
    elif _may_replay(seen):
        _count_replay(seen)
        return True
    else:
        _weigh_absence(seen)
    return False


def _await_confirmation(seen: Seen) -> None:
    """The provider said yes, and this read does not show it: an old read may not, later ones have to (R5, R26).

    It is never sent again and never taken for undone; what no read shows is for people.
    """
    due_at = next_confirmation(seen.operation.last_sent_at or seen.operation.state_since, seen.now)
    if due_at is not None:
        look_again(seen, at_most=due_at)
    else:
        _weigh_absence(seen)


def _settle_refusal(seen: Seen) -> None:
    """The provider refused because of the payment's state and no attempt is in doubt: one fresh read is proof."""
    if read_may_be_stale(seen):
        look_again(seen)
        return
    _believe_refusal(seen)


def _may_replay(seen: Seen) -> bool:
    operation = seen.operation
    if seen.capabilities.resolution is not ResolutionClass.KEY_AND_LOOK_UP or seen.claim.sends_blocked:
        return False
    if operation.replays >= MOST_REPLAYS or operation.refused_code is not None:
        return False
    first = operation.first_sent_at or operation.created_at
    return seen.now - first < timedelta(seconds=seen.capabilities.key_window_s)


def _count_replay(seen: Seen) -> None:
    seen.tx.execute(
        update(Operation)
        .where(Operation.id == seen.operation.id, Operation.fence == seen.claim.lease.fence)
        .values(replays=Operation.replays + 1, absent_read_at=None)
        .execution_options(synchronize_session=False)
    )


def _weigh_absence(seen: Seen) -> None:
    """Absence is proven by two reads 60 s apart, both after the settle window (C2)."""
    operation, now = seen.operation, seen.read_at
    settled_at = (operation.last_sent_at or operation.created_at) + timedelta(seconds=seen.capabilities.settle_s)
    if now < settled_at:
        look_again(seen, at_most=settled_at + A_MOMENT)
    elif operation.absent_read_at is None:
        look_again(seen, at_most=now + TWO_READS_APART + A_MOMENT, absent_read_at=now)
    elif now - operation.absent_read_at < TWO_READS_APART:
        first_read_at = operation.absent_read_at
        look_again(seen, at_most=first_read_at + TWO_READS_APART + A_MOMENT, absent_read_at=first_read_at)
    else:
        _proven_absent(seen)


def _proven_absent(seen: Seen) -> None:
    operation = seen.operation
    if seen.said_yes:
        to_review(seen, "the provider said that it was done, and does not show it")
    elif operation.refused_code is not None:
        _believe_refusal(seen)
    elif operation.fresh_send_used:
        to_review(seen, "sent twice, and the provider shows neither")
    elif operation.restored and seen.tx.scalar(select(Installation.recovery_since)) is not None:
        look_again(seen, absent_read_at=operation.absent_read_at)  # R29: nothing is sent until a person opens
    else:
        _put_back(seen)


def _put_back(seen: Seen) -> None:
    """Nothing happened: one fresh send, under a new key because the old one answers with the old error (R14)."""
    operation = seen.operation
    never_sent = operation.restored and operation.first_sent_at is None
    forget_calls(seen.tx, operation.id)
    move(
        seen.tx,
        seen.claim.lease,
        OperationState.QUEUED,
        seen.now,
        due_at=seen.now,
        key=str(uuid.uuid4()),
        in_doubt=False,
        doubt_since=None,
        absent_read_at=None,
        first_sent_at=None,
        replays=0,
        tries=0,
        restored=False,
        fresh_send_used=not never_sent,
    )
    wake_ups.for_operation(seen.tx, operation.id, seen.now)
    note(seen.tx, operation, OperationState.QUEUED, seen.now, code="proven_absent")


def _believe_refusal(seen: Seen) -> None:
    operation = seen.operation
    reject(seen, operation.refused_code, operation.provider_message, state_forbids=operation.state_forbids)
