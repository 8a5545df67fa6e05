"""The life of an operation: its states, the legal moves, and the times of R7 (money-safety section 3)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from providers.kinds import OperationKind, Outcome


class OperationState(StrEnum):
    """Where an operation stands. A reservation is held in every state that is not terminal."""

    AWAITING_APPROVAL = "awaiting_approval"
    QUEUED = "queued"
    SENDING = "sending"
    UNKNOWN = "unknown"
    PENDING = "pending"
    REVIEW = "review"
    SUCCEEDED = "succeeded"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


S = OperationState

TERMINAL = frozenset({S.SUCCEEDED, S.REJECTED, S.WITHDRAWN, S.EXPIRED})
NOT_TERMINAL = frozenset(S) - TERMINAL


def shown_state(state: OperationState, outcomes: Collection[Outcome | None]) -> OperationState:
    """What people are told: a plain yes that the next read has to show is accepted, and no doubt to them (R5)."""
    return S.PENDING if state is S.UNKNOWN and Outcome.DONE in outcomes else state


LEGAL_MOVES: Mapping[OperationState, frozenset[OperationState]] = MappingProxyType(
    {
        S.AWAITING_APPROVAL: frozenset({S.QUEUED, S.WITHDRAWN, S.EXPIRED, S.UNKNOWN}),
        S.QUEUED: frozenset({S.SENDING, S.WITHDRAWN, S.EXPIRED, S.UNKNOWN, S.SUCCEEDED, S.REVIEW}),
        S.SENDING: frozenset({S.SUCCEEDED, S.PENDING, S.REJECTED, S.UNKNOWN, S.QUEUED, S.REVIEW}),
        S.UNKNOWN: frozenset({S.SENDING, S.PENDING, S.SUCCEEDED, S.REJECTED, S.QUEUED, S.EXPIRED, S.REVIEW}),
        S.PENDING: frozenset({S.PENDING, S.SUCCEEDED, S.REJECTED, S.REVIEW, S.UNKNOWN}),
        S.REVIEW: frozenset({S.SUCCEEDED, S.REJECTED, S.QUEUED, S.UNKNOWN}),
        S.SUCCEEDED: frozenset(),
        S.REJECTED: frozenset(),
        S.WITHDRAWN: frozenset(),
        S.EXPIRED: frozenset(),
    }
)
"""From -> to. UNKNOWN as a target of states that were not sent is the restore of R29; SUCCEEDED and REVIEW from
QUEUED are a movement with our reference that the provider shows although our books say "not sent" (R29, R33)."""

STATE_AFTER: Mapping[Outcome, OperationState] = MappingProxyType(
    {
        Outcome.DONE: S.SUCCEEDED,
        Outcome.ACCEPTED: S.PENDING,
        Outcome.REFUSED: S.REJECTED,
        Outcome.ASK: S.UNKNOWN,
        Outcome.NOT_APPLIED: S.QUEUED,
        Outcome.IN_DOUBT: S.UNKNOWN,
    }
)


def states_before(state: OperationState) -> frozenset[OperationState]:
    """The states from which `state` may be reached."""
    return frozenset(before for before, after in LEGAL_MOVES.items() if state in after)


def state_after(outcome: Outcome, *, earlier_doubt: bool) -> OperationState:
    """The state that an answer leads to; a refusal settles nothing while an earlier attempt is in doubt (I6)."""
    state = STATE_AFTER[outcome]
    if earlier_doubt and state in {S.REJECTED, S.QUEUED}:
        return S.UNKNOWN
    return state


def reserved_as(kind: OperationKind, *, raises: bool) -> OperationKind | None:
    """As what an operation holds its amount reserved; an update is a release when it goes down, and nothing upwards."""
    if kind is OperationKind.UPDATE:
        return None if raises else OperationKind.CANCEL
    return kind


LEASE = timedelta(seconds=120)
CALL_DEADLINE = timedelta(seconds=45)
COMMIT_TO_FIRST_BYTE_S = 5.0
STALE_READ = timedelta(seconds=60)
TWO_READS_APART = timedelta(seconds=60)
SHORTEST_WAIT = timedelta(seconds=5)
APPROVAL_LAPSES = timedelta(hours=72)
BLOCKED_FOR_GOOD = timedelta(days=7)
BLOCKED_RECHECK = timedelta(seconds=60)
STEP_RECHECK = timedelta(hours=1)
MOST_REPLAYS = 3
MOST_KEYS = 3  # that one operation goes out under where the provider replays its old answer (R14)

_RETRIES = tuple(timedelta(minutes=m) for m in (1, 5, 15, 30, 60, 180, 360, 720))
_LOOK_UPS = tuple(timedelta(seconds=s) for s in (30, 120, 300, 900, 960, 3600, 3 * 3600, 12 * 3600)) + tuple(
    timedelta(days=d) for d in range(1, 8)
)
_PENDING = (timedelta(hours=1), timedelta(hours=6), *(timedelta(days=d) for d in range(1, 15)))
_CONFIRMATIONS = tuple(timedelta(seconds=s) for s in (2, 5, 15, 30, 61))
_PENDING_WITHOUT_ID = (timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=15))


def next_try(tries: int, now: datetime, retry_after_s: int | None) -> datetime | None:
    """When an operation that went back to `queued` after its `tries`-th try is sent again; None: never (R7)."""
    if tries > len(_RETRIES):
        return None
    if retry_after_s is not None:
        return now + max(timedelta(seconds=retry_after_s), SHORTEST_WAIT)
    return now + _RETRIES[tries - 1]


def next_look_up(doubt_since: datetime, now: datetime) -> datetime | None:
    """When an operation in doubt is looked up next; None when the time box of seven days is used up (R7)."""
    return _next_step(_LOOK_UPS, doubt_since, now)


def next_pending_read(
    pending_since: datetime, now: datetime, *, has_provider_id: bool, own_reads_s: Sequence[int] = ()
) -> datetime | None:
    """When a pending operation is read next; None after day 14 (R7).

    `own_reads_s` is the provider's own timetable for what it gave an id, which goes before the rest of R7's. One
    whose provider id is not known yet is read sooner, because it holds up the payment (I7).
    """
    if not has_provider_id:
        steps = (*_PENDING_WITHOUT_ID, *_PENDING)
    else:
        own = tuple(timedelta(seconds=seconds) for seconds in own_reads_s)
        steps = (*own, *(step for step in _PENDING if not own or step > own[-1]))
    return _next_step(steps, pending_since, now)


def next_confirmation(sent_at: datetime, now: datetime) -> datetime | None:
    """When a success that the last read did not show is looked for again; None once no read can be an old one (R26)."""
    return _next_step(_CONFIRMATIONS, sent_at, now)


def _next_step(steps: tuple[timedelta, ...], since: datetime, now: datetime) -> datetime | None:
    return next((since + step for step in steps if since + step > now), None)
