"""One look at an operation that is in doubt or pending, and what it may lead to: another look, people, a refusal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from providers.kinds import Outcome, RequestState
from providers.port import Capabilities
from webapp.domain.doubt import Judgement
from webapp.domain.operations import (
    STALE_READ,
    TWO_READS_APART,
    OperationState,
    next_look_up,
    next_pending_read,
)
from webapp.models import Attempt, Operation
from webapp.services import wake_ups
from webapp.services.operations.claiming import Claim
from webapp.services.operations.leases import keep, move
from webapp.services.operations.outcomes import end, note, wake_next
from webapp.services.unit_of_work import Tx

A_MOMENT = timedelta(seconds=1)
TOO_LONG = "accepted 14 days ago and still not finished"


@dataclass(frozen=True, slots=True)
class Seen:
    """One look at a claimed operation: the tools of its transaction in one hand.

    `read_at` is a moment before the read began: a process that was held up since must not take it for a late one.
    """

    tx: Tx
    claim: Claim
    operation: Operation
    capabilities: Capabilities
    now: datetime
    read_at: datetime
    task: RequestState | None = None  # how the provider's task for it stands, where that could be read

    @property
    def said_yes(self) -> bool:
        """Whether the provider answered a plain yes, which a read has yet to show (R5)."""
        yes = select(Attempt.id).where(Attempt.operation_id == self.operation.id, Attempt.outcome == Outcome.DONE)
        return self.tx.scalar(yes.limit(1)) is not None


def look_again(seen: Seen, *, at_most: datetime | None = None, absent_read_at: datetime | None = None) -> None:
    """Set the next look by R7's timetable, or sooner; `review` when the time box is used up (I12)."""
    operation, now = seen.operation, seen.now
    if operation.state is OperationState.PENDING:
        has_id = operation.provider_operation_id is not None
        due_at = _next_pending(seen, operation.state_since, has_provider_id=has_id)
        if due_at is None:
            to_review(seen, TOO_LONG)
            return
    else:
        due_at = next_look_up(operation.doubt_since or operation.state_since, now)
        if due_at is None:
            to_review(seen, "asked for seven days without a clear answer")
            return
        fresh_from = (operation.last_sent_at or now) + STALE_READ + A_MOMENT
        if operation.refused_code is not None and not operation.in_doubt and fresh_from > now:
            due_at = min(due_at, fresh_from)
    if at_most is not None:
        due_at = min(due_at, at_most)
    keep(seen.tx, seen.claim.lease, due_at=due_at, absent_read_at=absent_read_at)
    wake_ups.for_operation(seen.tx, operation.id, due_at)


def go_pending(seen: Seen, judgement: Judgement) -> None:
    """The provider works on it: note its id, which lets the payment's next operation go (I7)."""
    operation, effect = seen.operation, judgement.pending
    effect_id = operation.provider_operation_id or (effect.id if effect else None)
    first = operation.state is not OperationState.PENDING
    since = seen.now if first else operation.state_since
    due_at = _next_pending(seen, since, has_provider_id=effect_id is not None)
    if due_at is None:
        to_review(seen, TOO_LONG)
        return
    newly_known = operation.provider_operation_id is None and effect_id is not None
    changes = {"due_at": due_at, "provider_operation_id": effect_id, "in_doubt": False}
    if first:
        move(seen.tx, seen.claim.lease, OperationState.PENDING, seen.now, **changes)
        note(seen.tx, operation, OperationState.PENDING, seen.now)
    else:
        keep(seen.tx, seen.claim.lease, **changes)
    wake_ups.for_operation(seen.tx, operation.id, due_at)
    if newly_known:
        wake_next(seen.tx, operation, seen.now)


def still_pending(seen: Seen) -> None:
    """Not shown yet. A task that failed with nothing moved is a refusal, once two reads 60 s apart agree (R26)."""
    if seen.task is not RequestState.REJECTED or read_may_be_stale(seen):
        look_again(seen)
        return
    first_read_at = seen.operation.absent_read_at
    if first_read_at is None:
        look_again(seen, at_most=seen.read_at + TWO_READS_APART + A_MOMENT, absent_read_at=seen.read_at)
    elif seen.read_at - first_read_at < TWO_READS_APART:
        look_again(seen, at_most=first_read_at + TWO_READS_APART + A_MOMENT, absent_read_at=first_read_at)
    else:
        reject(seen, "provider_rejected", None)


def _next_pending(seen: Seen, since: datetime, *, has_provider_id: bool) -> datetime | None:
    own = seen.capabilities.pending_reads_s
    return next_pending_read(since, seen.now, has_provider_id=has_provider_id, own_reads_s=own)


def reject(seen: Seen, code: str | None, message: str | None, *, state_forbids: bool = False) -> None:
    lease, rejected = seen.claim.lease, OperationState.REJECTED
    end(seen.tx, lease, seen.operation, rejected, seen.now, code=code, message=message, state_forbids=state_forbids)


def to_review(seen: Seen, why: str) -> None:
    move(seen.tx, seen.claim.lease, OperationState.REVIEW, seen.now, due_at=None, provider_message=why)
    wake_next(seen.tx, seen.operation, seen.now)
    note(seen.tx, seen.operation, OperationState.REVIEW, seen.now, evidence=why)


def read_may_be_stale(seen: Seen) -> bool:
    sent = seen.operation.last_sent_at
    return sent is not None and seen.read_at - sent < STALE_READ
