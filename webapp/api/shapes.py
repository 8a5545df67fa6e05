"""What the models of all calls share: unknown fields are refused, numbers are numbers, texts hold no control signs."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

from providers.money import MAX_MINOR, MoneyError, exponent

NO_CONTROLS = r"^[^\u0000-\u001f\u007f-\u009f]+$"
MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})", re.I
)


class Input(BaseModel):
    """What a client sends. A field that is not known is refused, so that a misspelt one cannot be overlooked."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def given(self, name: str) -> bool:
        """Whether the client sent the field, if only as null."""
        return name in self.model_fields_set


class Output(BaseModel):
    """What a client gets."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must have no control characters")
    return text


def _known_currency(code: str) -> str:
    try:
        exponent(code)
    except MoneyError:
        raise ValueError("is not a currency") from None
    return code


def _moment(value: Any) -> Any:
    """Only RFC 3339: a number is no moment."""
    if not isinstance(value, str) or MOMENT.fullmatch(value) is None:
        raise ValueError("must be a date and time with its zone, like 2026-11-22T09:30:00+01:00")
    return value


def _to_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("is out of range") from None


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


Text = Annotated[str, Field(strict=True, min_length=1, max_length=200, pattern=NO_CONTROLS), AfterValidator(_printable)]
Word = Annotated[str, Field(strict=True, min_length=1, max_length=100, pattern=NO_CONTROLS), AfterValidator(_printable)]
ShopCode = Annotated[str, Field(strict=True, min_length=1, max_length=100, pattern=r"^[a-z0-9-]+$", examples=["tea"])]
AmountMinor = Annotated[int, Field(strict=True, ge=1, le=MAX_MINOR, examples=[1100])]
TotalMinor = Annotated[int, Field(strict=True, ge=0, le=MAX_MINOR, examples=[3300])]
Currency = Annotated[str, Field(strict=True, pattern=r"^[A-Z]{3}$", examples=["JPY"]), AfterValidator(_known_currency)]
MomentIn = Annotated[
    AwareDatetime,
    BeforeValidator(_moment),
    AfterValidator(_to_utc),
    Field(examples=["2026-11-22T09:30:00+01:00"]),
]
Moment = Annotated[datetime, PlainSerializer(_iso, when_used="json"), Field(examples=["2026-11-22T08:30:00Z"])]
