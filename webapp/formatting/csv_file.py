"""Lines of a CSV file by RFC 4180 that no spreadsheet takes for formulas (1.2.10)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\0")
BYTE_ORDER_MARK = "\ufeff"
"""Stands before the first line; without it spreadsheets misread everything but English."""


def csv_line(cells: Iterable[str | int]) -> str:
    """One record with its line end; a text that a spreadsheet might run gets a quote in front."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow([_safe(str(cell)) for cell in cells])
    return out.getvalue()


def _safe(cell: str) -> str:
    return f"'{cell}" if cell.startswith(DANGEROUS) else cell
