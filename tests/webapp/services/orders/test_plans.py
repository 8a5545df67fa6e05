"""The order list's statements walk indexes in the list's order, on both databases: no scan and no sort of a table.

PostgreSQL is asked with its other ways switched off as far as it can be, because with few rows a scan would be right.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, text

from tests.desk import Desk
from tests.webapp.services.orders.conftest import NOON, Shelf
from webapp.domain.payment_state import PaymentState
from webapp.models import Mode
from webapp.models.base import new_id
from webapp.services import runtime
from webapp.services.orders.cursors import Cursor
from webapp.services.orders.filters import OrderFilter
from webapp.services.orders.listing import list_orders
from webapp.services.unit_of_work import Tx, reading

TABLES = "orders|payments|operations|movements|provider_accounts|fired_actions"
WALKS: dict[str, dict[str, Any]] = {
    "everything": {},
    "status": {"status": "paid"},
    "dates": {"ordered_from": NOON - timedelta(days=9), "ordered_before": NOON + timedelta(days=9)},
    "payment state": {"payment_state": PaymentState.CAPTURED},
    "method": {"method": "credit_card"},
    "provider": {"provider": "komoju"},
    "payment state and dates": {"payment_state": PaymentState.CAPTURED, "ordered_before": NOON + timedelta(days=9)},
}
LISTS: dict[str, dict[str, Any]] = {
    "number": {"search": "A"},
    "e-mail": {"search": "hana@example.test"},
    "amount": {"search": "3300", "amounts": ((0, 3300),)},
    "attention": {"attention": True},
}


@contextmanager
def explained(tx: Tx) -> Iterator[list[str]]:
    """Collects the plan of every statement of the block, as one text each."""
    plans: list[str] = []
    is_postgresql = tx.get_bind().dialect.name == "postgresql"
    ask = "explain " if is_postgresql else "explain query plan "
    if is_postgresql:
        for way in ("seqscan", "bitmapscan", "sort", "hashagg", "hashjoin", "mergejoin"):
            tx.execute(text(f"set local enable_{way} = off"))

    def explain(connection: Any, cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if statement.lower().startswith(("select", "with")):
            cursor.execute(ask + statement, parameters)
            plans.append("\n".join(str(row[-1]) for row in cursor.fetchall()))

    engine = runtime.current().engine
    event.listen(engine, "before_cursor_execute", explain)
    try:
        yield plans
    finally:
        event.remove(engine, "before_cursor_execute", explain)


def plans_of(desk: Desk, cursor: Cursor | None = None, **asked: Any) -> list[str]:
    wanted = OrderFilter(shop_ids=frozenset({desk.shop_id}), mode=Mode.TEST, **asked)
    with reading() as tx, explained(tx) as plans:
        list_orders(tx, wanted, cursor, size=2)
    return plans


def scans(plan: str) -> list[str]:
    """Lines of a plan that read a whole table, or a whole index."""
    return [
        line.strip()
        for line in plan.splitlines()
        if re.search(rf"\bSeq Scan on ({TABLES})\b", line) or re.search(rf"\bSCAN ({TABLES})\b", line)
    ]


def walk_of(plan: str) -> str:
    """The part of a plan that finds the page's ids: SQLite names it, in PostgreSQL it stands under the limit."""
    if "Limit" in plan:
        inner = plan[plan.index("Limit") :].splitlines()
        depth = len(inner[1]) - len(inner[1].lstrip())
        return "\n".join(itertools.takewhile(lambda line: len(line) - len(line.lstrip()) >= depth, inner[1:]))
    # the first page is taken from the few that are counted, which are sorted once more
    return plan.partition("SCAN hits")[0].partition("SCAN some")[0] if "hits" in plan else plan


@pytest.fixture
def full(desk: Desk, shelf: Shelf) -> Desk:
    """Some more orders than a page holds."""
    for hour in range(4):
        shelf.payment(shelf.order(f"A{hour}", ordered_at=NOON + timedelta(hours=hour)))
    return desk


def test_a_page_walks_an_index_in_the_lists_own_order(full: Desk) -> None:
    places = (None, Cursor(NOON + timedelta(hours=3), new_id()), Cursor(NOON, new_id(), newer=True))
    for (name, asked), place in itertools.product(WALKS.items(), places):
        plans = plans_of(full, place, **asked)
        assert [line for plan in plans for line in scans(plan)] == [], name
        rows = next(plan for plan in plans if "shops" in plan.lower())
        index = "ix_payments_" if {"payment_state", "method", "provider"} & asked.keys() else "ix_orders_shop_mode"
        assert index in walk_of(rows), name
        assert not re.search("Sort|TEMP B-TREE|HashAggregate", walk_of(rows)), f"{name}:\n{rows}"


def test_a_search_begins_at_an_index(full: Desk) -> None:
    for name, asked in LISTS.items():
        plans = plans_of(full, **asked)
        assert plans, name
        assert [line for plan in plans for line in scans(plan)] == [], name


def test_an_amount_is_walked_newest_first(full: Desk) -> None:
    for place in (None, Cursor(NOON + timedelta(hours=3), new_id()), Cursor(NOON, new_id(), newer=True)):
        lines = next(plan for plan in plans_of(full, place, **LISTS["amount"]) if "shops" in plan.lower()).splitlines()
        at = next(number for number, line in enumerate(lines) if "total_minor" in line)
        before = itertools.takewhile(lambda line: "Limit" not in line, reversed(lines[: at + 1]))
        after = itertools.takewhile(lambda line: "SCAN anon" not in line, lines[at:])
        walk = [*before] if any("Limit" in line for line in lines) else [*after]
        assert any("ix_orders_shop_mode_total_ordered" in line for line in walk), lines
        assert not any(re.search("Sort|TEMP B-TREE", line) for line in walk), lines


def test_orders_that_need_a_look_are_walked_newest_first_in_indexes_alone(full: Desk) -> None:
    for place in (None, Cursor(NOON + timedelta(hours=3), new_id()), Cursor(NOON, new_id(), newer=True)):
        lines = next(plan for plan in plans_of(full, place, attention=True) if "shops" in plan.lower()).splitlines()
        for index in ("ix_operations_needing", "ix_payments_frozen", "ix_fired_actions_given_up"):
            at = next(number for number, line in enumerate(lines) if index in line)
            assert re.search(f"(COVERING INDEX|Index Only Scan.* using) {index}", lines[at]), lines
            before = itertools.takewhile(lambda line: "Limit" not in line, reversed(lines[:at]))
            after = itertools.takewhile(lambda line: "SCAN anon" not in line, lines[at:])
            walk = [*before] if any("Limit" in line for line in lines) else [*after]
            assert not any(re.search("Sort|TEMP B-TREE", line) for line in walk), lines
        again = "(COVERING INDEX|Index Only Scan using) ix_operations_payment_kind"
        assert any(re.search(again, line) for line in lines), lines


def test_a_scan_and_a_sort_would_be_seen(full: Desk) -> None:
    with reading() as tx, explained(tx) as plans:
        tx.execute(text("select buyer_name from orders where buyer_name = 'x'"))
        tx.execute(text("select * from (select id from orders order by buyer_name limit 2) hits"))
    assert scans(plans[0])
    assert re.search("Sort|TEMP B-TREE", walk_of(plans[1]))
