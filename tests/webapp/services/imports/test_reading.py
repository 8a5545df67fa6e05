"""Bytes become records or a clear refusal, whatever they are."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.services.imports import reading
from webapp.services.imports.reading import COLUMNS, FileWrong, Record, Table, encoding_of

GOOD = b"number,currency,total\r\nA-1,EUR,10.50\r\n"
CELLS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=20)


def read(raw: bytes, piece: int = 7) -> tuple[str, list[Record]]:
    """Encoding and records, the file coming in small pieces."""
    pieces = [raw[at : at + piece] for at in range(0, len(raw), piece)]
    encoding = encoding_of(pieces)
    return encoding, list(Table(lambda: pieces, encoding))


def wrong(raw: bytes) -> tuple[str, int, str | None]:
    """Code, line and column of the refusal."""
    with pytest.raises(FileWrong) as caught:
        read(raw)
    return caught.value.code, caught.value.line, caught.value.column


@pytest.mark.parametrize(
    ("raw", "encoding"),
    [
        (GOOD, "utf-8-sig"),
        (b"\xef\xbb\xbf" + GOOD, "utf-8-sig"),
        (GOOD.replace(b",", b";"), "utf-8-sig"),
        (GOOD.replace(b"\r\n", b"\n"), "utf-8-sig"),
        (GOOD.replace(b"\r\n", b"\r"), "utf-8-sig"),
        (b'\r\n"Number", CURRENCY,total,,\r\n\r\n"A-1",EUR,10.50,,\r\n,,\r\n', "utf-8-sig"),
        (GOOD.replace(b"A-1", "Ä".encode("cp1252")), "cp1252"),
    ],
)
def test_both_encodings_both_delimiters_and_every_line_end_are_read(raw: bytes, encoding: str) -> None:
    found, records = read(raw)
    assert found == encoding
    assert [list(record.cells.values())[1:] for record in records] == [["EUR", "10.50"]]


@pytest.mark.parametrize(
    ("raw", "refusal"),
    [
        (b"", ("empty", 0, None)),
        (b"\r\n \r\n", ("empty", 0, None)),
        (b"\xef\xbb\xbf", ("empty", 0, None)),
        ("number,currency,total\n".encode("utf-16"), ("nul", 1, None)),
        (GOOD + b"A\0,EUR,1", ("nul", 3, None)),
        (GOOD + b"\x81\xff,EUR,1", ("encoding", 3, None)),
        (b"number,total\n", ("column_missing", 1, "currency")),
        (b"number,currency,total,price\n", ("unknown_column", 1, "price")),
        (b"number,currency,total,number\n", ("column_twice", 1, "number")),
        (b"number,currency,total,account\n", ("column_alone", 1, "account")),
        (b"A-1,EUR,10\n", ("unknown_column", 1, "a-1")),
        (GOOD + b'A-2,EUR,"1\r\nA-3,EUR,2\r\n', ("open_quote", 3, None)),
        (GOOD + b'A-2,EUR,"1' + b"\r\nA,EUR,2" * 200, ("open_quote", 3, None)),
        (GOOD + b'A-2,"E"UR,1\r\n', ("quotes", 3, None)),
        (GOOD + b"A" * 70_000, ("line_too_long", 3, None)),
    ],
)
def test_a_file_that_cannot_be_read_names_the_line(raw: bytes, refusal: tuple[str, int, str | None]) -> None:
    assert wrong(raw) == refusal


def test_the_line_of_a_record_is_its_first_as_an_editor_counts() -> None:
    raw = b'number,currency,total,buyer_name\r\n\r\nA,EUR,1,"two\r\nlines"\r\nB,EUR,2,x\r\n'
    assert [record.line for record in read(raw)[1]] == [3, 5]


def test_a_file_with_too_many_lines_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_RECORDS", 2)
    assert wrong(GOOD + b"A-2,EUR,1\nA-3,EUR,1\n")[:2] == ("too_many_records", 4)


@given(st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=8), st.sampled_from(",;"))
def test_what_a_csv_writer_wrote_is_read_again(rows: list[tuple[str, str, str]], mark: str) -> None:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=mark)
    writer.writerow(["number", "currency", "total"])
    writer.writerows(rows)
    wanted = [tuple(cell.strip() for cell in row) for row in rows if any(row)]
    assert [tuple(record.cells.values()) for record in read(out.getvalue().encode())[1]] == wanted


@given(st.one_of(st.binary(max_size=200), st.binary(max_size=80).map(lambda tail: GOOD + tail)))
def test_no_bytes_make_it_fall_over(raw: bytes) -> None:
    try:
        _encoding, records = read(raw)
    except FileWrong:
        records = []  # said clearly; anything else that is raised fails the test
    assert all(set(record.cells) <= set(COLUMNS) for record in records)
