"""The next times of rules that nobody has saved yet."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from webapp.models import Schedule
from webapp.services.errors import RuleBroken
from webapp.services.jobs.previewing import next_times
from webapp.services.jobs.schedules import ScheduleCommand

NOW = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)  # a Friday, 23:00 in Tokyo
HALF_HOUR = timedelta(minutes=30)


def test_an_interval_begins_now_and_keeps_its_beat() -> None:
    found = next_times(ScheduleCommand(enabled=True, interval_s=1800), "UTC", NOW)
    assert found == [NOW + HALF_HOUR, NOW + 2 * HALF_HOUR, NOW + 3 * HALF_HOUR]


def test_cron_follows_the_shops_zone_and_its_days() -> None:
    command = ScheduleCommand(enabled=True, cron="30 8 * * *", active_days=0b0011111)
    found = next_times(command, "Asia/Tokyo", NOW)
    assert [moment.isoformat() for moment in found] == [
        "2026-11-22T23:30:00+00:00",  # Monday morning in Tokyo
        "2026-11-23T23:30:00+00:00",
        "2026-11-24T23:30:00+00:00",
    ]


def test_a_schedule_begins_with_what_is_planned_and_an_overdue_one_goes_on_after_now() -> None:
    late = NOW - timedelta(hours=2, minutes=10)
    row = Schedule(enabled=True, interval_s=1800, cron=None, active_days=127, next_due_at=late)
    assert next_times(row, "UTC", NOW, 2) == [late, late + 5 * HALF_HOUR]


def test_what_is_switched_off_has_no_times_and_what_cannot_be_kept_is_refused() -> None:
    assert next_times(ScheduleCommand(enabled=False, interval_s=1800), "UTC", NOW) == []
    with pytest.raises(RuleBroken, match="cron_never"):
        next_times(ScheduleCommand(enabled=False, cron="0 8 31 2 *"), "UTC", NOW)
