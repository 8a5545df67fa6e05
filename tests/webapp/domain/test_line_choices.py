"""Choices of order lines: by id or reference, never more than is left, and whole pieces stay whole."""

from __future__ import annotations

from decimal import Decimal

import pytest

from providers.lines import OrderLine
from webapp.domain.line_choices import Choice, ChoiceFault, ChoiceWrong, chosen_line, id_of

MUGS = OrderLine("Mug", Decimal(3), 10000, 30000, 2500, 6000, reference="SKU-2", provider_line_ref="2")
FABRIC = OrderLine("Fabric", Decimal("2.5"), 4000, 10000, 2500, 2000, reference="SKU-3")
OTHER = OrderLine("Fabric, blue", Decimal(1), 4000, 4000, 2500, 800, reference="SKU-3")
LEFT = [MUGS, FABRIC, OTHER]
F = ChoiceFault


@pytest.mark.parametrize(
    ("choice", "total", "quantity"),
    [
        (Choice("SKU-2"), 30000, "3"),
        (Choice("SKU-2", Decimal(1)), 10000, "1"),
        (Choice(id_of(MUGS), Decimal("2.00")), 20000, "2"),
        (Choice(id_of(FABRIC), Decimal("0.25")), 1000, "0.25"),
    ],
)
def test_a_choice_is_so_many_pieces_of_its_line(choice: Choice, total: int, quantity: str) -> None:
    found = chosen_line(choice, LEFT)
    assert (found.total_minor, found.quantity) == (total, Decimal(quantity))
    assert found.tax_minor == total // 5


@pytest.mark.parametrize(
    ("choice", "fault", "field"),
    [
        (Choice("SKU-9"), F.UNKNOWN, "line"),
        (Choice("Mug"), F.UNKNOWN, "line"),
        (Choice("SKU-3"), F.AMBIGUOUS, "line"),
        (Choice(id_of(OTHER)), F.TWICE, "line"),
        (Choice("SKU-2", Decimal(0)), F.QUANTITY, "quantity"),
        (Choice("SKU-2", Decimal(4)), F.QUANTITY, "quantity"),
        (Choice("SKU-2", Decimal("1.5")), F.WHOLE_PIECES, "quantity"),
    ],
)
def test_what_is_wrong_with_a_choice_is_named(choice: Choice, fault: ChoiceFault, field: str) -> None:
    with pytest.raises(ChoiceWrong) as wrong:
        chosen_line(choice, LEFT, [id_of(OTHER)])
    assert (wrong.value.fault, wrong.value.field) == (fault, field)


def test_a_line_that_moves_as_a_whole_has_no_parts() -> None:
    assert chosen_line(Choice("SKU-2", Decimal(3)), LEFT, whole_lines=True) == MUGS
    with pytest.raises(ChoiceWrong) as wrong:
        chosen_line(Choice("SKU-2", Decimal(1)), LEFT, whole_lines=True)
    assert (wrong.value.fault, wrong.value.left) == (F.WHOLE_LINE, Decimal(3))


def test_an_id_stays_while_pieces_go_and_differs_between_lines() -> None:
    assert id_of(chosen_line(Choice("SKU-2", Decimal(1)), LEFT)) == id_of(MUGS)
    assert len({id_of(line) for line in LEFT}) == len(LEFT)
