"""A part of an order line: exact as a whole, rounded as a part, and never more than there is."""

from dataclasses import replace
from decimal import Decimal

import pytest

from providers.klarna import lines as klarna_lines
from providers.line_parts import less, part_of
from providers.lines import OrderLine

MUGS = OrderLine("Mug", Decimal(3), 3350, 10000, 2500, 2000, discount_minor=50)


def test_the_whole_of_a_line_is_the_line():
    assert part_of(MUGS, Decimal(3)) is MUGS


@pytest.mark.parametrize(
    ("pieces", "total", "discount", "tax"), [("1", 3333, 17, 667), ("2", 6667, 33, 1333), ("0.5", 1667, 8, 333)]
)
def test_a_part_is_rounded_half_away_from_zero_R4(pieces, total, discount, tax):
    part = part_of(MUGS, Decimal(pieces))
    assert (part.total_minor, part.discount_minor, part.tax_minor) == (total, discount, tax)
    assert (part.quantity, part.unit_price_minor, part.name) == (Decimal(pieces), 3350, "Mug")


def test_a_part_of_a_discount_is_negative_too():
    part = part_of(OrderLine("Rebate", Decimal(2), -125, -250, 2500, -50), Decimal(1))
    assert (part.total_minor, part.tax_minor, part.discount_minor) == (-125, -25, 0)


@pytest.mark.parametrize("pieces", range(1, 7))
def test_whole_pieces_keep_the_rules_that_klarna_checks(pieces):
    line = OrderLine("Cup", Decimal(7), 1999, 13500, 1200, 1446, discount_minor=493)
    part = part_of(line, Decimal(pieces))
    (written,) = klarna_lines.written([part], part.total_minor)
    assert (written["quantity"], written["total_amount"]) == (pieces, part.total_minor)


@pytest.mark.parametrize("pieces", ["0", "-1", "3.01"])
def test_none_and_more_than_there_are_is_refused(pieces):
    with pytest.raises(ValueError, match="of 3"):
        part_of(MUGS, Decimal(pieces))


CUPS = OrderLine("Cup", Decimal(2), 500, 1000, 2500, 200, reference="SKU-2")


@pytest.mark.parametrize(
    ("gone", "left"),
    [
        ([], [("Mug", 3, 10000), ("Cup", 2, 1000)]),
        ([part_of(MUGS, Decimal(1))], [("Mug", 2, 6667), ("Cup", 2, 1000)]),
        ([part_of(MUGS, Decimal(1)), part_of(MUGS, Decimal(2))], [("Cup", 2, 1000)]),
        ([MUGS, CUPS], []),
    ],
)
def test_what_is_left_keeps_the_order_of_the_lines(gone, left):
    assert [(line.name, line.quantity, line.total_minor) for line in less([MUGS, CUPS], gone)] == left


@pytest.mark.parametrize(
    "gone",
    [
        [CUPS, part_of(CUPS, Decimal(1))],
        [replace(CUPS, unit_price_minor=400)],
        [replace(CUPS, quantity=Decimal(3))],
    ],
)
def test_what_is_left_is_not_known_where_more_is_gone_than_there_is(gone):
    assert less([MUGS, CUPS], gone) is None


def test_lines_that_look_alike_are_told_apart_by_the_providers_id_only():
    assert less([CUPS, CUPS], []) is None
    first, second = replace(CUPS, provider_line_ref="1"), replace(CUPS, provider_line_ref="2")
    assert less([first, second], [replace(MUGS, provider_line_ref="2", quantity=Decimal(2))]) == (first,)
