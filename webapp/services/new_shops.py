"""What a new shop starts with: its order statuses and refund reasons (product.md sections 1 and 4)."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import insert

from webapp.models import OrderStatus, RefundReason, Shop, StatusKind
from webapp.models.base import new_id
from webapp.services.unit_of_work import Tx

STATUSES = (
    ("new", "New", StatusKind.NEW),
    ("paid", "Paid", StatusKind.PAID),
    ("shipped", "Shipped", StatusKind.SHIPPED),
    ("completed", "Completed", StatusKind.COMPLETED),
    ("cancelled", "Cancelled", StatusKind.CANCELLED),
)
"""Code, first name, kind. The shop may rename them; rules ask for the kind."""

REASONS = (
    ("returned", False),
    ("damaged", False),
    ("not_delivered", False),
    ("wrong_item", False),
    ("duplicate_order", False),
    ("price_adjustment", False),
    ("order_cancelled", False),
    ("goodwill", False),
    ("suspected_fraud", False),
    ("other", True),
)
"""Code, and whether a comment is needed. Without a name of the shop's own, pages translate the code."""


def create_shop(
    tx: Tx, *, code: str, name: str, currency: str, language: str, time_zone: str, now: datetime
) -> uuid.UUID:
    """A shop with the usual statuses and reasons; answers its id."""
    shop_id = new_id()
    tx.execute(
        insert(Shop).values(
            id=shop_id,
            code=code,
            name=name,
            currency=currency,
            language=language,
            time_zone=time_zone,
            failure_emails=[],
            created_at=now,
        )
    )
    for position, (status, label, kind) in enumerate(STATUSES):
        tx.execute(
            insert(OrderStatus).values(
                id=new_id(), shop_id=shop_id, code=status, name=label, kind=kind, position=position
            )
        )
    for position, (reason, needs_comment) in enumerate(REASONS):
        tx.execute(
            insert(RefundReason).values(
                id=new_id(), shop_id=shop_id, code=reason, comment_required=needs_comment, position=position
            )
        )
    return shop_id
