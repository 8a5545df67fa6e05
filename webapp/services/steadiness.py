"""Notices a jump of the clock: leases and windows trust it, so fresh sends and takeovers pause (R8)."""

from __future__ import annotations

import threading
from datetime import datetime

import structlog

from webapp.services.clock import Clock

MOST_DRIFT_S = 30.0
PAUSE_S = 15 * 60.0

log = structlog.get_logger()


class Steadiness:
    """Compares wall and monotonic time of one process, again at each question."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._wall, self._monotonic = clock.wall(), clock.monotonic()
        self._paused_until = float("-inf")

    def is_steady(self) -> bool:
        """False for one settle window after a jump of more than 30 s, in either direction."""
        with self._lock:
            wall, monotonic = self._clock.wall(), self._clock.monotonic()
            drift = self._drift(wall, monotonic)
            self._wall, self._monotonic = wall, monotonic
            if abs(drift) > MOST_DRIFT_S:
                self._paused_until = monotonic + PAUSE_S
                log.error("clock_jumped", seconds=round(drift), pause_s=PAUSE_S)
            return monotonic >= self._paused_until

    def _drift(self, wall: datetime, monotonic: float) -> float:
        return (wall - self._wall).total_seconds() - (monotonic - self._monotonic)
