"""The life of a mail: its states, its legal moves, and when it is tried again (money-safety R42)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType


class MailState(StrEnum):
    """Where a mail stands."""

    QUEUED = "queued"
    SENDING = "sending"  # committed just before the mail server is given the text
    SENT = "sent"
    FAILED = "failed"  # refused for good, or tried in vain
    MAYBE_SENT = "maybe_sent"  # the server may have it; never sent again by itself
    STOPPED = "stopped"  # by a person, before it was sent


class Handover(StrEnum):
    """How one try to hand a mail to the server went."""

    TAKEN = "taken"
    REFUSED = "refused"  # for good
    PUT_OFF = "put_off"  # the server says: later
    NOT_REACHED = "not_reached"  # nothing of the text left this machine
    UNCLEAR = "unclear"  # the text was on its way and no answer came
    LOST = "lost"  # somebody else has the mail now; nothing was sent


M = MailState

LEGAL_MOVES: Mapping[MailState, frozenset[MailState]] = MappingProxyType(
    {
        M.QUEUED: frozenset({M.SENDING, M.FAILED, M.STOPPED, M.MAYBE_SENT, M.QUEUED}),
        M.SENDING: frozenset({M.SENT, M.FAILED, M.QUEUED, M.MAYBE_SENT}),
        M.SENT: frozenset(),
        M.FAILED: frozenset(),
        M.MAYBE_SENT: frozenset(),
        M.STOPPED: frozenset(),
    }
)
"""From -> to. MAYBE_SENT from QUEUED is the restore of R29; nothing leads out of it (I14)."""

STATE_AFTER: Mapping[Handover, MailState] = MappingProxyType(
    {
        Handover.TAKEN: M.SENT,
        Handover.REFUSED: M.FAILED,
        Handover.PUT_OFF: M.QUEUED,
        Handover.NOT_REACHED: M.QUEUED,
        Handover.UNCLEAR: M.MAYBE_SENT,
    }
)

UNDER_WAY = frozenset({M.QUEUED, M.SENDING})
FOR_PEOPLE = frozenset({M.FAILED, M.MAYBE_SENT})
"""What a person may have sent again."""

WAITS = tuple(timedelta(minutes=minutes) for minutes in (5, 30, 3 * 60, 20 * 60))
MOST_TRIES = len(WAITS) + 1


def states_before(state: MailState) -> frozenset[MailState]:
    """The states from which `state` may be reached."""
    return frozenset(before for before, after in LEGAL_MOVES.items() if state in after)


def next_try(tries: int, now: datetime) -> datetime | None:
    """When a mail that was not taken at its `tries`-th try goes out again; None: never (five tries in 24 hours)."""
    return now + WAITS[tries - 1] if tries < MOST_TRIES else None
