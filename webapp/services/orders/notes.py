"""Notes of colleagues on an order."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select

from webapp.domain.card_numbers import without_card_numbers
from webapp.models import Order, OrderNote
from webapp.models.order_import import order_is_shown
from webapp.services import audit, runtime
from webapp.services.audit import Actor
from webapp.services.errors import NotFound, RuleBroken
from webapp.services.unit_of_work import Tx, in_transaction

LONGEST_NOTE = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Noting:
    """A note to add. `note_id` was made with the form: the same form sent twice is one note."""

    actor: Actor
    author_id: uuid.UUID
    shop_ids: Collection[uuid.UUID]
    order_id: uuid.UUID
    note_id: uuid.UUID
    text: str


def add_note(noting: Noting) -> None:
    """Write the note; card numbers in it are masked.

    Raises NotFound for an order outside the shops, RuleBroken `note_missing` or `note_too_long`.
    """
    text = noting.text.strip()
    if not text:
        raise RuleBroken("note_missing")
    if len(text) > LONGEST_NOTE:
        raise RuleBroken("note_too_long", most=LONGEST_NOTE)

    def work(tx: Tx) -> None:
        order = tx.scalars(
            select(Order)
            .where(Order.id == noting.order_id, Order.shop_id.in_(noting.shop_ids), order_is_shown)
            .with_for_update()
        ).one_or_none()
        if order is None:
            raise NotFound(f"order {noting.order_id}")
        if tx.get(OrderNote, noting.note_id) is not None:
            return
        now = runtime.current().clock.now(tx)
        tx.add(
            OrderNote(
                id=noting.note_id,
                shop_id=order.shop_id,
                order_id=order.id,
                user_id=noting.author_id,
                text=without_card_numbers(text),
                created_at=now,
            )
        )
        tx.flush()
        details = {"note": str(noting.note_id)}
        subject = ("order", order.id)
        audit.write(tx, noting.actor, "order.note_added", subject, shop_id=order.shop_id, details=details, at=now)

    in_transaction(work)
