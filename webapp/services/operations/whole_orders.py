"""Cancel or refund of a whole order: a wish for each of its payments, filed in one transaction."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from providers.kinds import NotOffered
from providers.planning import WishKind
from webapp.models import Operation, Payment
from webapp.services.audit import Actor
from webapp.services.errors import NotAvailable, RuleBroken
from webapp.services.operations.filing import lock_payments
from webapp.services.operations.planning import PlannedWish, file_wish_within
from webapp.services.unit_of_work import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderWish:
    """Everything of an order back to its buyer; `request_id` marks the request, for ever (R15)."""

    actor: Actor
    shop_id: uuid.UUID
    order_id: uuid.UUID
    request_id: uuid.UUID
    reason_id: uuid.UUID | None
    comment: str
    client_key: str | None


def cancel_or_refund_within(tx: Tx, wish: OrderWish) -> Sequence[uuid.UUID]:
    """File the wish on every payment that still holds something; answers the operations in their order.

    The same request id answers the first ones again, and never files for a payment that came later. Payments that are
    undone already are passed over. Raises what `planning.file_wish` raises, and then nothing may be kept: NotAvailable
    where no payment has anything left.
    """
    of_order = Payment.order_id == wish.order_id, Payment.shop_id == wish.shop_id
    payments = tx.scalars(select(Payment.id).where(*of_order).order_by(Payment.created_at, Payment.id)).all()
    lock_payments(tx, payments)
    seen = _made_by(tx, wish, payments)
    if seen:
        return seen
    made: list[uuid.UUID] = []
    with tx.begin_nested():  # a refusal of the last payment takes back what was filed for the first
        for payment_id in payments:
            request_id = _request_of(wish, payment_id) if made else wish.request_id
            made += file_wish_within(tx, _of_payment(wish, payment_id, request_id)).operation_ids
    if not made:
        raise NotAvailable(NotOffered.NOTHING_LEFT)
    return made


def _request_of(wish: OrderWish, payment_id: uuid.UUID) -> uuid.UUID:
    """The request id on a later payment: always the same one; the first has the request's own."""
    return uuid.uuid5(wish.request_id, str(payment_id))


def _of_payment(wish: OrderWish, payment_id: uuid.UUID, request_id: uuid.UUID) -> PlannedWish:
    return PlannedWish(
        actor=wish.actor,
        shop_id=wish.shop_id,
        payment_id=payment_id,
        kind=WishKind.CANCEL_OR_REFUND,
        request_id=request_id,
        reason_id=wish.reason_id,
        comment=wish.comment,
        client_key=wish.client_key,
    )


def _made_by(tx: Tx, wish: OrderWish, payments: Sequence[uuid.UUID]) -> Sequence[uuid.UUID]:
    """What this request filed before. RuleBroken `request_id_taken` where it was about something else then."""
    first = tx.scalars(select(Operation).where(Operation.request_id == wish.request_id)).one_or_none()
    if first is None:
        return []
    asked = wish.order_id, wish.reason_id, wish.comment.strip()
    if (first.order_id, first.reason_id, first.comment or "") != asked:
        raise RuleBroken("request_id_taken")
    request_ids = [wish.request_id, *(_request_of(wish, payment_id) for payment_id in payments)]
    wishes = select(Operation.wish_id).where(Operation.request_id.in_(request_ids))
    of_wishes = Operation.order_id == wish.order_id, Operation.wish_id.in_(wishes)
    order = Operation.created_at, Operation.payment_id, Operation.step
    return tx.scalars(select(Operation.id).where(*of_wishes).order_by(*order)).all()
