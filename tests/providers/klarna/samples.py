"""The order of the provider page (section 2.1), its calls (section 10), and wishes about it."""

import copy
from decimal import Decimal
from typing import Any

from providers.kinds import OperationKind
from providers.klarna import mapping
from providers.lines import OrderLine
from providers.money import Money
from providers.port import MoneyRequest, PaymentFacts, WireCall
from tests.providers.rigs import facts_of

ORDER = "5d1c7f0a-4b52-4a49-9c0e-2f6f0b6f1a11"
KEY = "3b0e2c64-8f1e-4a77-9d53-6a2f4c1e7b90"
CAPTURE_ID, REFUND_ID = "0b3a8d52-7a6a-4c0d-8e63-9c1f2d5b7e10", "f3f0c1de-5d0f-4a3e-a8d5-4dbe8f5b2c77"
PATH = f"/ordermanagement/v1/orders/{ORDER}"
BASE = "https://api.playground.klarna.com"

KETTLE = {
    "type": "physical",
    "reference": "SKU-1",
    "name": "Kettle",
    "quantity": 1,
    "quantity_unit": "pcs",
    "unit_price": 50000,
    "tax_rate": 2500,
    "total_amount": 50000,
    "total_discount_amount": 0,
    "total_tax_amount": 10000,
}
MUGS = {
    **KETTLE,
    "reference": "SKU-2",
    "name": "Mug",
    "quantity": 2,
    "unit_price": 12450,
    "total_amount": 24900,
    "total_tax_amount": 4980,
}
KETTLE_LINE = OrderLine("Kettle", Decimal(1), 50000, 50000, 2500, 10000, reference="SKU-1", unit="pcs")
MUG_LINE = OrderLine("Mug", Decimal(2), 12450, 24900, 2500, 4980, reference="SKU-2", unit="pcs")

EXAMPLE: dict[str, Any] = {
    "order_id": ORDER,
    "status": "PART_CAPTURED",
    "fraud_status": "ACCEPTED",
    "order_amount": 74900,
    "original_order_amount": 79900,
    "captured_amount": 50000,
    "refunded_amount": 12500,
    "remaining_authorized_amount": 24900,
    "purchase_country": "SE",
    "purchase_currency": "SEK",
    "locale": "sv-SE",
    "created_at": "2025-03-01T09:12:33.120Z",
    "expires_at": "2025-03-29T00:00:00.000Z",
    "klarna_reference": "QX7PT2AB",
    "merchant_reference1": "SO-10045",
    "order_lines": [KETTLE, MUGS],
    "captures": [
        {
            "capture_id": CAPTURE_ID,
            "captured_amount": 50000,
            "refunded_amount": 12500,
            "captured_at": "2025-03-03T08:00:01.000Z",
            "reference": "op-7f3c",
            "description": "First parcel",
            "klarna_reference": "QX7PT2AB-1",
        }
    ],
    "refunds": [
        {
            "refund_id": REFUND_ID,
            "refunded_amount": 12500,
            "refunded_at": "2025-03-05T13:40:10.000Z",
            "reference": "op-91aa",
            "description": "Scratched lid",
        }
    ],
    "initial_payment_method": {"type": "INVOICE", "description": "Pay later"},
}


def order(**changed: Any) -> dict[str, Any]:
    """The page's order with other fields; a field of None stays as null, `...` takes it out."""
    made = {**copy.deepcopy(EXAMPLE), **changed}
    return {name: value for name, value in made.items() if value is not ...}


def untouched(**changed: Any) -> dict[str, Any]:
    """The page's order before anything was captured."""
    fresh = {
        "status": "AUTHORIZED",
        "order_amount": 79900,
        "captured_amount": 0,
        "refunded_amount": 0,
        "remaining_authorized_amount": 79900,
        "captures": [],
        "refunds": [],
        "expires_at": "2999-03-29T00:00:00Z",
    }
    return order(**{**fresh, **changed})


def facts(of: dict[str, Any] | None = None) -> PaymentFacts:
    """What the product keeps of a read of that order, by default the untouched one."""
    return facts_of(mapping.snapshot(untouched() if of is None else of))


def part_captured(**changed: Any) -> dict[str, Any]:
    """The page's order with a hold that has not lapsed."""
    return order(**{"expires_at": "2999-03-29T00:00:00Z", **changed})


def wish(kind: OperationKind, minor: int, payment: PaymentFacts, **changed: Any) -> MoneyRequest:
    """A wish about that payment."""
    usual: dict[str, Any] = {
        "kind": kind,
        "operation_id": "op-7f3c",
        "key": KEY,
        "payment_ref": ORDER,
        "money": Money(minor, "SEK"),
        "whole_rest": False,
        "reason": "First parcel",
        "payment": payment,
    }
    return MoneyRequest(**{**usual, **changed})


def call(kind: OperationKind = OperationKind.REFUND, minor: int = 12500) -> WireCall:
    """A call as it is stored."""
    path = f"{PATH}/{kind.value}s"
    return WireCall("POST", path, b"{}", KEY, "op-7f3c", kind, minor, "SEK", ORDER)
