"""Operations: what became of a wish to move a payment."""

from __future__ import annotations

import uuid
from typing import Annotated

from flask import Response
from pydantic import ConfigDict, Field

from providers.kinds import OperationKind
from webapp.api import examples
from webapp.api.calls import Asked, Good, address, answered, call
from webapp.api.lines import LineOutput, line_output
from webapp.api.shapes import Moment, Output
from webapp.domain.operations import OperationState
from webapp.domain.permissions import Permission
from webapp.services.operations import kept_lines
from webapp.services.operations.showing import OperationFacts, Stage, get_operation
from webapp.services.unit_of_work import reading


class OperationOutput(Output):
    """One wish to move a payment. Ask its `url` again until `is_over`."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.OPERATION]})

    id: uuid.UUID
    url: str
    kind: OperationKind
    stage: Annotated[
        Stage,
        Field(
            description="`planned`: not sent yet. `sent`: being sent, or taken by the provider. `done`. `not_done`: see"
            " `provider_code`. `withdrawn`: stopped before it was sent. `unknown`: no clear answer; Paydesk asks the"
            " provider, and the money stays reserved. Never file a second wish because of it."
        ),
    ]
    state: OperationState
    is_over: Annotated[bool, Field(description="Nothing changes any more by itself.")]
    amount_minor: Annotated[int, Field(description="In minor units of `currency`.")]
    currency: str
    new_total_minor: Annotated[int | None, Field(description="Of a change of the amount: what it shall be then.")]
    lines: Annotated[list[LineOutput], Field(description="The order lines that it is about; none for an amount alone.")]
    payment_id: uuid.UUID
    order_id: uuid.UUID
    order_number: str
    shop: str
    reason: str | None
    comment: str | None
    idempotency_key: Annotated[str | None, Field(description="The key that the wish came with.")]
    asked_at: Moment
    planned_at: Annotated[Moment | None, Field(description="When it is sent, tried or looked up next.")]
    ended_at: Moment | None
    provider_code: str | None
    provider_message: str | None


def operation_output(facts: OperationFacts) -> OperationOutput:
    """An operation as the API tells of it."""
    row = facts.operation
    return OperationOutput(
        id=row.id,
        url=address("get_operation", operation_id=row.id),
        kind=row.kind,
        stage=facts.stage,
        state=row.state,
        is_over=row.ended_at is not None,
        amount_minor=row.amount_minor,
        currency=row.currency,
        new_total_minor=row.new_total_minor,
        lines=[line_output(line) for line in kept_lines.load(row.lines)],
        payment_id=row.payment_id,
        order_id=row.order_id,
        order_number=facts.order.number,
        shop=facts.shop.code,
        reason=facts.reason.code if facts.reason else None,
        comment=row.comment,
        idempotency_key=row.client_key,
        asked_at=row.created_at,
        planned_at=None if row.ended_at else row.due_at,
        ended_at=row.ended_at,
        provider_code=row.provider_code,
        provider_message=row.provider_message,
    )


@call(
    name="get_operation",
    method="GET",
    path="/operations/<uuid:operation_id>",
    permission=Permission.VIEW,
    summary="What became of a wish",
    description="An operation of a shop of the key, whoever asked for it: a person, a job or a key.",
    answers={200: Good(model=OperationOutput, description="The operation as it stands now.")},
    problems=("not_found",),
)
def get_operation_call(asked: Asked, operation_id: uuid.UUID) -> Response:
    """GET /operations/{id}"""
    with reading() as tx:
        facts = get_operation(tx, operation_id, asked.client.shops, asked.client.mode)
        return answered(operation_output(facts))
