"""What goes in and comes out of the calls about orders."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field

from providers.kinds import NotOffered, OperationKind
from providers.planning import WishKind
from webapp.api import examples
from webapp.api.line_choices import OpenLineOutput, open_line_output
from webapp.api.lines import LineOutput, Lines, line_output
from webapp.api.shapes import Currency, Input, Moment, MomentIn, Output, ShopCode, Text, TotalMinor, Word
from webapp.domain.payment_state import PaymentState
from webapp.models import Mode, Payment, StatusKind
from webapp.services.imports.checking import EMAIL, LANGUAGE, LONGEST, YEARS
from webapp.services.operations import kept_lines
from webapp.services.orders.actions import Action, Hindrance, ShownPayment
from webapp.services.orders.records import OrderRecord

MOST = 100
ACTIONS = (WishKind.CAPTURE, WishKind.UPDATE, WishKind.CANCEL, WishKind.REFUND)
"""Those that have a call on a payment."""


def _in_our_time(moment: datetime) -> datetime:
    if moment.year not in YEARS:
        raise ValueError("is not in our time")
    return moment


Email = Annotated[
    Text, Field(max_length=LONGEST["buyer_email"], pattern=f"^{EMAIL.pattern}$", examples=["ana@example.com"])
]
Language = Annotated[
    str,
    Field(strict=True, max_length=100, pattern=f"^{LANGUAGE.pattern}$", description="The buyer's.", examples=["ja"]),
]


def _digits(value: Any) -> Any:
    if not isinstance(value, str) or not (value.isascii() and value.isdigit()):
        raise ValueError("must be a whole number")
    return value


class OrderQuery(Input):
    """Filters of the list; each narrows it."""

    shop: Annotated[ShopCode | None, Field(description="Code of a shop of the key.")] = None
    number: Annotated[Word | None, Field(description="Exactly this order number.", examples=["10023"])] = None
    status: Annotated[Word | None, Field(description="Code of an order status.", examples=["paid"])] = None
    payment_state: Annotated[PaymentState | None, Field(description="Of one of its payments.")] = None
    provider: Annotated[Word | None, Field(examples=["komoju"])] = None
    method: Annotated[Word | None, Field(description="Payment method, in the provider's word.")] = None
    ordered_from: Annotated[MomentIn | None, Field(description="Ordered at this moment or later.")] = None
    ordered_before: Annotated[MomentIn | None, Field(description="Ordered before this moment.")] = None
    cursor: Annotated[Word | None, Field(description="`next_cursor` of the page before.")] = None
    limit: Annotated[int, BeforeValidator(_digits), Field(ge=1, le=MOST, description="Orders of a page.")] = 50


class OrderInput(Input):
    """An order of a shop. What is left out or null stays as it is; a new order then gets what is usual."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"shop": "tea", "number": "10023", "amount_minor": 3300, "currency": "JPY", "status": "new"},
            ]
        }
    )

    shop: ShopCode
    number: Annotated[Word, Field(examples=["10023"])]
    amount_minor: Annotated[
        TotalMinor,
        Field(
            description="The order's total in minor units. Fixed once something of its payments is captured; another"
            " total moves no money by itself."
        ),
    ]
    currency: Annotated[Currency, Field(description="Fixed once the order has payments.")]
    status: Annotated[Word | None, Field(description="Code or name of a status; a new order gets the first one.")] = (
        None
    )
    buyer_email: Email | None = None
    buyer_name: Text | None = None
    language: Language | None = None
    ordered_at: Annotated[MomentIn, AfterValidator(_in_our_time)] | None = None
    lines: Annotated[
        Lines | None,
        Field(description="All lines; they come to `amount_minor` and take the place of those that are here."),
    ] = None
    act: Annotated[
        bool,
        Field(
            strict=True,
            description="For a new order: its first status fires what the shop's rules say. A change of the status of"
            " an order that is here always does.",
        ),
    ] = False


