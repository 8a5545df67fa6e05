"""Orders as Payment Admin shows them: the example of section 2, and each type of section 2.2."""

import json
from typing import Any

from providers.port import PaymentFacts
from providers.snapshots import PaymentSnapshot
from providers.svea import answers, mapping
from providers.svea.reading_orders import order as read_order
from tests.providers.rigs import facts_of

ORDER_REF = "4410021"
FULL = [
    "CanDeliverOrder",
    "CanDeliverPartially",
    "CanCancelOrder",
    "CanCancelOrderRow",
    "CanAddOrderRow",
    "CanUpdateOrderRow",
]
ROW_OPEN = ["CanDeliverRow", "CanCancelRow", "CanUpdateRow"]
CARD = ["CanDeliverOrder", "CanCancelOrder", "CanCancelAmount"]
INVOICE_CREDIT = ["CanCreditNewRow", "CanCreditOrderRows"]


def row(row_id: int, unit_price: int, quantity: int = 100, vat: int = 2500, **changed: Any) -> dict[str, Any]:
    """An order row."""
    return {
        "OrderRowId": row_id,
        "ArticleNumber": f"SKU-{row_id}",
        "Name": f"Thing {row_id}",
        "Quantity": quantity,
        "UnitPrice": unit_price,
        "DiscountPercent": 0,
        "VatPercent": vat,
        "Unit": "st",
        "IsCancelled": False,
        "Actions": [],
        **changed,
    }


def delivery(delivery_id: int, amount: int, rows: list[dict[str, Any]] | None = None, **changed: Any) -> dict[str, Any]:
    """A delivery."""
    return {
        "Id": delivery_id,
        "CreationDate": "2025-03-02T08:01:44",
        "InvoiceId": None,
        "DeliveryAmount": amount,
        "CreditedAmount": 0,
        "Credits": [],
        "Status": None,
        "DueDate": None,
        "OrderRows": rows,
        "Actions": [],
        **changed,
    }


def order(**changed: Any) -> dict[str, Any]:
    """An open order without rows or actions, with these fields changed."""
    return {
        "Id": int(ORDER_REF),
        "Currency": "SEK",
        "MerchantOrderId": "SO-10051",
        "OrderStatus": "Open",
        "SystemStatus": "Active",
        "SystemStatusMessage": None,
        "PaymentCreditStatus": None,
        "PaymentType": "Invoice",
        "CreationDate": "2025-03-01T11:20:05",
        "ExpirationDate": "2025-04-01T00:00:00",
        "EmailAddress": "buyer@example.test",
        "PhoneNumber": "+46700000000",
        "NationalId": "194605092222",
        "IsCompany": False,
        "OrderAmount": 79900,
        "CancelledAmount": 0,
        "BillingAddress": {"FullName": "Tess T Persson", "StreetAddress": "Testgatan 1"},
        "OrderRows": None,
        "Deliveries": None,
        "Actions": None,
        "SveaWillBuy": True,
        **changed,
    }


def open_invoice(**changed: Any) -> dict[str, Any]:
    """Nothing delivered; a kettle and two mugs."""
    rows = [row(1, 50000, Actions=ROW_OPEN), row(2, 14950, 200, Actions=ROW_OPEN)]
    return order(**{"OrderRows": rows, "Actions": FULL, **changed})


def part_delivered(**changed: Any) -> dict[str, Any]:
    """The example of section 2: the kettle is delivered, the mugs are not."""
    sent = delivery(
        880017,
        50000,
        [row(1, 50000, Actions=["CanCreditRow"])],
        InvoiceId=3300412,
        Status="Sent",
        Actions=INVOICE_CREDIT,
    )
    left = [row(2, 14950, 200, Actions=ROW_OPEN)]
    return order(**{"OrderRows": left, "Deliveries": [sent], "Actions": FULL, **changed})


def delivered(payment_type: str = "Invoice", credit: list[str] | None = None, **changed: Any) -> dict[str, Any]:
    """All delivered by rows of two VAT rates."""
    actions = INVOICE_CREDIT if credit is None else credit
    rows = [row(1, 50000, Actions=["CanCreditRow"]), row(2, 14950, 200, vat=1200, Actions=["CanCreditRow"])]
    sent = delivery(880017, 79900, rows, Actions=actions)
    usual = {"OrderStatus": "Delivered", "PaymentType": payment_type, "Deliveries": [sent], "OrderRows": None}
    return order(**{**usual, **changed})


def open_card(**changed: Any) -> dict[str, Any]:
    """A card that is reserved: rows without actions."""
    usual = {"PaymentType": "Card", "SystemStatus": "AUTHORIZED", "OrderRows": [row(1, 79900)], "Actions": CARD}
    return order(**{**usual, **changed})


def delivered_card(credit: list[str] | None = None, credited: int = 0, **changed: Any) -> dict[str, Any]:
    """A card that is delivered; not settled yet where `credit` is None."""
    sent = delivery(880020, 79900, [row(1, 79900)], CreditedAmount=credited, Actions=credit or [])
    still = [] if credit else ["CanCancelOrder", "CanCancelAmount"]
    usual = {"OrderStatus": "Delivered", "PaymentType": "Card", "Deliveries": [sent], "Actions": still}
    return order(**{**usual, **changed})


def paid_at_once(payment_type: str, method: str | None = None, credit: list[str] | None = None) -> dict[str, Any]:
    """Swish and Trustly: delivered from the start."""
    actions = ["CanCreditAmount"] if credit is None else credit
    sent = delivery(880030, 79900, [row(1, 79900)], Actions=actions)
    payment = {"PaymentMethodType": method} if method else None
    return order(OrderStatus="Delivered", PaymentType=payment_type, Payment=payment, Deliveries=[sent], Actions=[])


def coded_credit(amount: int, name: str, vat: int = 2500) -> dict[str, Any]:
    """A credit as a new row, with the signs of section 13 C."""
    entry = row(7, amount, -100, vat, Name=name, ArticleNumber=None)
    return {"Amount": -amount, "Actions": [], "OrderRows": [entry]}


def snapshot(body: dict[str, Any]) -> PaymentSnapshot:
    """The order as the adapter maps it."""
    return mapping.snapshot(answers.read(json.dumps(body).encode()))


def read(body: dict[str, Any]):
    """The order as the adapter reads it."""
    return read_order(answers.read(json.dumps(body).encode()))


def facts(body: dict[str, Any]) -> PaymentFacts:
    """What the product would keep of a read."""
    return facts_of(snapshot(body))
