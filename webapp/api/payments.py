"""Money actions on a payment: capture, cancel, refund. Each is carried out once for its Idempotency-Key (R15)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any

from flask import Response, request
from pydantic import ConfigDict, Field
from sqlalchemy import select

from providers.bank_details import ACCOUNT_TYPES, wrong_fields
from providers.kinds import OperationKind
from providers.port import BankDetails
from webapp.api import examples
from webapp.api.calls import Asked, Good, call
from webapp.api.operations import OperationOutput, operation_output
from webapp.api.refusals import invalid, problem_of
from webapp.api.shapes import AmountMinor, Currency, Input, Output, Text, Word
from webapp.domain.card_numbers import without_card_numbers
from webapp.domain.permissions import Permission
from webapp.errors.problems import MIME, Problem
from webapp.models import Operation, RefundReason
from webapp.services.api import once
from webapp.services.api.once import Answer, StillRunning, digest_of
from webapp.services.errors import RuleBroken
from webapp.services.operations.asking import MOST_COMMENT
from webapp.services.operations.filing import Wish, file_within, refuse_when_disk_is_full
from webapp.services.operations.showing import get_operation
from webapp.services.orders.records import find_payment
from webapp.services.unit_of_work import Tx, reading

WITH_CURRENCY: dict[str, Any] = {"dependentRequired": {"amount_minor": ["currency"]}}
Comment = Annotated[
    str,
    Field(
        strict=True,
        max_length=MOST_COMMENT,
        pattern=r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$",
        description="For colleagues; it never leaves the desk.",
    ),
]
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

    model_config = ConfigDict(
        json_schema_extra=WITH_CURRENCY | {"examples": [{"amount_minor": 1100, "currency": "JPY"}, {}]}
    )

    amount_minor: AmountMinor | None = None
    currency: Annotated[Currency | None, Field(description="The payment's; another one is refused.")] = None
    reason: Annotated[Word | None, Field(description="Code of one of the shop's reasons.")] = None
    comment: Comment | None = None


class RefundInput(MoneyInput):
    """How much is given back, and why."""

    model_config = ConfigDict(
        json_schema_extra=WITH_CURRENCY
        | {"examples": [{"amount_minor": 1100, "currency": "JPY", "reason": "returned"}, {"reason": "returned"}]}
    )

    reason: Annotated[Word, Field(description="Code of one of the shop's reasons.")]
    bank_details: BankDetailsInput | None = None


class WishOutput(Output):
    """What was taken. One operation; several, where the provider needs several calls for one wish."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"operations": [examples.OPERATION]}]})

    operations: Annotated[list[OperationOutput], Field(min_length=1)]


TAKEN = {
    202: Good(
        model=WishOutput,
        description="Taken: the money is reserved and a worker sends it. `Location` is the first operation.",
        headers=("Location", "Idempotent-Replayed"),
        links={
            "WhatBecameOfIt": ("get_operation", "operation_id", "$response.body#/operations/0/id"),
            "TheOrder": ("get_order", "order_id", "$response.body#/operations/0/order_id"),
        },
    )
}
PROBLEMS = (
    "not_found",
    "idempotency_key_missing",
    "still_running",
    "frozen",
    "not_available",
    "key_reused",
    "not_enough",
)


@call(
    name="capture_payment",
    method="POST",
    path="/payments/<uuid:payment_id>/captures",
    permission=Permission.CAPTURE,
    summary="Capture",
    description="Takes what is reserved (also called activate, deliver, validate): the whole rest, or a part where the"
    " provider can.",
    body=MoneyInput,
    answers=TAKEN,
    once=True,
    problems=PROBLEMS,
)
def capture(asked: Asked, payment_id: uuid.UUID) -> Response:
    """POST /payments/{id}/captures"""
    return _file(asked, payment_id, OperationKind.CAPTURE)


@call(
    name="cancel_payment",
    method="POST",
    path="/payments/<uuid:payment_id>/cancellations",
    permission=Permission.CANCEL,
    summary="Cancel",
    description="Releases what is reserved and not captured (also called annul, void).",
    body=MoneyInput,
    answers=TAKEN,
    once=True,
    problems=PROBLEMS,
)
def cancel(asked: Asked, payment_id: uuid.UUID) -> Response:
    """POST /payments/{id}/cancellations"""
    return _file(asked, payment_id, OperationKind.CANCEL)


@call(
    name="refund_payment",
    method="POST",
    path="/payments/<uuid:payment_id>/refunds",
    permission=Permission.REFUND,
    summary="Refund",
    description="Gives back what was captured (also called credit): the whole rest or a part.",
    body=RefundInput,
    answers=TAKEN,
    once=True,
    problems=PROBLEMS,
)
def refund(asked: Asked, payment_id: uuid.UUID) -> Response:
    """POST /payments/{id}/refunds"""
    return _file(asked, payment_id, OperationKind.REFUND)


