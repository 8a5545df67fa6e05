"""A desk whose account is Svea's: signed calls, lists of actions, tasks, deliveries, and no keys (C2)."""

from __future__ import annotations

import uuid
from typing import Any

from tests.desk import Desk
from tests.klarna_desk import put_account, take_in
from tests.providers.svea.desk import MERCHANT, SECRET, svea_account, svea_order

KETTLE = {"Name": "Kettle", "ArticleNumber": "SKU-1", "Quantity": 100, "UnitPrice": 50000, "VatPercent": 2500}
MUGS = {"Name": "Mug", "ArticleNumber": "SKU-2", "Quantity": 300, "UnitPrice": 10000, "VatPercent": 2500}


def use_svea(desk: Desk, **switches: Any) -> Desk:
    """Put a Svea account in the place of the desk's own."""
    svea_account(desk.emulator, **switches)
    keys = {"merchant_id": MERCHANT, "shared_secret": SECRET}
    return put_account(desk, "svea", keys, {"currency": "SEK"})


def basket(desk: Desk, method: str = "Invoice", **fields: Any) -> uuid.UUID:
    """An order of a kettle and three mugs for 800 kronor, taken into the desk; answers the payment's id."""
    return take_in(desk, svea_order(desk.emulator, 80000, method, rows=[KETTLE, MUGS], **fields))


def order(desk: Desk, minor: int = 3300, method: str = "Invoice", *, settled: bool = True, **fields: Any) -> uuid.UUID:
    """An order of one row in SEK, reserved by default, taken into the desk; answers the payment's id."""
    return take_in(desk, svea_order(desk.emulator, minor, method, **fields), settled=settled)
