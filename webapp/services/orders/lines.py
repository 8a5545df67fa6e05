"""An order's lines with what is known of each: how many pieces were captured, and how many of these given back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from providers.kinds import OperationKind
from providers.line_parts import less, part_of
from providers.lines import OrderLine
from webapp.domain.operations import OperationState
from webapp.domain.order_lines import sum_of
from webapp.models import Operation, Order, Payment
from webapp.services.operations import kept_lines

_DONE = OperationState.SUCCEEDED


@dataclass(frozen=True, slots=True)
class ShownLine:
    """One line; `captured` and `refunded` are the pieces that are known to be, of its quantity."""

    line: OrderLine
    captured: Decimal
    refunded: Decimal


@dataclass(frozen=True, slots=True)
class ShownLines:
    """The lines of an order: its own, else those that a provider showed (`are_of_provider`); minor units.

    `unclear_captured_minor` and `unclear_refunded_minor` moved without anybody saying which lines they were about.
    """

    lines: Sequence[ShownLine] = ()
    are_of_provider: bool = False
    unclear_captured_minor: int = 0
    unclear_refunded_minor: int = 0

    @property
    def total_minor(self) -> int:
        """What the lines come to."""
        return sum_of([shown.line for shown in self.lines])


def shown_lines(order: Order, payments: Sequence[Payment], operations: Sequence[Operation]) -> ShownLines:
    """The lines of one order, with all its payments and operations; no SQL where `payments` have their lines."""
    own = kept_lines.load(order.lines)
    baskets = {payment.id: kept_lines.load(payment.lines) or own for payment in payments}
    lines = own or next(filter(None, baskets.values()), ())
    if not lines:
        return ShownLines()
    captured, refunded = list[OrderLine](), list[OrderLine]()
    for payment in payments:
        mine = [one for one in operations if one.payment_id == payment.id and one.state is _DONE]
        taken = _captured(payment, baskets[payment.id], _told(mine, OperationKind.CAPTURE))
        captured += taken
        refunded += _refunded(payment, taken, _told(mine, OperationKind.REFUND))
    pieces_captured, pieces_refunded = _matched(lines, captured), _matched(lines, refunded)
    captured_minor = sum(payment.captured_minor for payment in payments)
    refunded_minor = sum(payment.refunded_minor for payment in payments)
    return ShownLines(
        lines=[ShownLine(*each) for each in zip(lines, pieces_captured, pieces_refunded, strict=True)],
        are_of_provider=not own,
        unclear_captured_minor=_unclear(captured_minor, lines, pieces_captured),
        unclear_refunded_minor=_unclear(refunded_minor, lines, pieces_refunded),
    )


def _captured(payment: Payment, basket: Sequence[OrderLine], told: Sequence[OrderLine]) -> Sequence[OrderLine]:
    """The captured pieces: all of the basket, what the last read no longer shows as open, else what we asked for."""
    if not payment.captured_minor or _come_to(basket, payment.captured_minor):
        return basket if payment.captured_minor else ()
    seen = less(basket, kept_lines.load(payment.open_lines)) if payment.open_lines else None
    return seen if seen and _come_to(seen, payment.captured_minor) else told


def _refunded(payment: Payment, captured: Sequence[OrderLine], told: Sequence[OrderLine]) -> Sequence[OrderLine]:
    """Of the captured pieces those that were given back, found in the same way."""
    if payment.refunded_minor in (0, payment.captured_minor):
        return captured if payment.refunded_minor else ()
    seen = less(captured, kept_lines.load(payment.refundable_lines)) if payment.refundable_lines else None
    return seen if seen and _come_to(seen, payment.refunded_minor) else told


def _told(operations: Iterable[Operation], kind: OperationKind) -> Sequence[OrderLine]:
    """The lines that our finished operations were about."""
    return [line for one in operations if one.kind is kind for line in kept_lines.load(one.lines)]


def _come_to(lines: Sequence[OrderLine], minor: int) -> bool:
    """Whether the lines are an amount, but for the rounding of each."""
    return abs(sum_of(lines) - minor) <= len(lines)


def _matched(lines: Sequence[OrderLine], gone: Iterable[OrderLine]) -> list[Decimal]:
    """How many pieces of each line are among `gone`; the shop and the provider may spell the rest of it differently."""
    left: defaultdict[tuple[str, int], Decimal] = defaultdict(Decimal)
    for line in gone:
        left[_key(line)] += line.quantity
    found = []
    for line in lines:
        pieces = min(line.quantity, left[_key(line)])
        left[_key(line)] -= pieces
        found.append(pieces)
    return found


def _key(line: OrderLine) -> tuple[str, int]:
    return line.reference or line.name, line.unit_price_minor


def _unclear(moved_minor: int, lines: Sequence[OrderLine], pieces: Sequence[Decimal]) -> int:
    """What moved beyond these pieces; 0 within the rounding of each line, minor units."""
    known = sum(part_of(line, count).total_minor for line, count in zip(lines, pieces, strict=True) if count)
    rest = moved_minor - known
    return rest if rest > len(lines) else 0