def _file(asked: Asked, payment_id: uuid.UUID, kind: OperationKind) -> Response:
    body: MoneyInput = asked.body
    if body.given("amount_minor") and not body.given("currency"):
        raise invalid("currency", "is needed with an amount")
    with reading() as tx:
        payment = find_payment(tx, payment_id, asked.client.shops, asked.client.mode)
        shop_id, currency = payment.shop_id, payment.currency
    if body.currency not in (None, currency):
        raise invalid("currency", f"is not the payment's, which is in {currency}")
    call_request = once_request(asked, shop_id, kind.value)
    wish = _wish(asked, call_request, payment_id, kind)
    return carried_out(call_request, lambda tx: _deed(tx, asked, wish))


def once_request(asked: Asked, shop_id: uuid.UUID, route: str) -> once.Request:
    """The request as R15 tells it apart from others."""
    return once.Request(
        key_id=asked.client.key_id,
        shop_id=shop_id,
        route=route,
        client_key=asked.client_key,
        digest=digest_of(request.path.encode(), asked.body.model_dump_json().encode()),
    )


def carried_out(call_request: once.Request, deed: Callable[[Tx], Answer]) -> Response:
    """The answer of `deed`, done once for the request's Idempotency-Key (R15). Raises Problem."""
    try:
        refuse_when_disk_is_full()
        answer, is_repeat = once.carry_out(call_request, deed)
    except StillRunning as running:
        wait = {"Retry-After": str(running.wait_s)}
        raise Problem("still_running", "The same request is being carried out.", headers=wait) from None
    except RuleBroken as refusal:
        raise problem_of(refusal) from None
    return _answered(answer, is_repeat=is_repeat)


def _wish(asked: Asked, call_request: once.Request, payment_id: uuid.UUID, kind: OperationKind) -> Wish:
    body: MoneyInput = asked.body
    details = _bank_details(body)
    return Wish(
        actor=asked.client.actor,
        shop_id=call_request.shop_id,
        payment_id=payment_id,
        kind=kind,
        request_id=call_request.wish_id,
        amount_minor=body.amount_minor,
        comment=without_card_numbers(body.comment or ""),
        bank_details=details,
        client_key=call_request.client_key,
    )


def _bank_details(body: MoneyInput) -> BankDetails | None:
    if not isinstance(body, RefundInput) or body.bank_details is None:
        return None
    details = BankDetails(**body.bank_details.model_dump())
    for name in wrong_fields(details):
        raise invalid(f"bank_details/{name}", "is not written as banks write it")
    return details


def _deed(tx: Tx, asked: Asked, wish: Wish) -> Answer:
    """What is done and answered in one transaction; a refusal is an answer too, and stays the answer to this key."""
    try:
        operation_id = file_within(tx, replace(wish, reason_id=reason_of(tx, wish.shop_id, asked.body.reason)))
        _check_same(tx, operation_id, wish)
    except RuleBroken as refusal:
        problem = problem_of(refusal)
        return Answer(problem.status, problem.body())
    output = operation_output(get_operation(tx, operation_id, asked.client.shops, asked.client.mode))
    return Answer(202, WishOutput(operations=[output]).model_dump_json(), output.url)


def reason_of(tx: Tx, shop_id: uuid.UUID, code: str | None) -> uuid.UUID | None:
    """The id of one of the shop's reasons; None for none. RuleBroken `reason_missing` for a code that is not one."""
    if code is None:
        return None
    found = tx.scalar(select(RefundReason.id).where(RefundReason.shop_id == shop_id, RefundReason.code == code))
    if found is None:
        raise RuleBroken("reason_missing")
    return found


def _check_same(tx: Tx, operation_id: uuid.UUID, wish: Wish) -> None:
    """Long after the stored answer is dropped, its key still stands at the operation that it made."""
    row = tx.execute(select(Operation.amount_minor, Operation.whole_rest).where(Operation.id == operation_id)).one()
    is_same = row.whole_rest if wish.amount_minor is None else row.amount_minor == wish.amount_minor
    if not is_same:
        raise RuleBroken("key_reused")


def _answered(answer: Answer, *, is_repeat: bool) -> Response:
    kind = MIME if answer.status >= 400 else "application/json"
    response = Response(answer.body, answer.status, mimetype=kind)
    if answer.location:
        response.headers["Location"] = answer.location
    if is_repeat:
        response.headers["Idempotent-Replayed"] = "true"
    return response
