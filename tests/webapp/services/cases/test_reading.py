"""What is due is found by one statement over its index, page by page, and only in the shop that asks."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import event, insert, inspect

from tests import factories
from tests.desk import Desk
from webapp.models import Payment
from webapp.models.base import new_id
from webapp.services import runtime
from webapp.services.cases import reading
from webapp.services.unit_of_work import Tx, in_transaction


def test_what_is_due_is_found_by_its_index(desk: Desk) -> None:
    """Among a thousand that are due later."""
    one = desk.row(desk.payment(3300))
    later = desk.clock.wall() + timedelta(days=1)
    same = {column.key: getattr(one, column.key) for column in inspect(Payment).column_attrs if not column.deferred}
    fresh = ({"id": new_id(), "provider_ref": f"p{number}", "compare_at": later} for number in range(1000))
    in_transaction(lambda tx: tx.execute(insert(Payment), [same | more for more in fresh]))
    desk.raw("analyze payments")
    seen: list[tuple[str, object]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: object, *_rest: object) -> None:
        if "FROM payments" in statement:
            seen.append((statement, parameters))

    engine = runtime.current().engine
    event.listen(engine, "before_cursor_execute", note)
    in_transaction(lambda tx: reading.due(tx, desk.shop_id, desk.clock.wall(), None))
    event.remove(engine, "before_cursor_execute", note)

    def plan(tx: Tx) -> str:
        ((statement, parameters),) = seen
        driver = tx.connection().connection.cursor()
        driver.execute(("explain " if desk.is_postgresql else "explain query plan ") + statement, parameters)
        return "\n".join(str(row) for row in driver.fetchall())

    assert "ix_payments_compare" in in_transaction(plan)


def test_pages_of_what_is_due_follow_each_other_and_stay_in_the_shop(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "AT_ONCE", 2)
    payments = sorted(desk.payment(3300) for _ in range(3))
    not_due, never = desk.payment(3300), desk.payment(3300)
    now = desk.clock.wall()
    for payment in payments:
        desk.change(Payment, payment, compare_at=now)
    desk.change(Payment, not_due, compare_at=now + timedelta(minutes=1))
    desk.change(Payment, never, compare_at=None)

    other = factories.shop("other").id

    def due(tx: Tx) -> list[list[object]]:
        first = reading.due(tx, desk.shop_id, now, None)
        then = reading.due(tx, desk.shop_id, now, first[-1].payment_id)
        elsewhere = reading.due(tx, other, now, None)
        return [[one.payment_id for one in page] for page in (first, then, elsewhere)]

    assert in_transaction(due) == [payments[:2], payments[2:], []]
    by_hand = in_transaction(lambda tx: reading.due(tx, desk.shop_id, None, payments[1]))
    assert never not in {one.payment_id for one in by_hand}
    assert in_transaction(lambda tx: reading.these(tx, other, payments)) == []
    assert len(in_transaction(lambda tx: reading.these(tx, desk.shop_id, payments))) == 3
