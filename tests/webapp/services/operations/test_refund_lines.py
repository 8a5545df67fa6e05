"""Refunds by order lines through the engine: what is left of each line, at Klarna and at Svea."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from decimal import Decimal

from providers.line_parts import part_of
from providers.lines import OrderLine
from providers.planning import WishKind
from tests import klarna_desk, svea_desk
from tests.desk import Desk
from tests.providers.klarna.samples import KETTLE, MUGS
from tests.webapp.services.operations.test_planning import portal, wish
from tests.webapp.services.operations.test_svea_wishes import carry_out, sums
from webapp.domain.operations import OperationState
from webapp.models import Mode
from webapp.services.operations.wishes import get_facts
from webapp.services.payments.reading import read_payment
from webapp.services.unit_of_work import reading

W = WishKind


def klarna_basket(desk: Desk) -> uuid.UUID:
    """A kettle for 500 and two mugs for 124.50 each, captured whole."""
    klarna_desk.use_klarna(desk)
    payment = klarna_desk.order(desk, 74900, lines=[KETTLE, MUGS])
    carry_out(desk, payment, W.CAPTURE, 74900)
    return payment


def svea_basket(desk: Desk) -> uuid.UUID:
    """A kettle for 500 and three mugs for 100 each, delivered at once."""
    svea_desk.use_svea(desk)
    payment = svea_desk.basket(desk)
    carry_out(desk, payment, W.CAPTURE, 80000)
    return payment


def refundable(desk: Desk, payment: uuid.UUID) -> Sequence[OrderLine]:
    """The lines that the form of a refund offers."""
    with reading() as tx:
        return get_facts(tx, payment, {desk.shop_id}, Mode.TEST, W.REFUND).open_lines


def told(lines: Sequence[OrderLine]) -> list[tuple[str, Decimal, int]]:
    return [(line.name, line.quantity, line.total_minor) for line in lines]


def test_klarna_takes_lines_back_piece_by_piece(desk: Desk) -> None:
    payment = klarna_basket(desk)
    kettle, mugs = refundable(desk, payment)
    carry_out(desk, payment, W.REFUND, 62450, lines=[kettle, part_of(mugs, Decimal(1))])
    (mug,) = refundable(desk, payment)
    assert told([mug]) == [("Mug", 1, 12450)]
    carry_out(desk, payment, W.REFUND, 12450, lines=[mug])
    assert refundable(desk, payment) == ()
    assert sums(desk, payment) == (74900, 74900, 0, 74900)
    desk.assert_books_are_whole()


def test_svea_credits_pieces_of_rows(desk: Desk) -> None:
    payment = svea_basket(desk)
    kettle, mugs = refundable(desk, payment)
    carry_out(desk, payment, W.REFUND, 10000, lines=[part_of(mugs, Decimal(1))])
    assert told(refundable(desk, payment)) == [("Kettle", 1, 50000), ("Mug", 2, 20000)]
    carry_out(desk, payment, W.REFUND, 70000, lines=refundable(desk, payment))
    assert refundable(desk, payment) == ()
    assert sums(desk, payment) == (80000, 80000, 0, 80000)
    assert kettle.provider_line_ref == "1"
    desk.assert_books_are_whole()


def test_what_a_refund_under_way_is_about_is_not_offered_again(desk: Desk) -> None:
    payment = klarna_basket(desk)
    _kettle, mugs = refundable(desk, payment)
    (first,) = wish(desk, payment, W.REFUND, 12450, lines=[part_of(mugs, Decimal(1))]).operation_ids
    assert told(refundable(desk, payment)) == [("Kettle", 1, 50000), ("Mug", 1, 12450)]
    wish(desk, payment, W.REFUND, 100)
    assert refundable(desk, payment) == (), "which lines the refund by amount is about, nobody knows"
    assert desk.operation(first).state is OperationState.QUEUED


def test_a_refund_at_the_provider_that_names_no_lines_closes_the_way_by_lines(desk: Desk) -> None:
    payment = klarna_basket(desk)
    portal(desk, payment, "refund", amount_minor=5000)
    read_payment(payment)
    assert refundable(desk, payment) == ()


def test_a_payment_without_lines_offers_none(desk: Desk) -> None:
    assert refundable(desk, desk.payment(3300)) == ()
