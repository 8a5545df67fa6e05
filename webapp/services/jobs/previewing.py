"""When a schedule will run next, before anybody saves it; nothing is written."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from webapp.domain.timetable import WrongTimetable
from webapp.models import Schedule
from webapp.services.errors import RuleBroken
from webapp.services.jobs.schedules import ScheduleCommand, timetable

SHOWN = 3


def next_times(rules: Schedule | ScheduleCommand, zone: str, now: datetime, most: int = SHOWN) -> Sequence[datetime]:
    """The next moments (UTC) at which the job would run by these rules; none where it is switched off.

    A schedule begins with the time that it is planned for, rules that are typed now begin from `now`. `zone` is the
    shop's. RuleBroken with a code of `Timetable.check`.
    """
    times = timetable(rules, zone)
    try:
        times.check(now)
        if not rules.enabled:
            return []
        found = [rules.next_due_at if isinstance(rules, Schedule) else times.after(now, None)]
        while len(found) < most:
            found.append(times.after(max(found[-1], now), found[-1]))
    except WrongTimetable as wrong:
        raise RuleBroken(wrong.code) from None
    return found