class OrderChange(Input):
    """What is to change of an order."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "cancelled"}]})

    status: Annotated[Word, Field(description="Code or name of one of the shop's order statuses.")]


class ActionOutput(Output):
    """What can be asked for now: an amount, or the reason why none."""

    kind: OperationKind
    available_minor: Annotated[
        int, Field(description="In minor units of the payment's currency; for `update` the present amount.")
    ]
    partial: Annotated[bool, Field(description="Whether a part of it can be asked for.")]
    lines: Annotated[
        list[OpenLineOutput],
        Field(description="Order lines of which pieces can be named; none where a part goes by its amount alone."),
    ]
    why_not: NotOffered | Hindrance | None


class PaymentOutput(Output):
    """What one provider was asked to collect; all sums in minor units of `currency`."""

    id: uuid.UUID
    provider: str
    account: str
    provider_ref: str
    method: str
    state: PaymentState
    currency: str
    authorised_minor: int
    cancelled_minor: int
    captured_minor: int
    refunded_minor: int
    under_way_minor: Annotated[int, Field(description="Reserved by operations that are not over.")]
    hold_expires_at: Annotated[Moment | None, Field(description="Capture before this moment.")]
    last_read_at: Annotated[Moment | None, Field(description="When the provider was last asked.")]
    actions: list[ActionOutput]


class OrderOutput(Output):
    """An order with its payments."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.ORDER]})

    id: uuid.UUID
    shop: str
    mode: Mode
    number: str
    status: Annotated[str, Field(description="Code of the shop's own status.")]
    status_kind: StatusKind
    amount_minor: Annotated[int, Field(description="The total in minor units of `currency`.")]
    currency: str
    buyer_name: str | None
    buyer_email: str | None
    language: str | None
    ordered_at: Moment
    lines: Annotated[list[LineOutput], Field(description="As they were sent in; none where nobody sent any.")]
    payments: list[PaymentOutput]


class OrderList(Output):
    """One page, newest first."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"orders": [examples.ORDER], "next_cursor": None}]})

    orders: list[OrderOutput]
    next_cursor: Annotated[str | None, Field(description="For the next page; null on the last one.")]


def etag_of(version: int) -> str:
    """The tag of an order's version, without its quotes."""
    return f"v{version}"


def order_output(record: OrderRecord) -> OrderOutput:
    """An order as the API tells of it."""
    order = record.order
    return OrderOutput(
        id=order.id,
        shop=record.shop.code,
        mode=order.mode,
        number=order.number,
        status=record.status.code,
        status_kind=record.status.kind,
        amount_minor=order.total_minor,
        currency=order.currency,
        buyer_name=order.buyer_name,
        buyer_email=order.buyer_email,
        language=order.language,
        ordered_at=order.ordered_at,
        lines=[line_output(line) for line in kept_lines.load(order.lines)],
        payments=[_payment(shown) for shown in record.payments],
    )


def _payment(shown: ShownPayment) -> PaymentOutput:
    payment, sums = shown.payment, shown.sums
    return PaymentOutput(
        id=payment.id,
        provider=shown.account.provider,
        account=shown.account.name,
        provider_ref=payment.provider_ref,
        method=payment.method,
        state=shown.state,
        currency=payment.currency,
        authorised_minor=sums.authorised,
        cancelled_minor=sums.cancelled,
        captured_minor=sums.captured,
        refunded_minor=sums.refunded,
        under_way_minor=sums.under_way,
        hold_expires_at=payment.hold_expires_at,
        last_read_at=payment.last_read_at,
        actions=[_action(action, payment) for action in shown.actions if action.kind in ACTIONS],
    )


def _action(action: Action, payment: Payment) -> ActionOutput:
    lines = {WishKind.CAPTURE: payment.open_lines, WishKind.REFUND: payment.refundable_lines}
    kept = lines.get(action.kind) if action.partial else None
    return ActionOutput(
        kind=OperationKind(action.kind.value),
        available_minor=action.available_minor,
        partial=action.partial,
        lines=[open_line_output(line) for line in kept_lines.load(kept)],
        why_not=action.why_not,
    )
