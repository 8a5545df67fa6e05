"""How a wish that moves money is taken: once for its Idempotency-Key (R15), answered with its operations."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from typing import Annotated

from flask import Response, request
from pydantic import ConfigDict, Field
from sqlalchemy import select

from webapp.api import examples
from webapp.api.calls import Asked, Good
from webapp.api.operations import OperationOutput, operation_output
from webapp.api.refusals import problem_of
from webapp.api.shapes import Output
from webapp.errors.problems import MIME, Problem
from webapp.models import RefundReason
from webapp.services.api import once
from webapp.services.api.once import Answer, StillRunning, digest_of
from webapp.services.errors import RuleBroken
from webapp.services.operations.asking import MOST_COMMENT
from webapp.services.operations.filing import refuse_when_disk_is_full
from webapp.services.operations.showing import get_operation
from webapp.services.unit_of_work import Tx

Comment = Annotated[
    str,
    Field(
        strict=True,
        max_length=MOST_COMMENT,
        pattern=r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$",
        description="For colleagues; it never leaves the desk.",
    ),
]


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


def request_once(asked: Asked, shop_id: uuid.UUID, route: str) -> once.Request:
    """What tells this request from every other one (R15)."""
    return once.Request(
        key_id=asked.client.key_id,
        shop_id=shop_id,
        route=route,
        client_key=asked.client_key,
        digest=digest_of(request.path.encode(), asked.body.model_dump_json().encode()),
    )


def taken(asked: Asked, request_of_client: once.Request, deed: Callable[[Tx], Sequence[uuid.UUID]]) -> Response:
    """The answer to a wish; `deed` files it and answers its operations, in the transaction that stores the answer.

    A refusal of the rules is an answer too, and stays the answer to this key; so is a Problem that the deed raises.
    """

    def carry_out(tx: Tx) -> Answer:
        try:
            with tx.begin_nested():  # a refusal half way takes back what came before it; its answer is kept
                ids = deed(tx)
        except (RuleBroken, Problem) as refusal:
            problem = problem_of(refusal) if isinstance(refusal, RuleBroken) else refusal
            return Answer(problem.status, problem.body())
        shops, mode = asked.client.shops, asked.client.mode
        made = [operation_output(get_operation(tx, one, shops, mode)) for one in ids]
        return Answer(202, WishOutput(operations=made).model_dump_json(), made[0].url)

    try:
        refuse_when_disk_is_full()
        answer, is_repeat = once.carry_out(request_of_client, carry_out)
    except StillRunning as running:
        wait = {"Retry-After": str(running.wait_s)}
        raise Problem("still_running", "The same request is being carried out.", headers=wait) from None
    except RuleBroken as refusal:
        raise problem_of(refusal) from None
    return _answered(answer, is_repeat=is_repeat)


def reason_of(tx: Tx, shop_id: uuid.UUID, code: str | None) -> uuid.UUID | None:
    """The reason of that code. RuleBroken `reason_missing` where the shop has none."""
    if code is None:
        return None
    found = tx.scalar(select(RefundReason.id).where(RefundReason.shop_id == shop_id, RefundReason.code == code))
    if found is None:
        raise RuleBroken("reason_missing")
    return found


def _answered(answer: Answer, *, is_repeat: bool) -> Response:
    kind = MIME if answer.status >= 400 else "application/json"
    response = Response(answer.body, answer.status, mimetype=kind)
    if answer.location:
        response.headers["Location"] = answer.location
    if is_repeat:
        response.headers["Idempotent-Replayed"] = "true"
    return response
