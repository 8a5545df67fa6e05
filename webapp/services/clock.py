"""The one clock. Leases, settle windows and key windows all trust it, so simulation replaces it as a whole (R8)."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol

from sqlalchemy.orm import Session

_POSTGRESQL = "select clock_timestamp()"


class Clock(Protocol):
    """Time as the engine sees it."""

    def now(self, tx: Session) -> datetime:
        """UTC by the database's clock, so that all machines agree on leases."""

    def wall(self) -> datetime:
        """UTC by this machine's clock; compared with `monotonic` to notice a jump."""

    def monotonic(self) -> float:
        """Seconds that no clock change moves."""


class DatabaseClock:
    """The clock of the database for what is stored, of this machine for the rest."""

    def now(self, tx: Session) -> datetime:
        """UTC now; moves on within a transaction. SQLite runs in this process, so its clock is this machine's."""
        if tx.get_bind().dialect.name == "postgresql":
            moment = tx.connection().exec_driver_sql(_POSTGRESQL).scalar_one()  # asked often, so past the compiler
            return moment.astimezone(UTC)  # type: ignore[no-any-return]  # plain SQL carries no type
        return datetime.now(UTC)

    def wall(self) -> datetime:
        """UTC by this machine."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds since some start of this machine."""
        return time.monotonic()
