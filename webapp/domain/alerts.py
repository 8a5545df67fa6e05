"""What staff are alerted of, and from when on (money-safety R47)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType


class AlertKind(StrEnum):
    """What is wrong; the first four of a shop in a mode, the others of the whole desk."""

    UNKNOWN = "unknown"  # a result that has been in doubt for too long
    REVIEW = "review"  # a result that people have to settle
    FROZEN = "frozen"  # a payment on which nothing more is sent
    SIGNATURES = "signatures"  # messages of a provider whose signature does not fit
    BOOKS = "books"  # the verifier found sums that do not fit together
    AUDIT = "audit"  # the verifier found a break in the audit chain
    OUTBOX = "outbox"  # wake-ups that nobody hands to the workers


UNKNOWN_FOR = timedelta(minutes=15)
OUTBOX_LAG = timedelta(seconds=60)
MOST_REFUSED = 10  # messages in `REFUSED_WITHIN` that are no alert yet
REFUSED_WITHIN = timedelta(minutes=1)

CALM: Mapping[AlertKind, timedelta] = MappingProxyType(
    {
        # of each account at most 60 refused messages an hour are kept, so a flood that goes on shows once an hour
        AlertKind.SIGNATURES: timedelta(hours=2),
        AlertKind.OUTBOX: timedelta(minutes=15),
    }
)
"""How long it must be quiet before an occurrence is over, where what is wrong comes and goes; others end at once."""
