"""A part of an order line: exact as a whole, rounded as a part, and never more than there is."""

from decimal import Decimal

import pytest

from providers.klarna import lines as klarna_lines
from providers.line_parts import part_of
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
