"""Cancel or refund of a whole order: one wish, whichever calls its payments need."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Annotated

from flask import Response
from pydantic import ConfigDict, Field

from webapp.api.calls import Asked, call
from webapp.api.shapes import Input, Word
from webapp.api.taking import PROBLEMS, TAKEN, Comment, reason_of, request_once, taken
from webapp.domain.card_numbers import without_card_numbers
from webapp.domain.permissions import Permission
from webapp.services.operations.whole_orders import OrderWish, cancel_or_refund_within
from webapp.services.orders.records import get_record
from webapp.services.unit_of_work import Tx, reading

ROUTE = "cancel_or_refund"


class UndoInput(Input):
    """Why everything goes back."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "order_cancelled"}]})

    reason: Annotated[
        Word | None, Field(description="Code of one of the shop's reasons; needed where a refund is a part of it.")
    ] = None
    comment: Comment | None = None


@call(
    name="cancel_or_refund_order",
    method="POST",
    path="/orders/<uuid:order_id>/cancel-or-refund",
    permission=Permission.CANCEL,
    also=(Permission.REFUND,),
    summary="Cancel or refund",
    description="Everything back to the buyer: what is only reserved is released, what was captured is given back, on"
    " each payment of the order. Each payment is read at its provider when it is sent, and what it is then decides. All"
    " payments or none are taken: where one cannot be undone now, nothing is done and the problem says why.",
    body=UndoInput,
    answers=TAKEN,
    once=True,
    problems=PROBLEMS,
)
def cancel_or_refund(asked: Asked, order_id: uuid.UUID) -> Response:
    """POST /orders/{id}/cancel-or-refund"""
    body: UndoInput = asked.body
    with reading() as tx:
        shop_id = get_record(tx, order_id, asked.client.shops, asked.client.mode).order.shop_id
    request_of_client = request_once(asked, shop_id, ROUTE)

    def deed(tx: Tx) -> Sequence[uuid.UUID]:
        wish = OrderWish(
            actor=asked.client.actor,
            shop_id=shop_id,
            order_id=order_id,
            request_id=request_of_client.wish_id,
            reason_id=reason_of(tx, shop_id, body.reason),
            comment=without_card_numbers(body.comment or ""),
            client_key=request_of_client.client_key,
        )
        return cancel_or_refund_within(tx, wish)

    return taken(asked, request_of_client, deed)
