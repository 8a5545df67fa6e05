"""Rows for order tests: orders and payments put straight into the tables, and a count of SQL statements."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import event, select

from providers.kinds import ProviderState
from tests import factories
from tests.desk import Desk
from webapp.models import Mode, Order, OrderStatus, Payment, StatusKind
from webapp.models.base import new_id
from webapp.services import runtime
from webapp.services.unit_of_work import in_transaction

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


class Shelf:
    """Puts orders into a desk without asking a provider."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def order(
        self, number: str, shop_id: uuid.UUID | None = None, kind: StatusKind = StatusKind.PAID, **fields: Any
    ) -> Order:
        """An order without payments."""
        shop_id = shop_id or self.desk.shop_id
        status = in_transaction(
            lambda tx: tx.execute(
                select(OrderStatus.id).where(OrderStatus.shop_id == shop_id, OrderStatus.kind == kind)
            ).scalar_one()
        )
        values: dict[str, Any] = {
            "shop_id": shop_id,
            "mode": Mode.TEST,
            "number": number,
            "status_id": status,
            "currency": "JPY",
            "total_minor": 3300,
            "buyer_email": "Hana@Example.test",
            "ordered_at": NOON,
            "created_at": NOON,
        }
        made: Order = factories.add(Order(id=new_id(), **(values | fields)))
        return made

    def payment(self, order: Order, account_id: uuid.UUID | None = None, **fields: Any) -> Payment:
        """A payment of it, captured whole unless said otherwise."""
        values: dict[str, Any] = {
            "shop_id": order.shop_id,
            "order_id": order.id,
            "account_id": account_id or self.desk.account_id,
            "mode": order.mode,
            "provider_ref": uuid.uuid4().hex,
            "method": "credit_card",
            "currency": order.currency,
            "provider_state": ProviderState.CAPTURED,
            "authorised_minor": 3300,
            "captured_minor": 3300,
            "created_at": NOON,
            "kept": {"tax": 0},
        }
        made: Payment = factories.add(Payment(id=new_id(), **(values | fields)))
        return made


@pytest.fixture
def shelf(desk: Desk) -> Shelf:
    """Orders on the desk."""
    return Shelf(desk)


@pytest.fixture
def statements(desk: Desk) -> Callable[[], Any]:
    """`with statements() as seen:` collects the SQL statements of the block."""

    @contextmanager
    def watch() -> Iterator[list[str]]:
        seen: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            if not statement.upper().startswith(("BEGIN", "PRAGMA")):
                seen.append(statement)

        engine = runtime.current().engine
        event.listen(engine, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            event.remove(engine, "before_cursor_execute", note)

    return watch
