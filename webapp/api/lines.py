"""Order lines as the REST API takes and tells them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from providers.lines import LineKind, OrderLine
from providers.money import MAX_MINOR
from webapp.api.shapes import NO_CONTROLS, Input, Output, Text
from webapp.domain.card_numbers import without_card_numbers
from webapp.domain.order_lines import (
    HIGHEST_RATE_BP,
    LONGEST_NAME,
    MOST_LINES,
    LineDraft,
    LineFault,
    LineWrong,
    line_of,
    sum_of,
)
from webapp.errors.problems import Problem

EXAMPLE: dict[str, Any] = {
    "name": "Kettle",
    "quantity": "1",
    "unit_price_minor": 50000,
    "vat_rate": 2500,
    "reference": "SKU-1",
}
_FIELD_OF = {
    "quantity": "quantity",
    "tax_rate_bp": "vat_rate",
    "unit_price_minor": "unit_price_minor",
    "discount_minor": "discount_minor",
    "total_minor": "total_minor",
}
_WORDS = {
    LineFault.QUANTITY: "must be more than 0 and at most 1000000, with 2 decimals at most",
    LineFault.WHOLE_PIECES: "must be a whole number: the provider takes no parts of pieces",
    LineFault.RATE: "must be from 0 to 10000 hundredths of a percent",
    LineFault.SIGN: "must be 0 or less for the kinds discount and gift_card, 0 or more for every other",
    LineFault.DISCOUNT: "must be from 0 to what the line costs, and 0 for the kinds discount and gift_card",
    LineFault.TOO_LARGE: "comes to too much",
    LineFault.TOTAL: "is not quantity x unit_price_minor - discount_minor",
}
QUANTITY = r"^[0-9]{1,7}(\.[0-9]{1,2})?$"
Signed = Annotated[int, Field(strict=True, ge=-MAX_MINOR, le=MAX_MINOR)]
Short = Annotated[str, Field(strict=True, max_length=LONGEST_NAME, pattern=f"^({NO_CONTROLS[1:-1]})?$")]


class LineInput(Input):
    """One order line. All amounts are minor units with VAT."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    name: Annotated[Text, Field(max_length=200)]
    quantity: Annotated[
        str,
        Field(
            strict=True,
            pattern=QUANTITY,
            description="A decimal number as a text: `1`, `2.5`. Klarna takes whole numbers only.",
            examples=["1"],
        ),
    ]
    unit_price_minor: Annotated[Signed, Field(description="Of one, before the discount.", examples=[50000])]
    vat_rate: Annotated[
        int,
        Field(
            strict=True, ge=0, le=HIGHEST_RATE_BP, description="Hundredths of a percent: 25 % is 2500.", examples=[2500]
        ),
    ]
    discount_minor: Annotated[int, Field(strict=True, ge=0, le=MAX_MINOR, description="Off the whole line.")] = 0
    total_minor: Annotated[
        Signed | None, Field(description="What the line comes to, as a check: quantity x unit price - discount.")
    ] = None
    reference: Annotated[Short, Field(description="The shop's article number; the same in every call.")] = ""
    kind: LineKind = LineKind.GOODS
    unit: Annotated[Short, Field(examples=["pcs"])] = ""


Lines = Annotated[list[LineInput], Field(min_length=1, max_length=MOST_LINES)]


class LineOutput(Output):
    """One order line. All amounts are minor units with VAT."""

    name: str
    quantity: str
    unit_price_minor: int
    vat_rate: Annotated[int, Field(description="Hundredths of a percent.")]
    discount_minor: int
    total_minor: int
    tax_minor: Annotated[int, Field(description="The VAT within `total_minor`.")]
    reference: str
    kind: LineKind
    unit: str


def read_lines(given: Sequence[LineInput], total_minor: int, *, whole_pieces: bool = False) -> list[OrderLine]:
    """The lines, which must come to `total_minor`. Raises Problem, which names each field at fault."""
    lines, errors = [], []
    for index, each in enumerate(given):
        try:
            lines.append(line_of(_draft(each), whole_pieces=whole_pieces))
        except LineWrong as wrong:
            errors.append({"pointer": f"#/lines/{index}/{_FIELD_OF[wrong.field]}", "detail": _WORDS[wrong.fault]})
    if not errors and sum_of(lines) != total_minor:
        detail = f"come to {sum_of(lines)} and not to {total_minor} (minor units)"
        errors.append({"pointer": "#/lines", "detail": detail})
    if errors:
        raise Problem("invalid", "Some fields are wrong.", errors=errors)
    return lines


def line_output(line: OrderLine) -> LineOutput:
    """A line as the API tells of it."""
    return LineOutput(
        name=line.name,
        quantity=f"{line.quantity.normalize():f}",
        unit_price_minor=line.unit_price_minor,
        vat_rate=line.tax_rate_bp,
        discount_minor=line.discount_minor,
        total_minor=line.total_minor,
        tax_minor=line.tax_minor,
        reference=line.reference,
        kind=line.kind,
        unit=line.unit,
    )


def _draft(given: LineInput) -> LineDraft:
    return LineDraft(
        name=without_card_numbers(given.name),
        quantity=Decimal(given.quantity),
        unit_price_minor=given.unit_price_minor,
        tax_rate_bp=given.vat_rate,
        discount_minor=given.discount_minor,
        total_minor=given.total_minor,
        reference=given.reference,
        kind=given.kind,
        unit=given.unit,
    )
