"""Orders, in and out."""

from __future__ import annotations

import uuid

from flask import Response

from webapp.api.calls import Asked, Good, address, answered, call
from webapp.api.lines import read_lines
from webapp.api.order_shapes import OrderChange, OrderInput, OrderList, OrderOutput, OrderQuery, etag_of, order_output
from webapp.api.refusals import invalid, problem_of
from webapp.domain.card_numbers import without_card_numbers
from webapp.domain.permissions import Permission
from webapp.errors.problems import Problem
from webapp.services.errors import NotFound, RuleBroken
from webapp.services.imports.checking import plain_language
from webapp.services.orders.bringing import Coming, bring
from webapp.services.orders.cursors import read_cursor
from webapp.services.orders.filters import OrderFilter
from webapp.services.orders.records import OrderRecord, get_record, page_of_records
from webapp.services.orders.statuses import Setting, find_status, set_status
from webapp.services.shops import get_by_code
from webapp.services.unit_of_work import reading

ONE_ORDER = {
    "GetIt": ("get_order", "order_id", "$response.body#/id"),
    "ChangeItsStatus": ("change_order", "order_id", "$response.body#/id"),
}
ITS_PAYMENT = {
    name: (name, "payment_id", "$response.body#/payments/0/id")
    for name in ("capture_payment", "change_amount", "cancel_payment", "refund_payment")
}


@call(
    name="list_orders",
    method="GET",
    path="/orders",
    permission=Permission.VIEW,
    summary="List orders",
    description="Orders of the key's shops and mode, newest first, by pages.",
    query=OrderQuery,
    answers={
        200: Good(
            model=OrderList,
            description="One page.",
            links={
                "TheFirst": ("get_order", "order_id", "$response.body#/orders/0/id"),
                "CaptureTheFirst": ("capture_payment", "payment_id", "$response.body#/orders/0/payments/0/id"),
            },
        )
    },
    problems=("not_found",),
)
def list_orders(asked: Asked) -> Response:
    """GET /orders"""
    query: OrderQuery = asked.query
    cursor = read_cursor(query.cursor) if query.cursor else None
    if query.cursor and (cursor is None or cursor.newer):
        fault = {"parameter": "cursor", "detail": "is not a next_cursor of this list"}
        raise Problem("invalid", "Some parameters are wrong.", errors=[fault])
    with reading() as tx:
        shops = asked.client.shops
        wanted = OrderFilter(
            shop_ids=shops if query.shop is None else frozenset({get_by_code(tx, query.shop, shops)}),
            mode=asked.client.mode,
            number=query.number or "",
            status=query.status or "",
            payment_state=query.payment_state,
            provider=query.provider or "",
            method=query.method or "",
            ordered_from=query.ordered_from,
            ordered_before=query.ordered_before,
        )
        records, following = page_of_records(tx, wanted, cursor, query.limit)
        outputs = [order_output(record) for record in records]
    return answered(OrderList(orders=outputs, next_cursor=following.text() if following else None))


@call(
    name="put_order",
    method="POST",
    path="/orders",
    permission=Permission.IMPORT_ORDERS,
    summary="Create or replace an order",
    description="By shop and number, by the rules of the CSV import. Sent twice it is one order.",
    body=OrderInput,
    answers={
        200: Good(
            model=OrderOutput, description="The order was here and is up to date.", headers=("ETag",), links=ONE_ORDER
        ),
        201: Good(model=OrderOutput, description="The order was made.", headers=("ETag", "Location"), links=ONE_ORDER),
    },
    problems=("order_coming_in",),
)
def put_order(asked: Asked) -> Response:
    """POST /orders"""
    body: OrderInput = asked.body
    lines = None if body.lines is None else read_lines(body.lines, body.amount_minor)
    with reading() as tx:
        try:
            shop_id = get_by_code(tx, body.shop, asked.client.shops)
        except NotFound:
            raise invalid("shop", "is not the code of a shop of this key") from None
    try:
        order_id, is_new = bring(
            Coming(
                actor=asked.client.actor,
                shop_id=shop_id,
                mode=asked.client.mode,
                number=body.number,
                currency=body.currency,
                total_minor=body.amount_minor,
                status=body.status,
                buyer_email=body.buyer_email,
                buyer_name=without_card_numbers(body.buyer_name) if body.buyer_name else None,
                language=plain_language(body.language) if body.language else None,
                ordered_at=body.ordered_at,
                act=body.act,
                lines=lines,
            )
        )
    except RuleBroken as refusal:
        raise problem_of(refusal) from None
    headers = {"Location": address("get_order", order_id=order_id)} if is_new else {}
    return _one(asked, order_id, 201 if is_new else 200, headers)


@call(
    name="get_order",
    method="GET",
    path="/orders/<uuid:order_id>",
    permission=Permission.VIEW,
    summary="One order",
    description="With its payments, and what can be done with each of them now. The `ETag` names the version of the"
    " order itself: its status, buyer and total, not the sums of its payments.",
    answers={200: Good(model=OrderOutput, description="The order.", headers=("ETag",), links=ONE_ORDER | ITS_PAYMENT)},
    problems=("not_found",),
)
def get_order(asked: Asked, order_id: uuid.UUID) -> Response:
    """GET /orders/{id}"""
    return _one(asked, order_id)


@call(
    name="change_order",
    method="PATCH",
    path="/orders/<uuid:order_id>",
    permission=Permission.SET_STATUS,
    summary="Change the status of an order",
    description="Fires what the shop's rules say for the status, once. An order that has the status already stays as"
    " it is and fires nothing.",
    body=OrderChange,
    guarded=True,
    answers={200: Good(model=OrderOutput, description="The order after it.", headers=("ETag",), links=ONE_ORDER)},
    problems=("not_found", "stale", "if_match_missing"),
)
def change_order(asked: Asked, order_id: uuid.UUID) -> Response:
    """PATCH /orders/{id}"""
    body: OrderChange = asked.body
    with reading() as tx:
        order = get_record(tx, order_id, asked.client.shops, asked.client.mode).order
        status, version = find_status(tx, order.shop_id, body.status), order.version
        status_id = None if status is None else status.id
    if asked.if_match is not None and etag_of(version) not in asked.if_match:
        raise Problem("stale", "The order was changed since you read it.")
    if status_id is None:
        raise problem_of(RuleBroken("unknown_status"))
    setting = Setting(
        actor=asked.client.actor,
        shop_ids=asked.client.shops,
        order_id=order_id,
        status_id=status_id,
        seen_version=None if asked.if_match is None else version,
    )
    try:
        set_status(setting)
    except RuleBroken as refusal:
        raise problem_of(refusal) from None
    return _one(asked, order_id)


def _one(asked: Asked, order_id: uuid.UUID, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    with reading() as tx:
        record: OrderRecord = get_record(tx, order_id, asked.client.shops, asked.client.mode)
        tag = {"ETag": f'"{etag_of(record.order.version)}"'}
        return answered(order_output(record), status, tag | (headers or {}))
