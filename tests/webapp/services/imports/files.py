"""Files of orders for tests, and the way they go through the desk."""

from __future__ import annotations

import io
import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select, update

from tests.desk import Desk
from webapp.models import ImportFault, ImportState, Mode, Order, OrderImport, OrderStatus, StatusChange
from webapp.services.imports import deciding, running, uploading
from webapp.services.imports.uploading import Upload
from webapp.services.unit_of_work import in_transaction

HEAD = "number,currency,total,status"


def text(*lines: str, head: str = HEAD) -> bytes:
    """A file of these lines."""
    return "\r\n".join([head, *lines, ""]).encode()


def upload(desk: Desk, raw: bytes, **changes: Any) -> uuid.UUID:
    """Take a file in, by the merchant in test mode."""
    values: dict[str, Any] = {
        "id": uuid.uuid4(),
        "actor": desk.actor,
        "shop_id": desk.shop_id,
        "mode": Mode.TEST,
        "file_name": "orders.csv",
    }
    made = Upload(**(values | changes))
    uploading.take_in(made, io.BytesIO(raw))
    return made.id


def work() -> None:
    """What workers do, until nothing is due."""
    for _ in range(1000):
        if not running.run():
            return
    raise AssertionError("the imports do not come to rest")


def checked(desk: Desk, raw: bytes, **changes: Any) -> OrderImport:
    """The import after its check."""
    import_id = upload(desk, raw, **changes)
    work()
    return the(import_id)


def applied(desk: Desk, raw: bytes, **changes: Any) -> OrderImport:
    """The import after its orders were brought in."""
    row = checked(desk, raw, **changes)
    assert row.state is ImportState.READY, faults(row.id)
    deciding.confirm(row.id, [desk.shop_id], desk.actor)
    work()
    return the(row.id)


def the(import_id: uuid.UUID) -> OrderImport:
    """The row as it is now."""
    return in_transaction(lambda tx: tx.get_one(OrderImport, import_id))


def faults(import_id: uuid.UUID) -> list[tuple[int, str | None, str]]:
    """What is wrong: line, column, code."""
    query = select(ImportFault).where(ImportFault.import_id == import_id).order_by(ImportFault.number)
    return [(each.line, each.column, each.code) for each in in_transaction(lambda tx: tx.scalars(query).all())]


def orders() -> dict[str, Order]:
    """Every order there is, seen or not, by number."""
    return {each.number: each for each in in_transaction(lambda tx: tx.scalars(select(Order)).all())}


def changes(order_id: uuid.UUID) -> Sequence[StatusChange]:
    """The order's changes of status, first one first."""
    query = select(StatusChange).where(StatusChange.order_id == order_id).order_by(StatusChange.changed_at)
    return in_transaction(lambda tx: tx.scalars(query).all())


def status_of(desk: Desk, code: str) -> uuid.UUID:
    """The id of one of the shop's statuses."""
    query = select(OrderStatus.id).where(OrderStatus.shop_id == desk.shop_id, OrderStatus.code == code)
    return in_transaction(lambda tx: tx.execute(query).scalar_one())


def count(model: type[Any]) -> int:
    """How many rows."""
    return in_transaction(lambda tx: tx.execute(select(func.count()).select_from(model)).scalar_one())


def free_leases() -> None:
    """As if the dead worker's lease were over."""
    in_transaction(lambda tx: tx.execute(update(OrderImport).values(lease_until=None)))


def make_due() -> None:
    """Have every import that a worker waits with looked at now."""
    free_leases()
    early = select(func.min(OrderImport.created_at)).scalar_subquery()
    in_transaction(
        lambda tx: tx.execute(update(OrderImport).where(OrderImport.due_at.is_not(None)).values(due_at=early))
    )
