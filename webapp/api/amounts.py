"""Another amount for a payment before it is captured (also called update), with the order lines where they are told."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any

from flask import Response
from pydantic import ConfigDict, Field
from sqlalchemy import select

from providers.kinds import OperationKind
from providers.lines import OrderLine
from providers.planning import WishKind
from webapp.api import lines as order_lines
from webapp.api.calls import Asked, call
from webapp.api.lines import Lines
from webapp.api.refusals import invalid
from webapp.api.shapes import AmountMinor, Currency, Input, Word
from webapp.api.taking import PROBLEMS, TAKEN, Comment, reason_of, request_once, taken
from webapp.domain.card_numbers import without_card_numbers
from webapp.domain.permissions import Permission
from webapp.models import Operation, Payment, ProviderAccount
from webapp.services import runtime
from webapp.services.errors import RuleBroken
from webapp.services.operations import kept_lines
from webapp.services.operations.filing import facts_of
from webapp.services.operations.planning import PlannedWish, file_wish_within
from webapp.services.orders.records import find_payment
from webapp.services.unit_of_work import Tx, reading


class AmountInput(Input):
    """What shall be authorised from now on, and the lines that it is for."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"amount_minor": 50000, "currency": "SEK", "lines": [order_lines.EXAMPLE]},
                {"amount_minor": 2200, "currency": "JPY"},
            ]
        }
    )

    amount_minor: Annotated[AmountMinor, Field(description="The new amount, captured part included.")]
    currency: Annotated[Currency, Field(description="The payment's; another one is refused.")]
    lines: Annotated[
        Lines | None,
        Field(
            description="All lines that remain; they replace those that the provider has, and come to `amount_minor`."
            " Needed where the provider needs them (Klarna always, Svea for credit payments: `lines_needed`)."
        ),
    ] = None
    reason: Annotated[Word | None, Field(description="Code of one of the shop's reasons.")] = None
    comment: Comment | None = None


@call(
    name="change_amount",
    method="POST",
    path="/payments/<uuid:payment_id>/amount",
    permission=Permission.CAPTURE,
    summary="Change the amount",
    description="Before it is captured: down, and up where the provider can. Not below what is captured or promised to"
    " operations under way (`amount_too_low` says how far down it may go).",
    body=AmountInput,
    answers=TAKEN,
    once=True,
    problems=(*PROBLEMS, "amount_too_low"),
)
def change_amount(asked: Asked, payment_id: uuid.UUID) -> Response:
    """POST /payments/{id}/amount"""
    body: AmountInput = asked.body
    with reading() as tx:
        payment = find_payment(tx, payment_id, asked.client.shops, asked.client.mode)
        shop_id, currency, whole_pieces = payment.shop_id, payment.currency, _whole_pieces(tx, payment)
    if body.currency != currency:
        raise invalid("currency", f"is not the payment's, which is in {currency}")
    lines: list[OrderLine] = []
    if body.lines is not None:
        lines = order_lines.read_lines(body.lines, body.amount_minor, whole_pieces=whole_pieces)
    call_request = request_once(asked, shop_id, "amount")
    wish = PlannedWish(
        actor=asked.client.actor,
        shop_id=shop_id,
        payment_id=payment_id,
        kind=WishKind.UPDATE,
        request_id=call_request.wish_id,
        amount_minor=body.amount_minor,
        comment=without_card_numbers(body.comment or ""),
        lines=lines,
        client_key=call_request.client_key,
    )

    def deed(tx: Tx) -> Sequence[uuid.UUID]:
        filed = file_wish_within(tx, replace(wish, reason_id=reason_of(tx, shop_id, body.reason)))
        if not filed.operation_ids:
            raise RuleBroken("amount_as_it_is")
        _check_same(tx, filed.operation_ids[0], wish)
        return filed.operation_ids

    return taken(asked, call_request, deed)


def _whole_pieces(tx: Tx, payment: Payment) -> bool:
    account = tx.get_one(ProviderAccount, payment.account_id)
    capabilities = runtime.current().providers.capabilities(account.provider)
    return capabilities.availability(OperationKind.UPDATE, facts_of(payment), account.settings).whole_pieces


def _check_same(tx: Tx, operation_id: uuid.UUID, wish: PlannedWish) -> None:
    """Long after the stored answer is dropped, its key still stands at the operation that it made."""
    row: Any = tx.execute(select(Operation.new_total_minor, Operation.lines).where(Operation.id == operation_id)).one()
    if (row.new_total_minor, kept_lines.load(row.lines)) != (wish.amount_minor, tuple(wish.lines)):
        raise RuleBroken("key_reused")
