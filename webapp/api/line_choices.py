"""Lines of a payment of which a capture or a refund takes so many pieces, as the REST API takes and shows them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated

from pydantic import ConfigDict, Field
from sqlalchemy import select

from providers.kinds import NotOffered
from providers.lines import OrderLine
from webapp.api.lines import QUANTITY, LineOutput, line_output
from webapp.api.refusals import too_much
from webapp.api.shapes import Input, Text
from webapp.domain.line_choices import Choice, ChoiceFault, ChoiceWrong, chosen_line, id_of
from webapp.domain.order_lines import LONGEST_NAME, MOST_LINES, sum_of
from webapp.errors.problems import Problem
from webapp.models import Operation
from webapp.services.errors import NotAvailable, RuleBroken
from webapp.services.operations import kept_lines
from webapp.services.operations.planning import PlannedWish, plan_of
from webapp.services.operations.wishes import WishFacts, find_by_request
from webapp.services.unit_of_work import Tx

_WORDS = {
    ChoiceFault.UNKNOWN: "is no line of which pieces are left for this; see `lines` of the payment's actions",
    ChoiceFault.AMBIGUOUS: "is the reference of several lines; name the line by its `id`",
    ChoiceFault.TWICE: "was named before; name each line once",
    ChoiceFault.QUANTITY: "must be more than 0 and at most {left:f}, which is what is left",
    ChoiceFault.WHOLE_PIECES: "must be a whole number",
    ChoiceFault.WHOLE_LINE: "must be {left:f}: the provider moves this line as a whole or not at all",
}


class ChosenLineInput(Input):
    """So many pieces of one of the payment's lines."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"line": "SKU-1", "quantity": "1"}]})

    line: Annotated[
        Text,
        Field(
            max_length=LONGEST_NAME,
            description="`id` of one of the `lines` of the payment's action, or its `reference` where it is the only"
            " one with it.",
            examples=["SKU-1"],
        ),
    ]
    quantity: Annotated[
        str | None,
        Field(strict=True, pattern=QUANTITY, description="A decimal number as a text; without it all that is left."),
    ] = None


ChosenLines = Annotated[
    list[ChosenLineInput],
    Field(
        min_length=1,
        max_length=MOST_LINES,
        description="Instead of an amount: which lines, and how many pieces of each. An amount beside them is a check.",
    ),
]


class OpenLineOutput(LineOutput):
    """What is left of an order line as the provider showed it last."""

    id: Annotated[str, Field(description="Stays with the line of this payment while pieces of it go.")]


def open_line_output(line: OrderLine) -> OpenLineOutput:
    """A line as the API tells of it."""
    return OpenLineOutput(id=id_of(line), **line_output(line).model_dump())


def choose(
    tx: Tx, facts: WishFacts, wish: PlannedWish, wanted: Sequence[ChosenLineInput], amount_minor: int | None
) -> list[OrderLine]:
    """The chosen pieces of what is left now; for a wish that was filed before (R15), of the lines that it is about.

    Raises Problem, which names each field at fault, RuleBroken `key_reused`, and what filing raises where nothing of
    the kind is possible.
    """
    filed = find_by_request(tx, wish.request_id, wish.payment_id)
    if filed is not None:
        return _same_again(tx, filed.operation_id, wanted)
    left = facts.open_lines
    if not left:
        plan = plan_of(tx, wish)  # says why, where it is not possible at all
        if not plan.steps:
            raise NotAvailable(plan.why_not or NotOffered.NOTHING_LEFT)
        raise _invalid([_fault("#/lines", "cannot be named: the provider shows none that are left for this")])
    lines = _read(left, wanted, whole_lines=facts.availability.whole_lines)
    total = sum_of(lines)
    if amount_minor not in (None, total):
        raise _invalid([_fault("#/lines", f"come to {total} and not to {amount_minor} (minor units)")])
    if total <= 0:
        raise _invalid([_fault("#/lines", "must come to more than 0")])
    if total > facts.available_minor:
        raise too_much(facts.available_minor, facts.payment.currency, "lines")
    return lines


def _same_again(tx: Tx, operation_id: uuid.UUID, wanted: Sequence[ChosenLineInput]) -> list[OrderLine]:
    filed = kept_lines.load(tx.execute(select(Operation.lines).where(Operation.id == operation_id)).scalar_one())
    try:
        return _read(filed, wanted)
    except Problem:
        raise RuleBroken("key_reused") from None


def _read(
    left: Sequence[OrderLine], wanted: Sequence[ChosenLineInput], *, whole_lines: bool = False
) -> list[OrderLine]:
    lines: list[OrderLine] = []
    errors = []
    for index, each in enumerate(wanted):
        choice = Choice(each.line, None if each.quantity is None else Decimal(each.quantity))
        try:
            lines.append(chosen_line(choice, left, [id_of(line) for line in lines], whole_lines=whole_lines))
        except ChoiceWrong as wrong:
            errors.append(_fault(f"#/lines/{index}/{wrong.field}", _WORDS[wrong.fault].format(left=wrong.left)))
    if errors:
        raise _invalid(errors)
    return lines


def _fault(pointer: str, detail: str) -> dict[str, str]:
    return {"pointer": pointer, "detail": detail}


def _invalid(errors: Sequence[dict[str, str]]) -> Problem:
    return Problem("invalid", "Some fields are wrong.", errors=errors)
