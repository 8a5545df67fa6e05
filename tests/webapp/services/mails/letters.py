"""Mails for tests, and what became of them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from tests.desk import Desk
from webapp.models import Mail, MailKind, Mode
from webapp.services.mails import queueing
from webapp.services.mails.letters import Letter, Text
from webapp.services.unit_of_work import in_transaction

ANA = "ana@shop.test"


def letter(desk: Desk, **fields: Any) -> Letter:
    """A letter of the desk's shop to Ana."""
    values: dict[str, Any] = {
        "kind": MailKind.FAILURES,
        "subject_id": uuid.uuid4(),
        "recipient": ANA,
        "shop_id": desk.shop_id,
        "mode": Mode.TEST,
        "language": "en",
        "text": Text("Tea: 1 refund was not done", "Order 1\n.a line that begins with a dot\nÅ, 返金\n"),
    }
    return Letter(**(values | fields))


def queue(desk: Desk, **fields: Any) -> uuid.UUID:
    """A mail that is due."""
    return in_transaction(lambda tx: queueing.add(tx, letter(desk, **fields)))


def mail(mail_id: uuid.UUID) -> Mail:
    """The row as it is now."""
    return in_transaction(lambda tx: tx.get_one(Mail, mail_id))


def all_mails() -> Sequence[Mail]:
    """Every row, first one first."""
    return in_transaction(lambda tx: tx.scalars(select(Mail).order_by(Mail.created_at, Mail.version)).all())
