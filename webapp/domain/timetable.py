"""When a schedule is due next: an interval or five fields of cron, within active hours, in a shop's time zone.

An interval runs on through a change of the clocks. A cron whose hour is fixed runs once on such a day, at the first
moment there is where its time is left out; one whose hour is `*` follows real time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from croniter import croniter
from croniter.croniter import CroniterError

SHORTEST_S, LONGEST_S = 60, 31 * 24 * 3600
DAY_MINUTES = 24 * 60
EVERY_DAY = 0b1111111
_FIELD = re.compile(r"[0-9a-z*,/-]+")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAMES = frozenset((*_MONTHS, "sun", "mon", "tue", "wed", "thu", "fri", "sat"))
_DAYS_AHEAD = 16  # two weeks: the one active hour of a week may be left out when the clocks change
_MOST_LOOKS = 400  # openings without an occurrence in them before giving up


class WrongTimetable(ValueError):
    """A timetable that cannot be kept; `code` says why, for pages to put into words."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Timetable:
    """Exactly one of `interval_s` (seconds) and `cron`; `zone` is an IANA name.

    `active_from` and `active_until` are minutes of the local day, the last one left out; until before from passes
    midnight and belongs to the day on which it began. `active_days` are bits, Monday the lowest.
    """

    interval_s: int | None
    cron: str | None
    zone: str
    active_from: int | None = None
    active_until: int | None = None
    active_days: int = EVERY_DAY

    def check(self, now: datetime) -> None:
        """Whether it can be kept from `now` on.

        Raises WrongTimetable `interval_or_cron`, `interval_bounds`, `cron_fields`, `cron_wrong`, `cron_never`,
        `hours_incomplete`, `hours_wrong`, `hours_empty`, `no_day` or `never_active`.
        """
        if (self.interval_s is None) == (self.cron is None):
            raise WrongTimetable("interval_or_cron")
        if self.interval_s is not None and not SHORTEST_S <= self.interval_s <= LONGEST_S:
            raise WrongTimetable("interval_bounds")
        if self.cron is not None:
            _check_cron(self.cron)
        self._check_hours()
        self.after(now, None)

    def after(self, now: datetime, last_due_at: datetime | None) -> datetime:
        """The first moment later than `now` at which it is due (UTC), however many were missed (R20).

        `last_due_at` gives an interval its beat. WrongTimetable `cron_never` or `never_active` where there is none.
        """
        if self.cron is not None:
            return self._after_by_cron(self.cron, now)
        step = timedelta(seconds=self.interval_s or SHORTEST_S)
        last = last_due_at or now
        missed = max(0, (now - last) // step)
        return self._within_hours(last + step * (missed + 1))

    def gap(self, due_at: datetime) -> timedelta:
        """How long from `due_at` to the time after it."""
        return self.after(due_at, due_at) - due_at

    def is_active(self, moment: datetime) -> bool:
        """Whether that moment lies in the active hours of an active day."""
        local = moment.astimezone(ZoneInfo(self.zone))
        minute, day = local.hour * 60 + local.minute, local.date()
        if self.active_from is None or self.active_until is None:
            return self._has_day(day)
        if self.active_from < self.active_until:
            return self.active_from <= minute < self.active_until and self._has_day(day)
        if minute >= self.active_from:
            return self._has_day(day)
        return minute < self.active_until and self._has_day(day - timedelta(days=1))

    def _check_hours(self) -> None:
        hours = (self.active_from, self.active_until)
        if (self.active_from is None) != (self.active_until is None):
            raise WrongTimetable("hours_incomplete")
        if any(minute is not None and not 0 <= minute < DAY_MINUTES for minute in hours):
            raise WrongTimetable("hours_wrong")
        if self.active_from is not None and self.active_from == self.active_until:
            raise WrongTimetable("hours_empty")
        if not 0 < self.active_days <= EVERY_DAY:
            raise WrongTimetable("no_day")

    def _has_day(self, day: date) -> bool:
        return bool(self.active_days >> day.weekday() & 1)

    def _within_hours(self, moment: datetime) -> datetime:
        return moment if self.is_active(moment) else self._next_opening(moment)

    def _next_opening(self, moment: datetime) -> datetime:
        """When the active hours begin next."""
        zone = ZoneInfo(self.zone)
        today, opens = moment.astimezone(zone).date(), self.active_from or 0
        for ahead in range(_DAYS_AHEAD):
            day = today + timedelta(days=ahead)
            local = datetime(day.year, day.month, day.day, opens // 60, opens % 60, tzinfo=zone)
            opening = local.astimezone(UTC)
            if opening > moment and self.is_active(opening):
                return opening
        raise WrongTimetable("never_active")

    def _after_by_cron(self, cron: str, now: datetime) -> datetime:
        start = now
        for _look in range(_MOST_LOOKS):
            local = self._next_by_cron(cron, start)
            if self.is_active(local):
                return local.astimezone(UTC)
            start = self._next_opening(local) - timedelta(microseconds=1)
        raise WrongTimetable("never_active")

    def _next_by_cron(self, cron: str, start: datetime) -> datetime:
        """The next occurrence after `start`, in local time; a fixed hour that comes twice in autumn counts once."""
        occurrences = croniter(cron, start.astimezone(ZoneInfo(self.zone)))
        follows_real_time = occurrences.expanded[1] == ["*"]
        try:
            local: datetime = occurrences.get_next(datetime)
            while local.fold == 1 and not follows_real_time:
                local = occurrences.get_next(datetime)
        except CroniterError:
            raise WrongTimetable("cron_never") from None
        return local


def _check_cron(cron: str) -> None:
    fields = cron.split()
    if len(fields) != 5:
        raise WrongTimetable("cron_fields")
    for field in fields:
        words = re.findall(r"[a-z]+", field)
        if not _FIELD.fullmatch(field) or not _NAMES.issuperset(words):
            raise WrongTimetable("cron_wrong")
    if not croniter.is_valid(cron):
        raise WrongTimetable("cron_wrong")
