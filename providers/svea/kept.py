"""What is remembered of the last read (`PaymentSnapshot.kept`): figures and actions, no names, no personal data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from providers.svea.order import Credit, Delivery, Order, Row


def dump(order: Order) -> dict[str, Any]:
    """The order as JSON; `load` gives it back without its texts."""
    return {
        "id": order.id,
        "currency": order.currency,
        "status": order.status,
        "system_status": order.system_status,
        "payment_type": order.payment_type,
        "order_amount": order.amount,
        "cancelled_amount": order.cancelled,
        "actions": sorted(order.actions),
        "rows": [_dump_row(row) for row in order.rows],
        "deliveries": [_dump_delivery(one) for one in order.deliveries],
    }


def load(kept: Mapping[str, Any]) -> Order | None:
    """The order that `dump` kept; None where the payment was not read yet."""
    if "order_amount" not in kept:
        return None
    return Order(
        id=kept["id"],
        currency=kept["currency"],
        status=kept["status"],
        system_status=kept["system_status"],
        payment_type=kept["payment_type"],
        amount=kept["order_amount"],
        cancelled=kept["cancelled_amount"],
        rows=_load_rows(kept),
        deliveries=[_load_delivery(one) for one in kept["deliveries"]],
        actions=frozenset(kept["actions"]),
    )


def _dump_row(row: Row) -> dict[str, Any]:
    found: dict[str, Any] = {"id": row.id, "quantity": row.quantity, "total": row.total, "vat": row.vat}
    found["actions"] = sorted(row.actions)
    if row.is_cancelled:
        found["cancelled"] = True
    return found


def _load_rows(of: Mapping[str, Any]) -> Sequence[Row]:
    return [
        Row(
            id=row["id"],
            quantity=row["quantity"],
            total=row["total"],
            vat=row["vat"],
            actions=frozenset(row["actions"]),
            is_cancelled=row.get("cancelled", False),
        )
        for row in of["rows"]
    ]


def _dump_delivery(delivery: Delivery) -> dict[str, Any]:
    return {
        "id": delivery.id,
        "amount": delivery.amount,
        "credited": delivery.credited,
        "created": delivery.created,
        "actions": sorted(delivery.actions),
        "rows": [_dump_row(row) for row in delivery.rows],
        "credits": [
            {"amount": one.amount, "by_vat": [list(pair) for pair in one.by_vat], "code": one.code}
            for one in delivery.credits
        ],
    }


def _load_delivery(of: Mapping[str, Any]) -> Delivery:
    return Delivery(
        id=of["id"],
        amount=of["amount"],
        credited=of["credited"],
        rows=_load_rows(of),
        credits=[
            Credit(one["amount"], [(vat, amount) for vat, amount in one["by_vat"]], one["code"])
            for one in of["credits"]
        ],
        actions=frozenset(of["actions"]),
        created=of["created"],
    )
