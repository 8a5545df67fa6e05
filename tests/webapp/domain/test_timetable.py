"""When a schedule is due: intervals, cron, active hours, and the two days on which the clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.domain.timetable import Timetable, WrongTimetable

NOON = datetime(2026, 3, 27, 12, tzinfo=UTC)  # a Friday
PARIS = "Europe/Paris"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def table(interval_s: int | None = None, cron: str | None = None, zone: str = "UTC", **hours: int) -> Timetable:
    return Timetable(interval_s=interval_s, cron=cron, zone=zone, **hours)


def times(timetable: Timetable, start: datetime, count: int) -> list[datetime]:
    """The next ones after `start`, each found from the one before."""
    found, due = [], start
    for _ in range(count):
        due = timetable.after(due, due)
        found.append(due)
    return found


def test_an_interval_keeps_its_beat_and_missed_ones_count_once_R20() -> None:
    half_hourly = table(1800)
    assert half_hourly.after(NOON, NOON) == NOON + timedelta(minutes=30)
    assert half_hourly.after(NOON + timedelta(hours=5, minutes=7), NOON) == NOON + timedelta(hours=5, minutes=30)
    assert half_hourly.gap(NOON) == timedelta(minutes=30)


@pytest.mark.parametrize(
    ("cron", "start", "expected"),
    [
        ("30 2 * * *", "2026-03-28T12:00", ["2026-03-29T01:00", "2026-03-30T00:30"]),  # 02:30 is left out
        ("30 2 * * *", "2026-10-24T12:00", ["2026-10-25T00:30", "2026-10-26T01:30"]),  # 02:30 comes twice
        ("*/30 * * * *", "2026-10-25T00:10", ["2026-10-25T00:30", "2026-10-25T01:00", "2026-10-25T01:30"]),
        ("0 8 * * 1-5", "2026-03-27T12:00", ["2026-03-30T06:00", "2026-03-31T06:00"]),
    ],
)
def test_a_cron_is_kept_on_the_days_when_the_clocks_change(cron: str, start: str, expected: list[str]) -> None:
    assert times(table(cron=cron, zone=PARIS), at(start), len(expected)) == [at(each) for each in expected]


def test_active_hours_are_local_and_may_pass_midnight() -> None:
    nights = table(3600, zone=PARIS, active_from=22 * 60, active_until=2 * 60)
    assert times(nights, at("2026-03-27T00:30"), 3) == [
        at("2026-03-27T21:00"),
        at("2026-03-27T22:00"),
        at("2026-03-27T23:00"),
    ]
    assert nights.is_active(at("2026-03-28T00:59"))
    assert not nights.is_active(at("2026-03-28T01:00"))


def test_a_night_belongs_to_the_day_on_which_it_began() -> None:
    fridays = table(3600, active_from=22 * 60, active_until=2 * 60, active_days=1 << 4)
    assert fridays.is_active(at("2026-03-28T01:00"))
    assert not fridays.is_active(at("2026-03-27T01:00"))


def test_days_alone_are_whole_days() -> None:
    weekend = table(6 * 3600, active_days=0b1100000)
    assert times(weekend, NOON, 2) == [at("2026-03-28T00:00"), at("2026-03-28T06:00")]


def test_a_cron_outside_the_active_hours_waits_for_the_next_within() -> None:
    weekdays = table(cron="* * * * *", active_from=540, active_until=1020, active_days=0b0011111)
    assert weekdays.after(at("2026-03-27T17:00"), None) == at("2026-03-30T09:00")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, "interval_or_cron"),
        ({"interval_s": 60, "cron": "* * * * *"}, "interval_or_cron"),
        ({"interval_s": 59}, "interval_bounds"),
        ({"interval_s": 31 * 86400 + 1}, "interval_bounds"),
        ({"cron": ""}, "cron_fields"),
        ({"cron": "@daily"}, "cron_fields"),
        ({"cron": "* * * * * *"}, "cron_fields"),
        ({"cron": "61 * * * *"}, "cron_wrong"),
        ({"cron": "R * * * *"}, "cron_wrong"),
        ({"cron": "* * * * föö"}, "cron_wrong"),
        ({"cron": "0 0 31 2 *"}, "cron_never"),
        ({"cron": "0 3 * * *", "active_from": 540, "active_until": 1020}, "never_active"),
        ({"interval_s": 60, "active_from": 5}, "hours_incomplete"),
        ({"interval_s": 60, "active_from": 5, "active_until": 1440}, "hours_wrong"),
        ({"interval_s": 60, "active_from": 5, "active_until": 5}, "hours_empty"),
        ({"interval_s": 60, "active_days": 0}, "no_day"),
        ({"interval_s": 60, "active_days": 128}, "no_day"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_its_reason(fields: dict[str, Any], code: str) -> None:
    with pytest.raises(WrongTimetable) as refusal:
        table(**fields).check(NOON)
    assert refusal.value.code == code


def test_names_of_days_and_months_are_understood() -> None:
    mondays = table(cron="0 9 * jan-dec mon")
    mondays.check(NOON)
    assert mondays.after(NOON, None) == at("2026-03-30T09:00")


@given(
    minutes=st.integers(1, 31 * 24 * 60),
    opens=st.integers(0, 1439),
    closes=st.integers(0, 1439),
    days=st.integers(1, 127),
    start=st.integers(0, 365 * 24 * 60).map(lambda minute: at("2026-01-01") + timedelta(minutes=minute)),
    zone=st.sampled_from([PARIS, "Asia/Tokyo", "America/St_Johns", "UTC"]),
)
def test_it_is_always_due_later_within_its_hours_and_in_order(
    minutes: int, opens: int, closes: int, days: int, start: datetime, zone: str
) -> None:
    hours = {"active_from": opens, "active_until": closes} if opens != closes else {}
    wanted = table(minutes * 60, zone=zone, active_days=days, **hours)
    found = [start, *times(wanted, start, 4)]
    assert all(earlier < later for earlier, later in pairwise(found))
    assert all(wanted.is_active(each) for each in found[1:])
    assert all(each.astimezone(ZoneInfo(zone)) == each for each in found)


def test_the_one_hour_of_a_week_that_is_left_out_comes_a_week_later() -> None:
    sundays = table(3600, zone=PARIS, active_from=135, active_until=165, active_days=1 << 6)
    assert sundays.after(at("2026-03-28T12:00"), None) == at("2026-04-05T00:15")
