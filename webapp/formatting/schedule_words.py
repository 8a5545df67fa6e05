"""A job's schedule in words: how often, in which hours and on which days, and what is wrong with one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import cast

from babel.dates import get_day_names
from flask_babel import get_locale, ngettext
from flask_babel import gettext as _

from webapp.domain.timetable import DAY_MINUTES, EVERY_DAY
from webapp.formatting.lazy import _l
from webapp.models import Schedule
from webapp.services.jobs.catalogue import DAY_S, HOUR_S
from webapp.services.jobs.schedules import ScheduleCommand

MINUTE_S = 60
CLOCK = re.compile(r"[0-9]{1,2}([:.][0-9]{2})?")
WRONG: Mapping[str, tuple[str, str]] = {
    "interval_or_cron": ("how", _l("Choose how the runs are planned")),
    "interval_bounds": ("every", _l("Enter a time between 1 minute and 31 days")),
    "cron_fields": (
        "cron",
        _l("Enter five fields: minute, hour, day, month and day of the week, like 30 8 * * mon-fri"),
    ),
    "cron_wrong": ("cron", _l("Use numbers and * , - / in the five fields, like */15 8-18 * * mon-fri")),
    "cron_never": ("cron", _l("These fields never come true, like 31 February. Enter a day that exists")),
    "hours_incomplete": ("active_from", _l("Enter both hours, or leave both empty")),
    "hours_wrong": ("active_from", _l("Enter the hours as hour and minute, like 08:00")),
    "hours_empty": ("active_until", _l("Enter two different hours, or leave both empty")),
    "no_day": ("active_days", _l("Choose at least one day")),
    "never_active": ("active_from", _l("No run falls into these hours and days. Make them longer")),
}
"""Code of a timetable that cannot be kept -> the field of the form, and what to do."""


def how_often(rules: Schedule | ScheduleCommand) -> str:
    """“every 30 minutes”, “daily”, or the text of cron."""
    if rules.cron is not None:
        return _("by cron %(text)s", text=rules.cron)
    seconds = rules.interval_s or MINUTE_S
    if seconds % DAY_S == 0:
        return _("daily") if seconds == DAY_S else ngettext("every %(num)d day", "every %(num)d days", seconds // DAY_S)
    if seconds % HOUR_S == 0:
        hours = seconds // HOUR_S
        return _("every hour") if hours == 1 else ngettext("every %(num)d hour", "every %(num)d hours", hours)
    minutes = max(1, seconds // MINUTE_S)
    return _("every minute") if minutes == 1 else ngettext("every %(num)d minute", "every %(num)d minutes", minutes)


def active_hours(rules: Schedule | ScheduleCommand, zone: str) -> str:
    """“08:00–20:00 Asia/Tokyo, Mon–Fri”; "" where it runs at all hours of all days."""
    parts = []
    if rules.active_from is not None and rules.active_until is not None:
        parts.append(f"{clock_text(rules.active_from)}–{clock_text(rules.active_until)} {zone.replace('_', ' ')}")
    if rules.active_days != EVERY_DAY:
        parts.append(days_text(rules.active_days))
    return ", ".join(parts)


def clock_text(minutes: int) -> str:
    """Minutes of the day as a clock shows them."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


def clock_minutes(text: str) -> int | None:
    """What people type for a time of day (8, 08:00, 8.30, 24:00) as minutes of the day; None for anything else."""
    if not CLOCK.fullmatch(text):
        return None
    hour, minute = map(int, (text.replace(".", ":") + ":0").split(":")[:2])
    found = hour * 60 + minute
    return found % DAY_MINUTES if minute < 60 and found <= DAY_MINUTES else None


def days_text(bits: int) -> str:
    """Active days as names; neighbours as a range: “Mon–Wed, Sat”."""
    names = day_names("abbreviated")
    parts: list[str] = []
    day = 0
    while day < 7:
        last = day
        while last < 7 and bits >> last & 1:
            last += 1
        if last - day > 2:
            parts.append(f"{names[day]}–{names[last - 1]}")
        else:
            parts += names[day:last]
        day = last + 1
    return ", ".join(parts)


def day_names(width: str = "wide") -> Sequence[str]:
    """The days of the week from Monday on, in the reader's language."""
    context = "stand-alone" if width == "abbreviated" else "format"
    names = get_day_names(width, context, str(get_locale() or "en"))  # type: ignore[arg-type]  # its names of widths
    return [cast("str", names[day]) for day in range(7)]
