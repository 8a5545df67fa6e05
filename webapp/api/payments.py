"""Money actions on a payment: capture, cancel, refund. Each is carried out once for its Idempotency-Key (R15)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any

from flask import Response
from pydantic import ConfigDict, Field
from sqlalchemy import select

from providers.bank_details import ACCOUNT_TYPES, wrong_fields
from providers.kinds import NotOffered
from providers.planning import WishKind
from providers.port import BankDetails
from webapp.api.calls import Asked, call
from webapp.api.line_choices import ChosenLines, choose
from webapp.api.refusals import invalid
from webapp.api.shapes import AmountMinor, Currency, Input, Text, Word
from webapp.api.taking import PROBLEMS, TAKEN, Comment, reason_of, request_once, taken
from webapp.domain.card_numbers import without_card_numbers
from webapp.domain.order_lines import sum_of
from webapp.domain.permissions import Permission
from webapp.models import Operation
from webapp.services.errors import NotAvailable, RuleBroken
from webapp.services.operations import kept_lines
from webapp.services.operations.planning import PlannedWish, file_wish_within
from webapp.services.operations.wishes import get_facts
from webapp.services.orders.records import find_payment
from webapp.services.unit_of_work import Tx, reading

PART: dict[str, Any] = {"amount_minor": 1100, "currency": "JPY"}
LINES = [{"line": "SKU-1", "quantity": "1"}]
WITH_CURRENCY: dict[str, Any] = {"dependentRequired": {"amount_minor": ["currency"]}}
Digits = r"^[0-9]{%d}$"


class BankDetailsInput(Input):
    """Where a refund by bank transfer goes, for payment methods that need it (`why_not` and 422 say so)."""

    customer_name: Text
    bank_name: Annotated[Text, Field(max_length=100)]
    bank_code: Annotated[str, Field(strict=True, pattern=r"^([0-9]{4})?$")] = ""
    branch_name: Annotated[str, Field(strict=True, max_length=100, pattern=r"^[^\u0000-\u001f\u007f-\u009f]*$")] = ""
    branch_number: Annotated[str, Field(strict=True, pattern=Digits % 3)]
    account_type: Annotated[str, Field(strict=True, pattern=f"^({'|'.join(ACCOUNT_TYPES)})$")]
    account_number: Annotated[str, Field(strict=True, pattern=Digits % 7)]
    include_payment_method_fee: Annotated[bool, Field(strict=True)] = False


class MoneyInput(Input):
    """How much; without an amount the whole rest."""

    model_config = ConfigDict(json_schema_extra=WITH_CURRENCY | {"examples": [PART, {}]})

    amount_minor: AmountMinor | None = None
    currency: Annotated[Currency | None, Field(description="The payment's; another one is refused.")] = None
    reason: Annotated[Word | None, Field(description="Code of one of the shop's reasons.")] = None
    comment: Comment | None = None


class CaptureInput(MoneyInput):
    """How much is taken, by its amount or by order lines; without both the whole rest."""

    model_config = ConfigDict(json_schema_extra=WITH_CURRENCY | {"examples": [PART, {"lines": LINES}, {}]})

    lines: ChosenLines | None = None


class RefundInput(MoneyInput):
    """How much is given back, by its amount or by order lines, and why; without both the whole rest."""

    model_config = ConfigDict(
        json_schema_extra=WITH_CURRENCY
        | {"examples": [PART | {"reason": "returned"}, {"lines": LINES, "reason": "returned"}, {"reason": "returned"}]}
    )

    lines: ChosenLines | None = None

    reason: Annotated[Word, Field(description="Code of one of the shop's reasons.")]
    bank_details: BankDetailsInput | None = None


@call(
    name="capture_payment",
    method="POST",
    path="/payments/<uuid:payment_id>/captures",
    permission=Permission.CAPTURE,
    summary="Capture",
    description="Takes what is reserved (also called activate, deliver, validate): the whole rest, or a part where the"
    " provider can, by its amount or by pieces of order lines.",
    body=CaptureInput,
    answers=TAKEN,
    once=True,
    problems=PROBLEMS,
)
def capture(asked: Asked, payment_id: uuid.UUID) -> Response:
    """POST /payments/{id}/captures"""
    return _file(asked, payment_id, WishKind.CAPTURE)


@call(
    name="cancel_payment",
    method="POST",
    path="/payments/<uuid:payment_id>/cancellations",
    permission=Permission.CANCEL,
    summary="Cancel",
    description="Releases what is reserved and not captured (also called annul, void). Of a payment that was captured"
    " in part it releases the rest; what was captured stays.",
    body=MoneyInput,
    answers=TAKEN,
    once=True,
    problems=PROBLEMS,
)
def cancel(asked: Asked, payment_id: uuid.UUID) -> Response:
    """POST /payments/{id}/cancellations"""
    return _file(asked, payment_id, WishKind.CANCEL)


@call(
    name="refund_payment",
    method="POST",
    path="/payments/<uuid:payment_id>/refunds",
    permission=Permission.REFUND,
    summary="Refund",
    description="Gives back what was captured (also called credit): the whole rest, or a part by its amount or by"
    " pieces of order lines.",
    body=RefundInput,
    answers=TAKEN,
    once=True,
    problems=PROBLEMS,
)
def refund(asked: Asked, payment_id: uuid.UUID) -> Response:
    """POST /payments/{id}/refunds"""
    return _file(asked, payment_id, WishKind.REFUND)


def _file(asked: Asked, payment_id: uuid.UUID, kind: WishKind) -> Response:
    body: MoneyInput = asked.body
    if body.given("amount_minor") and not body.given("currency"):
        raise invalid("currency", "is needed with an amount")
    with reading() as tx:
        payment = find_payment(tx, payment_id, asked.client.shops, asked.client.mode)
        shop_id, currency = payment.shop_id, payment.currency
    if body.currency not in (None, currency):
        raise invalid("currency", f"is not the payment's, which is in {currency}")
    request_of_client = request_once(asked, shop_id, kind.value)
    wish = PlannedWish(
        actor=asked.client.actor,
        shop_id=shop_id,
        payment_id=payment_id,
        kind=kind,
        request_id=request_of_client.wish_id,
        amount_minor=body.amount_minor,
        comment=without_card_numbers(body.comment or ""),
        bank_details=_bank_details(body),
        client_key=request_of_client.client_key,
    )

    def deed(tx: Tx) -> Sequence[uuid.UUID]:
        whole = replace(wish, reason_id=reason_of(tx, shop_id, body.reason))
        with_lines = _by_lines(tx, asked, whole)
        filed = file_wish_within(tx, with_lines)
        if not filed.operation_ids:
            raise NotAvailable(filed.why_not or NotOffered.NOTHING_LEFT)
        _check_same(tx, filed.operation_ids, with_lines)
        return filed.operation_ids

    return taken(asked, request_of_client, deed)


def _by_lines(tx: Tx, asked: Asked, wish: PlannedWish) -> PlannedWish:
    """The wish, about the lines that the body chooses; as it is where it chooses none."""
    body = asked.body
    if not isinstance(body, (CaptureInput, RefundInput)) or body.lines is None:
        return wish
    facts = get_facts(tx, wish.payment_id, asked.client.shops, asked.client.mode, wish.kind)
    lines = choose(tx, facts, replace(wish, amount_minor=None), body.lines, body.amount_minor)
    return replace(wish, lines=lines, amount_minor=sum_of(lines))


def _bank_details(body: MoneyInput) -> BankDetails | None:
    if not isinstance(body, RefundInput) or body.bank_details is None:
        return None
    details = BankDetails(**body.bank_details.model_dump())
    for name in wrong_fields(details):
        raise invalid(f"bank_details/{name}", "is not written as banks write it")
    return details


def _check_same(tx: Tx, operation_ids: Sequence[uuid.UUID], wish: PlannedWish) -> None:
    """Long after the stored answer is dropped, its key still stands at the operations that it made."""
    columns = select(Operation.amount_minor, Operation.wish_is_whole, Operation.lines)
    rows = tx.execute(columns.where(Operation.id.in_(operation_ids))).all()
    is_whole = all(row.wish_is_whole for row in rows)
    asked_minor = None if is_whole else sum(row.amount_minor for row in rows)
    if (asked_minor, kept_lines.load(rows[0].lines)) != (wish.amount_minor, tuple(wish.lines)):
        raise RuleBroken("key_reused")
