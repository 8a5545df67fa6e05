"""The form of a schedule: on or off, how often or by cron, in which hours, on which days, and for which shops."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from wtforms import BooleanField, RadioField, SelectField, StringField
from wtforms.validators import StopValidation

from webapp.domain.timetable import EVERY_DAY, LONGEST_S
from webapp.formatting.lazy import _l
from webapp.formatting.schedule_words import MINUTE_S, WRONG, clock_minutes, clock_text, day_names
from webapp.forms.base import TickBoxesField, VersionedForm, at_most, stripped
from webapp.forms.choices import pairs
from webapp.models import Schedule, Shop
from webapp.services.errors import RuleBroken
from webapp.services.jobs.catalogue import DAY_S, HOUR_S
from webapp.services.jobs.schedules import ScheduleCommand

INTERVAL, CRON = "interval", "cron"
UNITS = {"minutes": MINUTE_S, "hours": HOUR_S, "days": DAY_S}


class ScheduleForm(VersionedForm):
    """When a job runs by itself in one shop, and in the shops that are ticked below."""

    enabled = BooleanField(_l("Runs by itself"))
    how = RadioField(
        _l("How are the runs planned?"), choices=pairs([(INTERVAL, _l("At an interval")), (CRON, _l("By cron"))])
    )
    every = StringField(_l("Every"), [at_most(6)], [stripped])
    unit = SelectField(
        _l("Unit"), choices=pairs([("minutes", _l("minutes")), ("hours", _l("hours")), ("days", _l("days"))])
    )
    cron = StringField(_l("Cron text"), [at_most(100)], [stripped])
    active_from = StringField(_l("From"), [at_most(5)], [stripped])
    active_until = StringField(_l("Until"), [at_most(5)], [stripped])
    active_days = TickBoxesField(_l("Days"))
    also_in = TickBoxesField(_l("Use the same for these shops too"))

    def __init__(self, schedule: Schedule, others: Iterable[Shop]) -> None:
        """Filled from `schedule`; `others` are the shops that may have the same."""
        number, unit = _interval(schedule.interval_s)
        values = {
            "how": CRON if schedule.cron else INTERVAL,
            "every": number,
            "unit": unit,
            "cron": schedule.cron or "",
            "active_from": _clock(schedule.active_from),
            "active_until": _clock(schedule.active_until),
            "active_days": [str(day) for day in range(7) if schedule.active_days >> day & 1],
        }
        super().__init__(data=values | {"version": schedule.version, "enabled": schedule.enabled})
        self.active_days.choices = pairs((str(day), name) for day, name in enumerate(day_names()))
        self.also_in.choices = pairs((str(shop.id), shop.name) for shop in others)

    def validate_every(self, field: StringField) -> None:
        """A whole number, where an interval is chosen."""
        if self.how.data != INTERVAL:
            return
        text = field.data or ""
        if not text:
            raise StopValidation(str(_l("Enter how often, like 30")))
        if not (text.isascii() and text.isdecimal()):
            raise StopValidation(str(_l("Enter a whole number, like 30")))
        if not MINUTE_S <= int(text) * UNITS[self.unit.data] <= LONGEST_S:
            raise StopValidation(str(WRONG["interval_bounds"][1]))

    def validate_cron(self, field: StringField) -> None:
        """Something is there, where cron is chosen; its five fields are the timetable's to judge."""
        if self.how.data == CRON and not field.data:
            raise StopValidation(str(WRONG["cron_fields"][1]))

    def validate_active_from(self, field: StringField) -> None:
        """A time of day, or nothing."""
        if field.data and clock_minutes(field.data) is None:
            raise StopValidation(str(WRONG["hours_wrong"][1]))

    validate_active_until = validate_active_from

    def command(self) -> ScheduleCommand:
        """What the service needs; only after the fields were found to be in order."""
        by_interval = self.how.data == INTERVAL
        return ScheduleCommand(
            enabled=bool(self.enabled.data),
            interval_s=int(self.every.data or 0) * UNITS[self.unit.data] if by_interval else None,
            cron=None if by_interval else " ".join((self.cron.data or "").lower().split()),
            active_from=clock_minutes(self.active_from.data or ""),
            active_until=clock_minutes(self.active_until.data or ""),
            active_days=sum(1 << int(day) for day in self.active_days.data or ()) & EVERY_DAY,
        )

    def shops(self) -> frozenset[uuid.UUID]:
        """The other shops that are ticked."""
        return frozenset(uuid.UUID(shop_id) for shop_id in self.also_in.data or ())

    def take_refusal(self, refusal: RuleBroken) -> None:
        """Put what a timetable refuses on its field."""
        field, text = WRONG[refusal.code]
        self.refuse(field, str(text))


def _interval(seconds: int | None) -> tuple[str, str]:
    """A number and the largest unit that it is whole in."""
    if seconds is None:
        return "", "minutes"
    unit = next(name for name in reversed(UNITS) if seconds % UNITS[name] == 0 or name == "minutes")
    return str(seconds // UNITS[unit]), unit


def _clock(minutes: int | None) -> str:
    return "" if minutes is None else clock_text(minutes)
