"""The named moments of the crash matrix (money-safety section 11).

In production `reached` does nothing. Tests and simulation install an observer that kills, freezes or switches there.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum


class KillPoint(StrEnum):
    """Where a process may die; the numbers are those of the crash matrix."""

    BEFORE_CREATE_COMMIT = "K1"
    AFTER_CREATE_COMMIT = "K2"
    PUBLISHING = "K3"
    CLAIMED = "K4"
    SENDING_COMMITTED = "K5"
    ON_THE_WIRE = "K6"
    ANSWER_READ = "K7"
    INSIDE_RESULT = "K8"
    AFTER_RESULT = "K9"
    LOOKING_UP = "K10"
    TAKING_WEBHOOK = "K13"
    PROCESSING_WEBHOOK = "K14"
    SCHEDULING = "K15"
    MAILING = "K16"
    IMPORTING = "import"  # between two steps of a file; it has no row of its own in the matrix
    ALERTING = "alert"  # around an alert and its mails; nor has this


Observer = Callable[[KillPoint], None]


def _nothing(_point: KillPoint) -> None:
    return None


_observer: Observer = _nothing


def reached(point: KillPoint) -> None:
    """Called by the engine at each named moment."""
    _observer(point)


def observe(observer: Observer | None) -> None:
    """Install an observer, or none."""
    global _observer  # noqa: PLW0603 - one process has one observer, and only under test
    _observer = observer or _nothing
