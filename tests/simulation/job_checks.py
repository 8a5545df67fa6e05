"""What must hold of schedules, runs and what they file, after every step and at the end (R17, R20, K15)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.simulation.virtual_time import START

if TYPE_CHECKING:
    from tests.simulation.world import World

_TWICE = """
select payment_id, kind, count(*) from operations where status_change_id is not null
group by payment_id, kind, status_change_id having count(*) > 1
"""
_RUNS = "select id, job, request_id, not_before, fence, ended_at, found_at, found, counts from job_runs"
_ENDED = """
select id, failed_by, found, (select count(*) from job_rows where run_id = j.id),
 (select coalesce(max(position), 0) from job_rows where run_id = j.id) from job_runs j
"""
_ROWS_TWICE = """
select run_id, payment_id, count(*) from job_rows r join job_runs j on j.id = r.run_id
where j.job in ('cancel', 'refund') group by run_id, payment_id having count(*) > 1
"""
_OWED = """
select count(*) from payments p join orders o on o.id = p.order_id
where o.undo_change_id is not null and p.frozen_at is null
 and p.capture_reserved_minor + p.cancel_reserved_minor + p.refund_reserved_minor = 0
 and ((p.captured_minor > p.refunded_minor and p.method = 'sandbox' and not exists (
   select 1 from operations where payment_id = p.id and kind = 'refund' and status_change_id = o.undo_change_id))
  or (p.provider_state = 'authorised' and p.authorised_minor > p.captured_minor + p.cancelled_minor and not exists (
   select 1 from operations where payment_id = p.id and kind = 'cancel' and status_change_id = o.undo_change_id)))
"""
"""What the rules of the jobs name, written a second time."""
_FILED = """
select o.id, (select count(*) from job_rows r join job_runs j on j.id = r.run_id
 where r.operation_id = o.id and j.job in ('cancel', 'refund'))
from operations o where o.requested_via = 'job' and o.wish_id not in (
 select wish_id from fired_actions where wish_id is not null)
"""


class JobChecks:
    """Remembers the runs of the last step."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._made: dict[str, int] = {}  # run -> in which interval it was made; true after a restore too
        self.forget()

    def forget(self) -> None:
        """A backup was restored: the past is another one."""
        self._before: dict[str, Any] = {}

    def step(self) -> None:
        """One operation per change of status, one run per occurrence; ended runs stay as they are."""
        world, made = self._world, set[tuple[str, int]]()
        for payment, kind, count in world.database.rows(_TWICE):
            world.say(f"R17: {count} operations {kind} payment {payment} for one change of status")
        for row in world.database.rows(_RUNS):
            name, job, request_id, not_before, fence, ended_at = row[:6]
            self._moved(name, fence, ended_at, row)
            interval = self._made.setdefault(name, self._interval(not_before))
            if request_id is not None or interval < 0:
                continue
            if (job, interval) in made:
                world.say(f"R20: two runs of {job} were made within one interval")
            made.add((job, interval))

    def _moved(self, name: str, fence: int, ended_at: str | None, row: Any) -> None:
        before = self._before.get(name)
        if before is not None and fence < before[4]:
            self._world.say(f"I11: the fence of run {name} fell from {before[4]} to {fence}")
        if before is not None and before[5] is not None and row != before:
            self._world.say(f"I8: run {name} changed after its end at {ended_at}")
        self._before[name] = row

    def _interval(self, not_before: str) -> int:
        """Which interval that moment lies in; -1 after people slowed the jobs down."""
        if self._world.calm:
            return -1
        every = timedelta(seconds=self._world.weights.job_every_s)
        return (datetime.fromisoformat(not_before).replace(tzinfo=START.tzinfo) - START) // every


def is_owed(world: World) -> bool:
    """Whether the rules name something that has no operation yet."""
    return bool(world.database.rows(_OWED)[0][0])


def check_runs(world: World) -> None:
    """At the end no run is open, and what runs filed stands in exactly one row of them."""
    for name, failed_by, found, rows, last in world.database.rows(_ENDED):
        if failed_by is not None:
            world.say(f"K15: run {name} ended by {failed_by}")
        if rows != last or rows != found:
            world.say(f"K15: run {name} was to have {found} rows and has {rows}, the last one at {last}")
    for name, payment, rows in world.database.rows(_ROWS_TWICE):
        world.say(f"K15: run {name} has {rows} rows for payment {payment}")
    for name, rows in world.database.rows(_FILED):
        if rows != 1:
            world.say(f"R17: operation {name} of a job stands in {rows} rows")
    for request_id, runs in world.runs_by_hand.items():
        if len(runs) > 1 and not world.weights.restore:
            world.say(f"R16: form {request_id} made {len(runs)} runs")
