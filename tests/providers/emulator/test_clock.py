"""The emulator's own time."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from providers.emulator.clock import SettableClock, wire_time

START = datetime(2026, 1, 15, 3, tzinfo=UTC)


def test_the_clock_runs_on_from_where_it_was_put():
    moments = [START]
    clock = SettableClock(lambda: moments[-1])
    clock.put(START + timedelta(days=400))
    moments.append(START + timedelta(seconds=5))
    assert clock.now() == START + timedelta(days=400, seconds=5)
    clock.advance(-60)
    assert clock.now() == START + timedelta(days=400, seconds=-55)


def test_a_moment_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="zone"):
        SettableClock().put(datetime(2026, 1, 1))  # noqa: DTZ001  the mistake under test


def test_wire_time_is_utc_with_whole_seconds():
    tokyo = timezone(timedelta(hours=9))
    assert wire_time(datetime(2026, 1, 15, 12, 0, 0, 999, tzinfo=tokyo)) == "2026-01-15T03:00:00Z"
    assert wire_time(None) is None
