"""An order as Payment Admin shows it (section 2)."""

from datetime import datetime
from typing import Any

from ..records import Account, Json, Payment
from .rules import (
    OTHER_SPELLING,
    TYPE_OF,
    delivered_row_actions,
    delivery_actions,
    order_actions,
    row_actions,
)

INTERNAL = frozenset({"settled", "waiting", "credited"})


def order_json(payment: Payment, account: Account) -> Json:
    """`GET /api/v1/orders/{id}`. Switch `null_lists`: null where a list is empty; `other_spelling`: of actions."""
    picture = payment.picture
    shown = {
        "Id": int(payment.reference),
        "Currency": payment.currency,
        "MerchantOrderId": payment.order_number,
        "OrderStatus": picture["status"],
        "SystemStatus": picture["system_status"],
        "SystemStatusMessage": None,
        "PaymentCreditStatus": None,
        "PaymentType": TYPE_OF.get(picture["type"], picture["type"]),
        "Payment": {"PaymentMethodType": picture["type"]},
        "CreationDate": plain(payment.created_at),
        "ExpirationDate": plain(payment.deadline_at) if payment.deadline_at else None,
        "IsCompany": False,
        **picture["buyer"],
        "OrderAmount": picture["order_amount"],
        "CancelledAmount": picture["cancelled_amount"],
        "OrderRows": [{**_row(row), "Actions": list(row_actions(picture, row))} for row in picture["rows"]],
        "Deliveries": [_delivery(picture, one) for one in picture["deliveries"]] or None,
        "Actions": list(order_actions(picture)),
        "SveaWillBuy": True,
    }
    if account.switches.get("other_spelling"):
        shown = _respelled(shown)
    return _nulls(shown) if account.switches.get("null_lists") else shown


def plain(moment: datetime) -> str:
    """A moment as Svea writes it: without a zone."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S")


def _delivery(picture: Json, delivery: Json) -> Json:
    rows = [
        {**_row(row), "Actions": list(delivered_row_actions(picture, delivery, row))} for row in delivery["OrderRows"]
    ]
    shown = {name: value for name, value in delivery.items() if name not in INTERNAL}
    return {**shown, "OrderRows": rows, "Actions": list(delivery_actions(picture, delivery))}


def _row(row: Json) -> Json:
    return {name: value for name, value in row.items() if name not in INTERNAL}


def _nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _nulls(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_nulls(each) for each in value] or None
    return value


def _respelled(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: [OTHER_SPELLING.get(word, word) for word in each] if name == "Actions" else _respelled(each)
            for name, each in value.items()
        }
    return [_respelled(each) for each in value] if isinstance(value, list) else value
