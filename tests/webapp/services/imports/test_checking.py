"""Each cell is right, or named with what is wrong."""

from __future__ import annotations

import uuid
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.money import Money, currencies_by_exponent
from webapp.formatting.import_words import FAULTS
from webapp.services.imports.checking import Fault, Line, World, check
from webapp.services.imports.reading import Record

PAID, ACCOUNT = uuid.UUID(int=1), uuid.UUID(int=2)
TOKYO = World({"paid": PAID, "bezahlt": PAID}, {"komoju": ACCOUNT, "twice": None}, ZoneInfo("Asia/Tokyo"))
CURRENCIES = sorted(code for codes in currencies_by_exponent().values() for code in codes)


def look(**cells: str) -> Line | list[Fault]:
    given_cells = {"number": "A-1", "currency": "EUR", "total": "10.50"} | cells
    return check(Record(2, given_cells, len(given_cells)), len(given_cells), TOKYO)


def right(**cells: str) -> Line:
    line = look(**cells)
    assert isinstance(line, Line), line
    return line


@pytest.mark.parametrize(
    ("column", "text", "code"),
    [
        ("number", "", "missing"),
        ("number", "x" * 101, "too_long"),
        ("number", "A\n1", "control_characters"),
        ("number", "A\t1", "control_characters"),
        ("currency", "", "missing"),
        ("currency", "EURO", "unknown_currency"),
        ("currency", "XXX", "unknown_currency"),
        ("total", "", "missing"),
        ("total", "-1", "not_an_amount"),
        ("total", "1e3", "not_an_amount"),
        ("total", "1 000", "not_an_amount"),
        ("total", "1,000.50", "not_an_amount"),
        ("total", "١", "not_an_amount"),
        ("total", "1.200", "too_many_decimals"),
        ("total", "9" * 16, "too_large"),
        ("status", "gone", "unknown_status"),
        ("buyer_email", "hana", "not_an_address"),
        ("language", "日本語", "not_a_language"),
        ("ordered_at", "22.11.2026", "not_a_moment"),
        ("ordered_at", "1899-01-01", "not_a_moment"),
        ("ordered_at", "0001-01-01T00:00:00+23:00", "not_a_moment"),
    ],
)
def test_a_wrong_cell_is_named(column: str, text: str, code: str) -> None:
    faults = look(**{column: text})
    assert isinstance(faults, list)
    assert [(fault.line, fault.column, fault.code) for fault in faults] == [(2, column, code)]
    assert str(FAULTS[code]) % dict(faults[0].facts)


def test_everything_wrong_in_a_line_is_said_at_once() -> None:
    faults = look(number="", currency="?", total="x", status="?")
    assert isinstance(faults, list)
    assert {fault.column for fault in faults} == {"number", "currency", "total", "status"}


@pytest.mark.parametrize(("cells", "code"), [(2, "too_few_cells"), (4, "too_many_cells")])
def test_a_line_with_another_number_of_cells_is_wrong(cells: int, code: str) -> None:
    record = Record(5, dict(zip(("number", "currency", "total"), ["A"] * min(cells, 3), strict=False)), cells)
    assert check(record, 3, TOKYO) == [Fault(5, None, code, {"cells": cells, "columns": 3})]


@pytest.mark.parametrize(
    ("currency", "total", "minor"),
    [("EUR", "10,50", 1050), ("jpy", "1200", 1200), ("KWD", "1.200", 1200), ("EUR", "0", 0), ("EUR", "7.5", 750)],
)
def test_totals_are_read_exactly_R3(currency: str, total: str, minor: int) -> None:
    line = right(currency=currency, total=total)
    assert (line.total_minor, line.currency) == (minor, currency.upper())


@given(st.integers(0, 10**13), st.sampled_from(CURRENCIES), st.sampled_from(".,"))
def test_any_amount_written_plainly_is_read_again_R3(minor: int, currency: str, mark: str) -> None:
    text = f"{Money(minor, currency).to_decimal():f}".replace(".", mark)
    assert right(currency=currency, total=text).total_minor == minor


@pytest.mark.parametrize("number", ["=1+1", "+1", "-1", "@x", "注文 1", "A,1"])
def test_a_cell_that_a_spreadsheet_would_run_is_data(number: str) -> None:
    assert right(number=number, buyer_name=number).number == number


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-11-22T14:05:00+01:00", "2026-11-22T13:05:00+00:00"),
        ("2026-11-22T14:05:00Z", "2026-11-22T14:05:00+00:00"),
        ("2026-11-22 14:05", "2026-11-22T05:05:00+00:00"),
        ("2026-11-22", "2026-11-21T15:00:00+00:00"),
    ],
)
def test_a_moment_without_zone_is_the_shops_time(text: str, utc: str) -> None:
    moment = right(ordered_at=text).ordered_at
    assert moment is not None
    assert moment.isoformat() == utc


def test_account_and_reference_come_together() -> None:
    line = right(account="KOMOJU", provider_ref="pay_1")
    assert (line.account_id, line.provider_ref) == (ACCOUNT, "pay_1")
    assert right(account="", provider_ref="").account_id is None
    for cells in ({"account": "komoju", "provider_ref": ""}, {"account": "", "provider_ref": "pay_1"}):
        faults = look(**cells)
        assert isinstance(faults, list)
        assert [fault.code for fault in faults] == ["pair_missing"]
    for account, code in (("other", "unknown_account"), ("twice", "account_not_clear")):
        faults = look(account=account, provider_ref="pay_1")
        assert isinstance(faults, list)
        assert [fault.code for fault in faults] == [code]


def test_card_numbers_in_names_are_masked_and_statuses_go_by_code_or_name() -> None:
    line = right(buyer_name="4111 1111 1111 1111", status="Bezahlt")
    assert (line.buyer_name, line.status_id) == ("•••• 1111", PAID)
