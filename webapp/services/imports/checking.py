"""One record against the rules that need no other row: what it says about an order, or what is wrong and where."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from providers.money import Money, MoneyError, exponent
from webapp.domain.card_numbers import without_card_numbers
from webapp.services.imports.reading import Record

LONGEST = {"number": 100, "buyer_email": 254, "buyer_name": 200, "provider_ref": 200}
YEARS = range(1990, 2101)

_TOTAL = re.compile(r"([0-9]{1,16})(?:[.,]([0-9]+))?")
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_REFERENCE = re.compile(r"[!-~]+")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong in a line; `column` None is the line as a whole. The words are made from code and facts."""

    line: int
    column: str | None
    code: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class World:
    """What a file of one shop and mode may name."""

    statuses: Mapping[str, uuid.UUID]  # code or name, in lower case
    accounts: Mapping[str, uuid.UUID | None]  # name; None: two providers' accounts are called so
    zone: ZoneInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line that is right in itself. Empty cells are None."""

    line: int
    number: str
    currency: str
    total_minor: int
    status_id: uuid.UUID | None = None
    buyer_email: str | None = None
    buyer_name: str | None = None
    language: str | None = None
    ordered_at: datetime | None = None
    account_id: uuid.UUID | None = None
    provider_ref: str | None = None


class _Wrong(Exception):
    def __init__(self, code: str, **facts: Any) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts


def check(record: Record, columns: int, world: World) -> Line | list[Fault]:
    """The line, or everything that is wrong with it."""
    if record.count < columns or any(record.cells.get(name) is None for name in ("number", "currency", "total")):
        return [Fault(record.line, None, "too_few_cells", {"cells": record.count, "columns": columns})]
    if record.count > columns:
        return [Fault(record.line, None, "too_many_cells", {"cells": record.count, "columns": columns})]
    reading = _Reading(record, world)
    found: dict[str, Any] = {
        "number": reading.take("number", _number),
        "currency": reading.take("currency", _currency),
        "status_id": reading.take("status", _status),
        "buyer_email": reading.take("buyer_email", _email),
        "buyer_name": reading.take("buyer_name", _name),
        "language": reading.take("language", _language),
        "ordered_at": reading.take("ordered_at", _moment),
        "provider_ref": reading.take("provider_ref", _reference),
        "account_id": reading.take("account", _account),
    }
    reading.take_total(found["currency"])
    reading.check_pair()
    if reading.faults:
        return reading.faults
    return Line(line=record.line, total_minor=reading.total_minor, **found)


class _Reading:
    """One record being read; collects what is wrong."""

    def __init__(self, record: Record, world: World) -> None:
        self._record = record
        self._world = world
        self.faults: list[Fault] = []
        self.total_minor = 0

    def take(self, column: str, read: Any) -> Any:
        """The cell's value, None for an empty one or a wrong one."""
        text = self._record.cells.get(column, "")
        try:
            if not text:
                if column in {"number", "currency", "total"}:
                    raise _Wrong("missing")
                return None
            if not text.isprintable():
                raise _Wrong("control_characters")
            longest = LONGEST.get(column, 100)
            if len(text) > longest:
                raise _Wrong("too_long", most=longest)
            return read(text, self._world)
        except _Wrong as wrong:
            self.faults.append(Fault(self._record.line, column, wrong.code, wrong.facts))
            return None

    def take_total(self, currency: str | None) -> None:
        """The amount, exact in its currency; without a currency only its shape is looked at."""
        minor = self.take("total", lambda text, _world: _total(text, currency))
        self.total_minor = minor or 0

    def check_pair(self) -> None:
        """Account and reference come both or not at all."""
        account, reference = (bool(self._record.cells.get(name)) for name in ("account", "provider_ref"))
        if account and not reference:
            self.faults.append(Fault(self._record.line, "provider_ref", "pair_missing", {"other": "account"}))
        if reference and not account:
            self.faults.append(Fault(self._record.line, "account", "pair_missing", {"other": "provider_ref"}))


def _number(text: str, _world: World) -> str:
    return text


def _currency(text: str, _world: World) -> str:
    code = text.upper()
    try:
        exponent(code)
    except MoneyError:
        raise _Wrong("unknown_currency", value=text[:20]) from None
    return code


def _total(text: str, currency: str | None) -> int | None:
    found = _TOTAL.fullmatch(text)
    if found is None:
        raise _Wrong("not_an_amount", value=text[:40])
    if currency is None:
        return None
    digits = exponent(currency)
    if len(found[2] or "") > digits:
        raise _Wrong("too_many_decimals", currency=currency, digits=digits)
    try:
        return Money.from_decimal(Decimal(text.replace(",", ".")), currency).minor
    except MoneyError:
        raise _Wrong("too_large") from None


def _status(text: str, world: World) -> uuid.UUID:
    found = world.statuses.get(text.lower())
    if found is None:
        raise _Wrong("unknown_status", value=text[:40])
    return found


def _email(text: str, _world: World) -> str:
    if EMAIL.fullmatch(text) is None:
        raise _Wrong("not_an_address")
    return text


def _name(text: str, _world: World) -> str:
    return without_card_numbers(text)


def _language(text: str, _world: World) -> str:
    if LANGUAGE.fullmatch(text) is None:
        raise _Wrong("not_a_language")
    return plain_language(text)


def plain_language(tag: str) -> str:
    """A language tag as it is stored."""
    return tag.lower() if "-" not in tag else tag


def _moment(text: str, world: World) -> datetime:
    """ISO 8601; what names no zone is the shop's time, a day alone its midnight there."""
    try:
        value = datetime.fromisoformat(text) if len(text) > 10 else datetime.combine(date.fromisoformat(text), time())
        aware = value if value.tzinfo else value.replace(tzinfo=world.zone)
        moment = aware.astimezone(UTC)
    except (ValueError, OverflowError):
        raise _Wrong("not_a_moment") from None
    if moment.year not in YEARS:
        raise _Wrong("not_a_moment")
    return moment


def _reference(text: str, _world: World) -> str:
    if _REFERENCE.fullmatch(text) is None:
        raise _Wrong("not_a_reference")
    return text


def _account(text: str, world: World) -> uuid.UUID:
    if text.lower() not in world.accounts:
        raise _Wrong("unknown_account", value=text[:40])
    found = world.accounts[text.lower()]
    if found is None:
        raise _Wrong("account_not_clear", value=text[:40])
    return found
