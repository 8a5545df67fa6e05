"""Finds what is due in the database alone, so that work goes on without Redis (R18, I10)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from webapp.services.imports import running as imports
from webapp.services.jobs import running as jobs
from webapp.services.mails import failures, sending
from webapp.services.methods import asking
from webapp.services.operations import running
from webapp.services.wake_ups import DEFAULT_QUEUE, MONEY_QUEUE
from webapp.services.webhooks import processing

_DEFAULT: tuple[Callable[[], int], ...] = (
    jobs.run_due,
    processing.run_due,
    asking.run_due,
    failures.make_due,
    sending.run_due,
    imports.run_due,
)
_SWEEPS: Mapping[str, Callable[[], int]] = MappingProxyType(
    {MONEY_QUEUE: running.run_due, DEFAULT_QUEUE: lambda: sum(run() for run in _DEFAULT)}
)


def run_due(queue: str) -> int:
    """Run what is due on one queue; answers how many rows were worked on."""
    return _SWEEPS[queue]()
