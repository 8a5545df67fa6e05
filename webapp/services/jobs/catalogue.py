"""Every job: what it is called, whether shops have it each for itself, and how often it runs by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from providers.kinds import OperationKind

FIVE_MINUTES_S = 5 * 60
HALF_HOUR_S = 30 * 60
HOUR_S = 3600
DAY_S = 24 * 3600

METHOD_SYNC = "method-sync"
CANCEL = "cancel"
REFUND = "refund"
ORDER_STATUS = "order-status"
LOOK_UP = "look-up"
RECONCILE = "reconcile"
HOUSEKEEPING = "housekeeping"
VERIFY = "verify"


@dataclass(frozen=True, slots=True)
class Job:
    """One job. `every_s`: seconds between two runs by default; None: it has no clock, people run it by hand.

    `undoes`: the operation that it makes for orders that were cancelled. `waits_first`: the first run comes an interval
    after the schedule, because people are offered it before.
    """

    name: str
    per_shop: bool
    every_s: int | None
    undoes: OperationKind | None = None
    waits_first: bool = False

    @property
    def moves_money(self) -> bool:
        """Whether it makes operations, so that it can be asked what it would take."""
        return self.undoes is not None or self.name == ORDER_STATUS

    @property
    def is_rehearsed(self) -> bool:
        """Whether what a run would take differs from time to time, so that people may ask before it."""
        return self.moves_money or self.name == RECONCILE


JOBS: Mapping[str, Job] = MappingProxyType(
    {
        job.name: job
        for job in (
            Job(METHOD_SYNC, per_shop=True, every_s=DAY_S, waits_first=True),
            Job(CANCEL, per_shop=True, every_s=HALF_HOUR_S, undoes=OperationKind.CANCEL),
            Job(REFUND, per_shop=True, every_s=HALF_HOUR_S, undoes=OperationKind.REFUND),
            Job(ORDER_STATUS, per_shop=True, every_s=FIVE_MINUTES_S),
            Job(LOOK_UP, per_shop=True, every_s=None),  # by the clock the workers do it themselves (R7)
            Job(RECONCILE, per_shop=True, every_s=HOUR_S),  # open payments hourly, the others of 90 days at night (R28)
            Job(HOUSEKEEPING, per_shop=False, every_s=HOUR_S),
            Job(VERIFY, per_shop=False, every_s=DAY_S),
        )
    }
)
"""In the order in which pages show them."""

OF_SHOPS = tuple(job for job in JOBS.values() if job.per_shop)
OF_DESK = tuple(job for job in JOBS.values() if not job.per_shop)
