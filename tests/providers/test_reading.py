"""Reading JSON without guessing: R1, R3, I15."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from providers import reading
from providers.reading import Unreadable


def test_r3_fractions_are_decimals_and_never_floats():
    assert reading.parse(b'{"a": 27.01, "b": 3300}') == {"a": Decimal("27.01"), "b": 3300}
    assert type(reading.parse(b"[27.01]")[0]) is Decimal


@pytest.mark.parametrize(
    "raw",
    [b"", b"<html>", b"{", b"\xff\xfe", b"[NaN]", b"[-Infinity]", b"[" * 200_000, b"9" * 5000],
    ids=["empty", "html", "cut", "not utf-8", "nan", "infinity", "deep", "endless number"],
)
def test_what_is_not_json_is_unreadable_and_is_not_quoted(raw):
    with pytest.raises(Unreadable) as refusal:
        reading.parse(raw)
    assert str(refusal.value) == "not JSON"
    assert refusal.value.__context__ is None


@pytest.mark.parametrize("value", [3300.0, Decimal("3300.0"), "3300", True, None])
def test_r1_only_an_integer_is_a_whole_number(value):
    with pytest.raises(Unreadable, match="total"):
        reading.whole_number({"total": value}, "total")


def test_moments_are_utc_and_need_a_zone():
    assert reading.moment({"at": "2026-01-15T12:00:00+09:00"}, "at") == datetime(2026, 1, 15, 3, tzinfo=UTC)
    assert reading.moment({"at": None}, "at") is None
    for wrong in ("2026-01-15T03:00:00", "yesterday"):
        with pytest.raises(Unreadable, match="at is not a moment"):
            reading.moment({"at": wrong}, "at")


def test_fields_of_another_type_are_unreadable():
    with pytest.raises(Unreadable, match="id is missing"):
        reading.text({"id": ""}, "id")
    with pytest.raises(Unreadable, match="id is not text"):
        reading.optional_text({"id": 5}, "id")
    with pytest.raises(Unreadable, match="rows is not an array"):
        reading.an_array({}, "rows")
    with pytest.raises(Unreadable, match="row is not an object"):
        reading.an_object([], "row")
    assert reading.an_array(None, "rows") == []
