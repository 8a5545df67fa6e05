"""What the order page knows of each line, from the last read of its payments and from our own operations."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from providers.line_parts import part_of
from providers.lines import OrderLine
from providers.planning import WishKind
from tests.desk import Desk
from tests.svea_desk import basket, use_svea
from tests.webapp.services.operations.test_refund_lines import klarna_basket, refundable
from tests.webapp.services.operations.test_svea_wishes import carry_out, open_lines
from tests.webapp.services.orders.conftest import Shelf
from webapp.models import Order
from webapp.services.operations import kept_lines
from webapp.services.orders.lines import ShownLines
from webapp.services.orders.page import get_order
from webapp.services.unit_of_work import reading

W = WishKind
TEA = OrderLine("Tea", Decimal(3), 1100, 3300, 1000, 300, reference="T-1")


def lines_of(desk: Desk, order_id: uuid.UUID) -> ShownLines:
    with reading() as tx:
        return get_order(tx, order_id, {desk.shop_id}).lines


def of_payment(desk: Desk, payment: uuid.UUID) -> ShownLines:
    return lines_of(desk, desk.row(payment).order_id)


def fates(shown: ShownLines) -> list[tuple[str, Decimal, Decimal]]:
    return [(each.line.name, each.captured, each.refunded) for each in shown.lines]


def test_an_order_without_lines_has_none(desk: Desk, shelf: Shelf) -> None:
    order = shelf.order("A1")
    shelf.payment(order)
    assert lines_of(desk, order.id) == ShownLines()


def test_a_captured_whole_is_every_line_and_a_refund_of_it_too(desk: Desk, shelf: Shelf) -> None:
    order = shelf.order("A1", lines=kept_lines.dump([TEA]))
    payment = shelf.payment(order)
    assert fates(lines_of(desk, order.id)) == [("Tea", 3, 0)]
    desk.change(type(payment), payment.id, refunded_minor=3300)
    assert fates(lines_of(desk, order.id)) == [("Tea", 3, 3)]


def test_a_part_by_amount_is_told_as_unclear(desk: Desk, shelf: Shelf) -> None:
    order = shelf.order("A1", lines=kept_lines.dump([TEA]))
    shelf.payment(order, captured_minor=2000, refunded_minor=500)
    shown = lines_of(desk, order.id)
    assert fates(shown) == [("Tea", 0, 0)]
    assert (shown.unclear_captured_minor, shown.unclear_refunded_minor) == (2000, 500)


def test_pieces_are_told_from_what_the_provider_shows(desk: Desk) -> None:
    payment = klarna_basket(desk)
    kettle, mugs = refundable(desk, payment)
    carry_out(desk, payment, W.REFUND, 62450, lines=[kettle, part_of(mugs, Decimal(1))])
    shown = of_payment(desk, payment)
    assert shown.are_of_provider
    assert fates(shown) == [("Kettle", 1, 1), ("Mug", 2, 1)]
    assert (shown.unclear_captured_minor, shown.unclear_refunded_minor) == (0, 0)


def test_pieces_are_told_from_our_own_operations_where_the_provider_does_not(desk: Desk) -> None:
    use_svea(desk)
    payment = basket(desk)
    kettle, mugs = open_lines(desk, payment)
    own = [OrderLine("Kettle, red", Decimal(1), 50000, 50000, 2500, 10000, reference="SKU-1"), mugs]
    desk.change(Order, desk.row(payment).order_id, lines=kept_lines.dump(own))
    carry_out(desk, payment, W.CAPTURE, 60000, lines=[kettle, part_of(mugs, Decimal(1))])
    shown = of_payment(desk, payment)
    assert not shown.are_of_provider
    assert fates(shown) == [("Kettle, red", 1, 0), ("Mug", 1, 0)]


def test_lines_cost_no_statement(desk: Desk, shelf: Shelf, statements: Callable[[], Any]) -> None:
    order = shelf.order("A1", lines=kept_lines.dump([TEA]))
    shelf.payment(order)
    with reading() as tx, statements() as seen:
        get_order(tx, order.id, {desk.shop_id})
    assert len(seen) <= 9
