"""Which order lines a wish is about, and how many pieces of each: named by programs, found among what is left; pure."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from providers.line_parts import part_of
from providers.lines import OrderLine


class ChoiceFault(StrEnum):
    """What is wrong with a choice."""

    UNKNOWN = "unknown"  # no such line, or nothing is left of it
    AMBIGUOUS = "ambiguous"  # several lines have this reference
    TWICE = "twice"  # another choice is about the same line
    QUANTITY = "quantity"  # none, or more than is left
    WHOLE_PIECES = "whole_pieces"  # a part of a piece of a line that has whole ones
    WHOLE_LINE = "whole_line"  # a part of a line that the provider moves as it is or not at all


class ChoiceWrong(ValueError):
    """A choice that is about no line, or about more than there is; `field` names the part of it, as in `Choice`."""

    def __init__(self, fault: ChoiceFault, field: str, left: Decimal = Decimal(0)) -> None:
        super().__init__(fault.value)
        self.fault = fault
        self.field = field
        self.left = left


@dataclass(frozen=True, slots=True)
class Choice:
    """So many pieces of a line, None for all that is left. `line` is its id (`id_of`) or the shop's reference."""

    line: str
    quantity: Decimal | None = None


def id_of(line: OrderLine) -> str:
    """A short name that stays with the line while pieces of it go; two that look alike have the same."""
    mark = line.provider_line_ref or f"{line.reference}\0{line.name}\0{line.unit_price_minor}"
    return hashlib.sha256(mark.encode()).hexdigest()[:10]


def chosen_line(
    choice: Choice, left: Sequence[OrderLine], taken: Collection[str] = (), *, whole_lines: bool = False
) -> OrderLine:
    """The chosen pieces as a line of their own; `taken` are ids of lines chosen before. Raises ChoiceWrong."""
    found = [line for line in left if id_of(line) == choice.line]
    found = found or [line for line in left if line.reference == choice.line]
    if not found:
        raise ChoiceWrong(ChoiceFault.UNKNOWN, "line")
    if len(found) > 1:
        raise ChoiceWrong(ChoiceFault.AMBIGUOUS, "line")
    line = found[0]
    if id_of(line) in taken:
        raise ChoiceWrong(ChoiceFault.TWICE, "line")
    return pieces_of(line, line.quantity if choice.quantity is None else choice.quantity, whole_lines=whole_lines)


def pieces_of(line: OrderLine, quantity: Decimal, *, whole_lines: bool) -> OrderLine:
    """So many pieces of a line as a line of their own. Raises ChoiceWrong where the line cannot be parted like that."""
    if not 0 < quantity <= line.quantity:
        raise ChoiceWrong(ChoiceFault.QUANTITY, "quantity", line.quantity)
    if quantity % 1 and not line.quantity % 1:
        raise ChoiceWrong(ChoiceFault.WHOLE_PIECES, "quantity", line.quantity)
    if whole_lines and quantity != line.quantity:
        raise ChoiceWrong(ChoiceFault.WHOLE_LINE, "quantity", line.quantity)
    return part_of(line, quantity)
