"""Time that only moves when the scheduler says so; all processes stand on one host."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

START = datetime(2026, 3, 2, 9, tzinfo=UTC)


class VirtualTime:
    """Seconds since the start. `ahead_s` is by how much the host's clock was put forward (K12)."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.ahead_s = 0.0

    def now(self) -> datetime:
        """The true moment, which is the provider's too."""
        return START + timedelta(seconds=self.seconds)

    def host(self) -> datetime:
        """What the host believes the moment to be."""
        return START + timedelta(seconds=self.seconds + self.ahead_s)

    def true_seconds_of(self, moment: datetime) -> float:
        """When it will truly be `moment`."""
        return (moment - START).total_seconds()

    def seconds_of(self, moment: datetime) -> float:
        """When the host's clock will show `moment`."""
        return (moment - START).total_seconds() - self.ahead_s


class ProcessClock:
    """`services.clock.Clock` on virtual time."""

    def __init__(self, time: VirtualTime) -> None:
        self._time = time

    def now(self, tx: Session) -> datetime:
        """The database runs on the same host."""
        del tx
        return self._time.host()

    def wall(self) -> datetime:
        """The host's clock."""
        return self._time.host()

    def monotonic(self) -> float:
        """No jump moves it."""
        return self._time.seconds
