"""Files of thousands of lines: one bad line stops them, and no write transaction is long (R21)."""

from __future__ import annotations

import statistics
import time

import pytest
from sqlalchemy import event

from tests.desk import Desk
from tests.webapp.services.imports import files
from tests.webapp.services.imports.files import applied, checked, orders, text
from webapp.models import ImportState, Order
from webapp.services import runtime

S = ImportState


def test_some_thousand_lines_with_one_bad_and_then_mended(desk: Desk) -> None:
    lines = [f"L-{n},JPY,{n + 1},paid" for n in range(3000)]
    row = checked(desk, text(*lines[:2000], "L-x,JPY,1.5,paid", *lines[2000:]))
    assert (row.state, row.rows_wrong, files.faults(row.id)) == (S.REFUSED, 1, [(2002, "total", "too_many_decimals")])
    assert orders() == {}
    row = applied(desk, text(*lines))
    assert (row.state, row.rows_new, files.count(Order)) == (S.DONE, 3000, 3000)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_hundred_thousand_lines_with_one_bad_and_then_mended(desk: Desk) -> None:
    lines = [f"L-{n},JPY,{n + 1},paid" for n in range(100_000)]
    broken = [*lines[:70_000], "L-x,JPY,1.5,paid", *lines[70_000:]]
    row = checked(desk, text(*broken))
    assert (row.state, files.faults(row.id)) == (S.REFUSED, [(70_002, "total", "too_many_decimals")])
    assert orders() == {}
    writes = _watch_writes()
    row = applied(desk, text(*lines))
    assert (row.state, row.rows_new) == (S.DONE, 100_000)
    assert files.count(Order) == 100_000
    assert statistics.median(writes) < 0.05, "write transactions stay under 50 ms (R21)"


def _watch_writes() -> list[float]:
    """Lengths of the transactions from now on, in seconds."""
    times: list[float] = []
    began: dict[int, float] = {}
    engine = runtime.current().engine
    event.listen(engine, "begin", lambda connection: began.__setitem__(id(connection), time.perf_counter()))
    event.listen(engine, "commit", lambda connection: times.append(time.perf_counter() - began.pop(id(connection))))
    return times
