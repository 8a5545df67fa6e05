"""From the bytes of a file to its records: encoding, delimiter, quotes. No database, no rules about orders."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

COLUMNS = (
    "number",
    "currency",
    "total",
    "status",
    "buyer_email",
    "buyer_name",
    "language",
    "ordered_at",
    "account",
    "provider_ref",
)
REQUIRED = COLUMNS[:3]
LARGEST_FILE = 64 * 1024 * 1024  # bytes
MOST_RECORDS = 500_000
LONGEST_LINE = 64 * 1024  # characters
MOST_LINES_OF_RECORD = 50
"""A quote that is never closed swallows lines; so many tell that it is one."""

Chunks = Callable[[], Iterable[bytes]]
"""Gives the file's bytes in pieces, from the beginning each time it is called."""


class FileWrong(Exception):
    """The file as a whole cannot be read; `code` and `facts` fill the words, `line` 0 is the whole file."""

    def __init__(self, code: str, line: int = 0, column: str | None = None, **facts: Any) -> None:
        super().__init__(code)
        self.code = code
        self.line = line
        self.column = column
        self.facts = facts


@dataclass(frozen=True, slots=True)
class Record:
    """One record; `line` is the first of its lines as a text editor counts. `cells` are stripped, by column."""

    line: int
    cells: dict[str, str] = field(repr=False)
    count: int  # of cells, also those beyond the header


def encoding_of(chunks: Iterable[bytes]) -> str:
    """ "utf-8-sig" or "cp1252"; FileWrong `empty`, `nul`, `encoding` (with the line) for neither."""
    utf8: codecs.IncrementalDecoder | None = codecs.getincrementaldecoder("utf-8")()
    bad_line, line, size = 0, 1, 0
    for chunk in chunks:
        size += len(chunk)
        if (at := chunk.find(0)) >= 0:
            raise FileWrong("nul", line + chunk.count(b"\n", 0, at))
        if utf8 is not None:
            try:
                utf8.decode(chunk)
            except UnicodeDecodeError:
                utf8 = None
        if not bad_line and (strange := _NOT_IN_1252.search(chunk)):
            bad_line = line + chunk.count(b"\n", 0, strange.start())
        line += chunk.count(b"\n")
    if size == 0:
        raise FileWrong("empty")
    if utf8 is not None:
        try:
            utf8.decode(b"", final=True)
        except UnicodeDecodeError:
            utf8 = None
    if utf8 is not None:
        return "utf-8-sig"
    if bad_line:
        raise FileWrong("encoding", bad_line)
    return "cp1252"


_NOT_IN_1252 = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")


class Table:
    """The records of a file whose encoding is known; iterate over it once. `header` is there from the start."""

    def __init__(self, chunks: Chunks, encoding: str) -> None:
        """Reads the header. FileWrong says what is wrong with it."""
        self._lines = _Lines(chunks, encoding)
        self._encoding = encoding
        first = self._lines.first_filled()
        self._reader = csv.reader(self._lines.again(first), delimiter=_delimiter(first), strict=True)
        self.header = self._read_header()

    def __iter__(self) -> Iterator[Record]:
        """The records below the header, empty lines left out."""
        count = 0
        while (cells := self._next()) is not None:
            if not any(cells):
                continue
            if not any(cells[len(self.header) :]):
                cells = cells[: len(self.header)]  # spreadsheets leave empty cells behind
            count += 1
            if count > MOST_RECORDS:
                raise FileWrong("too_many_records", self._lines.record_line, most=MOST_RECORDS)
            named = dict(zip(self.header, (cell.strip() for cell in cells), strict=False))
            yield Record(self._lines.record_line, named, len(cells))

    def _next(self) -> Sequence[str] | None:
        self._lines.begin_record()
        try:
            return next(self._reader, None)
        except csv.Error as problem:
            code = "open_quote" if "unexpected end" in str(problem) else "quotes"
            raise FileWrong(code, self._lines.record_line) from problem

    def _read_header(self) -> list[str]:
        cells = self._next() or []
        names = [cell.strip().lower() for cell in cells]
        while names and not names[-1]:
            names.pop()  # spreadsheets leave empty columns behind
        line = self._lines.record_line
        for name in names:
            if name not in COLUMNS:
                raise FileWrong("unknown_column", line, name[:40], known=", ".join(COLUMNS))
            if names.count(name) > 1:
                raise FileWrong("column_twice", line, name)
        for name in REQUIRED:
            if name not in names:
                raise FileWrong("column_missing", line, name)
        for name, other in (("account", "provider_ref"), ("provider_ref", "account")):
            if name in names and other not in names:
                raise FileWrong("column_alone", line, name, other=other)
        return names


class _Lines:
    """The file's lines with their ends, and the number of the line at which the present record began."""

    def __init__(self, chunks: Chunks, encoding: str) -> None:
        raw = io.BufferedReader(_Raw(iter(chunks())))
        self._text = io.TextIOWrapper(raw, encoding=encoding, newline="")
        self.number = 0
        self.record_line = 1
        self._pending: str | None = None

    def first_filled(self) -> str:
        """The first line that is not empty. FileWrong `empty` without one."""
        for line in self:
            if line.strip():
                return line
        raise FileWrong("empty")

    def again(self, line: str) -> _Lines:
        """These lines with one more in front."""
        self._pending = line
        self.number -= 1
        self.record_line = self.number + 1
        return self

    def begin_record(self) -> None:
        """The next line is a record's first."""
        self.record_line = self.number + 1

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line, self._pending = self._pending, None
        if line is None:
            line = self._text.readline(LONGEST_LINE + 1)
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) > LONGEST_LINE:
            raise FileWrong("line_too_long", self.number, most=LONGEST_LINE)
        if self.number - self.record_line >= MOST_LINES_OF_RECORD:
            raise FileWrong("open_quote", self.record_line)
        return line


class _Raw(io.RawIOBase):
    """Pieces of bytes as a stream."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        super().__init__()
        self._chunks = chunks
        self._rest = b""

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill `buffer` with what there is; 0 at the end."""
        while not self._rest:
            piece = next(self._chunks, None)
            if piece is None:
                return 0
            self._rest = piece
        count = min(len(buffer), len(self._rest))
        buffer[:count], self._rest = self._rest[:count], self._rest[count:]
        return count


def _delimiter(header: str) -> str:
    """The one of the two that parts the header into more columns that we know."""

    def known(mark: str) -> int:
        return sum(name.strip().strip('"').strip().lower() in COLUMNS for name in header.split(mark))

    return max((",", ";"), key=known)
