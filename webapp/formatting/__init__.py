"""How amounts and moments read on pages: by locale, in the person's time zone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale
from babel.dates import format_date, format_datetime, format_skeleton, format_timedelta
from babel.numbers import format_currency, format_decimal
from flask import Flask, g, request, session, url_for
from flask_babel import get_locale, gettext
from markupsafe import Markup, escape

from providers.money import exponent
from webapp.formatting import mail_words, method_words, money_words, texts, webhook_words, words

LANGUAGES = {"en": "English", "fr": "Français", "ja": "日本語", "sv": "Svenska"}
LANGUAGE = "language"
NOBODY = UUID(int=0)
KEPT = 4096  # texts of amounts and days that are kept: a list shows the same ones over and over

_ZONES: dict[tuple[str, str | None, timedelta | None, str], str] = {}


def init_app(app: Flask) -> None:
    """Make the filters known to templates, and the words of states, rights and roles."""
    texts.init_app(app)
    app.jinja_env.filters.update(money=money, number=number, percent=percent, pieces=pieces)
    app.jinja_env.filters.update(when=when, exact=exact, day=day, age=age)
    app.jinja_env.globals.update(reading=Reading, addresses=addresses)
    app.jinja_env.filters.update(reason_name=words.reason_name)
    app.jinja_env.globals.update(page_language=page_language, state_tag=words.state_tag, right_name=words.right_name)
    app.jinja_env.globals.update(role_name=words.role_name, role_sentence=words.role_sentence)
    app.jinja_env.globals.update(method_name=money_words.method_name, method_title=money_words.method_title)
    app.jinja_env.globals.update(provider_name=money_words.provider_name, webhook_result=webhook_words.webhook_result)
    app.jinja_env.globals.update(mail_result=mail_words.mail_result, mail_kind=mail_words.mail_kind)
    app.jinja_env.globals.update(why_not=money_words.why_not, why_not_done=money_words.why_not_done)
    app.jinja_env.globals.update(kind_name=money_words.kind_name, last_answer=money_words.last_answer)
    app.jinja_env.globals.update(method_label=method_words.method_label, method_facts=method_words.method_facts)
    app.jinja_env.globals.update(sync_words=method_words.sync_words)
    app.jinja_env.add_extension("jinja2.ext.do")


def chosen_language() -> str:
    """The person's language, else the one chosen while signed out, else the browser's best."""
    person = g.get("signed_in")
    wanted = person.language if person else session.get(LANGUAGE)
    if wanted in LANGUAGES:
        return str(wanted)
    return request.accept_languages.best_match(list(LANGUAGES)) or "en"


def chosen_zone() -> str:
    """Name of the person's time zone."""
    person = g.get("signed_in")
    return person.time_zone if person else "UTC"


def page_language() -> str:
    """For the `lang` attribute of the page."""
    return _locale()


def money(minor: int, currency: str) -> str:
    """An amount in minor units of `currency`, as people write it: ¥1,200, 1 200,00 kr, 12,50 €."""
    return _money(minor, currency, _locale())


def number(value: int) -> str:
    """A count with the locale's marks for thousands."""
    return str(format_decimal(value, locale=_locale()))


def percent(rate_bp: int) -> str:
    """A rate in hundredths of a percent, as one would type it in percent: 25, 5.5 or 5,5."""
    return str(format_decimal(Decimal(rate_bp).scaleb(-2), "0.##", locale=_locale()))


def pieces(quantity: Decimal) -> str:
    """How many of an order line, with the decimals that it has."""
    return str(format_decimal(quantity.normalize(), locale=_locale()))


def when(moment: datetime | None, *, now: datetime | None = None) -> Markup:
    """A moment in words close to now (“today 14:05”), the exact one with its zone on hover; a dash for None."""
    return Markup("–") if moment is None else Reading(now).when(moment)


class Reading:
    """How one person reads amounts and moments: language and zone are looked up once for a list, not in each cell."""

    def __init__(self, now: datetime | None = None) -> None:
        self._locale, self._dates, self._zone = _locale(), date_locale(), reader_zone()
        self._today = (now or datetime.now(UTC)).astimezone(self._zone).date()

    def money(self, minor: int, currency: str) -> str:
        """As the filter `money`."""
        return _money(minor, currency, self._locale)

    def when(self, moment: datetime) -> Markup:
        """As the filter `when`."""
        local = moment.astimezone(self._zone)
        text = escape(f"{self._day_in_words(local.date())} {local:%H:%M}")
        title = escape(_exact(local, self._locale))
        return Markup(f'<time datetime="{moment.isoformat()}" title="{title}">{text}</time>')  # noqa: S704 - escaped

    def _day_in_words(self, value: date) -> str:
        if abs((value - self._today).days) <= 1:
            near = {0: gettext("today"), -1: gettext("yesterday"), 1: gettext("tomorrow")}
            return str(near[(value - self._today).days])
        if value.year == self._today.year:
            return _month_and_day(value, self._dates)
        return _date(value, "medium", self._dates)


def exact(moment: datetime) -> str:
    """A moment to the second with its zone."""
    return _exact(moment.astimezone(reader_zone()), _locale())


def day(moment: datetime | date) -> str:
    """A date of the person's zone, in the middle length of the locale."""
    value = moment.astimezone(reader_zone()).date() if isinstance(moment, datetime) else moment
    return _date(value, "medium", date_locale())


def age(span: timedelta) -> str:
    """How long something has lasted, in its largest unit: "3 hours"."""
    return str(format_timedelta(span, locale=_locale()))


def _exact(local: datetime, locale: str) -> str:
    return f"{_date(local.date(), 'd MMM y', locale)} {local:%H:%M:%S} {_zone(local, locale)}"


def addresses(endpoint: str, name: str) -> Callable[[UUID], str]:
    """Addresses of one endpoint for many ids: made once, with each id put in its place."""
    values: dict[str, Any] = {name: NOBODY}
    before, _mark, after = url_for(endpoint, **values).partition(str(NOBODY))
    return lambda value: f"{before}{value}{after}"


@lru_cache(KEPT)
def _money(minor: int, currency: str, locale: str) -> str:
    return str(format_currency(Decimal(minor).scaleb(-exponent(currency)), currency, locale=locale))


@lru_cache(KEPT)
def _date(value: date, form: str, locale: str) -> str:
    return str(format_date(value, form, locale=locale))


@lru_cache(KEPT)
def _month_and_day(value: date, locale: str) -> str:
    return str(format_skeleton("MMMd", value, locale=locale))


def _zone(local: datetime, locale: str) -> str:
    """The zone's short name, which is another in summer."""
    key = (str(local.tzinfo), local.tzname(), local.utcoffset(), locale)
    if key not in _ZONES:
        _ZONES[key] = str(format_datetime(local, "z", tzinfo=local.tzinfo, locale=locale))
    return _ZONES[key]


def _locale() -> str:
    return _name(get_locale())


@lru_cache
def _name(locale: Locale | None) -> str:
    return str(locale or "en")


def date_locale() -> str:
    """Dates in English put the day first: the desk's English readers are not only American."""
    return "en_GB" if _locale() == "en" else _locale()


def reader_zone() -> ZoneInfo:
    """The time zone in which the person reads."""
    return zone_named(chosen_zone())


def zone_named(name: str) -> ZoneInfo:
    """A time zone by its name; UTC where there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
