"""Finds what is due in the database alone, so that work goes on without Redis (R18, I10)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from webapp.services import schedules
from webapp.services.imports import running as imports
from webapp.services.operations import running
from webapp.services.wake_ups import DEFAULT_QUEUE, MONEY_QUEUE
from webapp.services.webhooks import processing

_SWEEPS: Mapping[str, Callable[[], int]] = MappingProxyType(
    {
        MONEY_QUEUE: running.run_due,
        DEFAULT_QUEUE: lambda: schedules.run_due() + processing.run_due() + imports.run_due(),
    }
)


def run_due(queue: str) -> int:
    """Run what is due on one queue; answers how many rows were worked on."""
    return _SWEEPS[queue]()
