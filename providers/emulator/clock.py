"""The emulator's time: real UTC time plus an offset that a control call moves."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Whatever tells the ledger the time; a simulation brings its own."""

    def now(self) -> datetime:
        """The present moment, with UTC as its zone."""
        ...


def utc_now() -> datetime:
    """The machine's time in UTC."""
    return datetime.now(UTC)


class SettableClock:
    """A clock that runs at normal speed from wherever it was put."""

    def __init__(self, source: Callable[[], datetime] = utc_now, offset: timedelta = timedelta(0)) -> None:
        self._source = source
        self.offset = offset

    def now(self) -> datetime:
        """The present moment, with UTC as its zone."""
        return self._source() + self.offset

    def advance(self, seconds: float) -> None:
        """Move forward, or back when `seconds` is negative."""
        self.offset += timedelta(seconds=seconds)

    def put(self, moment: datetime) -> None:
        """Make it `moment` now; ValueError when the moment has no zone."""
        if moment.tzinfo is None:
            raise ValueError("A moment needs a zone, for example 2026-01-15T03:00:00Z.")
        self.offset = moment.astimezone(UTC) - self._source()


def wire_time(moment: datetime | None) -> str | None:
    """ISO 8601 in UTC with whole seconds, as `2026-01-15T03:00:00Z`."""
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
