"""An order as Payment Admin shows it (section 2), and what its figures come to; pure.

Sums are minor units of the order's currency, quantities hundredths of a piece, VAT hundredths of a percent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from providers.references import find_code
from providers.svea import actions

OPEN, DELIVERED, CANCELLED, FAILED, EXPIRED = "OPEN", "DELIVERED", "CANCELLED", "FAILED", "EXPIRED"
PROCESSING, PENDING = "PROCESSING", "PENDING"
INVOICE = "invoice"
KNOWN = frozenset({OPEN, DELIVERED, CANCELLED, FAILED, EXPIRED, PROCESSING, PENDING})
NOTHING_OPEN = frozenset({DELIVERED, CANCELLED, FAILED, EXPIRED, PROCESSING})


@dataclass(frozen=True, slots=True)
class Row:
    """An order line; `total` is with VAT and after its discount. The texts are empty where only sums were kept."""

    id: int
    quantity: int
    total: int
    vat: int
    actions: frozenset[str] = frozenset()
    is_cancelled: bool = False
    unit_price: int = 0
    name: str = ""
    article: str = ""
    unit: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Credit:
    """What a delivery gave back at once; `amount` is positive here. Svea's list gives it no id."""

    amount: int
    by_vat: Sequence[tuple[int, int]] = ()  # VAT rate and amount of each of its rows
    code: str | None = None  # our short code, where a row's name holds one
    rows: Sequence[Row] = ()  # with negative quantities; not kept


@dataclass(frozen=True, slots=True)
class Delivery:
    """A capture; it is the unit that a credit gives back."""

    id: int
    amount: int
    credited: int
    rows: Sequence[Row] = ()
    credits: Sequence[Credit] = ()
    actions: frozenset[str] = frozenset()
    created: str = ""

    @property
    def left(self) -> int:
        """What `CreditedAmount` may still grow by."""
        return max(self.amount - self.credited, 0)

    @property
    def creditable_rows(self) -> list[Row]:
        """The rows that may be credited as they are."""
        if actions.CREDIT_ROWS not in self.actions:
            return []
        return [row for row in self.rows if actions.CREDIT_ROW in row.actions]

    @property
    def creditable_by_rows(self) -> int:
        """What crediting all those rows gives back; 0 where that would be more than is left."""
        rows = self.creditable_rows
        total = sum(row.total for row in rows)
        if rows and len(rows) == len(self.rows) and not self.credited and abs(total - self.left) <= len(rows):
            return self.left  # all of it: Svea's sum holds, not our rounding
        return total if 0 < total <= self.left else 0

    @property
    def takes_amounts(self) -> bool:
        """Whether any amount within what is left may be given back."""
        by_new_row = actions.CREDIT_NEW_ROW in self.actions and bool(self.rows)  # without rows no VAT is known
        return self.left > 0 and (actions.CREDIT_AMOUNT in self.actions or by_new_row)


@dataclass(frozen=True, slots=True)
class Order:
    """The order. `deliveries` are oldest first; `status` and `system_status` are in upper case."""

    id: int
    currency: str
    status: str
    system_status: str
    payment_type: str
    amount: int
    cancelled: int
    rows: Sequence[Row] = ()
    deliveries: Sequence[Delivery] = ()
    actions: frozenset[str] = frozenset()

    @property
    def is_held(self) -> bool:
        """Svea still approves it: nothing may be shipped or delivered."""
        over = (CANCELLED, FAILED, EXPIRED)
        return self.status not in over and PENDING in (self.system_status, self.status)

    @property
    def credits_pieces(self) -> bool:
        """Whether a part of a row's quantity may be credited; the page ties that to the type (call 13)."""
        return self.payment_type.lower() == INVOICE

    @property
    def open_rows(self) -> list[Row]:
        """Rows that are neither delivered nor cancelled."""
        return [row for row in self.rows if not row.is_cancelled]

    @property
    def cancellable_rows(self) -> list[Row]:
        """The open rows that may be cancelled."""
        if actions.CANCEL_ROWS not in self.actions:
            return []
        return [row for row in self.open_rows if actions.CANCEL_ROW in row.actions]

    @property
    def delivered(self) -> int:
        """What was captured."""
        return sum(delivery.amount for delivery in self.deliveries)

    @property
    def open(self) -> int:
        """What is authorised, not captured and not released.

        `OrderAmount` does not shrink, and whether it follows a change of rows is unconfirmed. So the rows decide
        where nothing but rows was cancelled and both differ by more than rounding, the sums everywhere else.
        """
        if self.status in NOTHING_OPEN:
            return 0
        by_cancelled_rows = sum(row.total for row in self.rows if row.is_cancelled)
        by_sums = self.amount - self.delivered - max(self.cancelled, by_cancelled_rows)
        by_rows = sum(row.total for row in self.open_rows)
        rounding = self._rounding
        only_rows = self.cancelled <= by_cancelled_rows + rounding
        if self.open_rows and only_rows and abs(by_rows - by_sums) > rounding:
            return max(by_rows, 0)
        return max(by_sums, 0)

    @property
    def _rounding(self) -> int:
        """What the sums of rows may be off by: one minor unit for each."""
        return len(self.rows) + sum(len(delivery.rows) for delivery in self.deliveries)

    @property
    def _rounding_of_cancelled(self) -> int:
        """What the sum of cancelled rows may be off by; 0 where none was cancelled."""
        return self._rounding if any(row.is_cancelled for row in self.rows) else 0

    @property
    def given_back(self) -> Mapping[int, int]:
        """What each delivery gave back, by its id.

        That is its `CreditedAmount`, and what was cancelled on the order after it was captured (a card before it
        is settled), which is taken from the oldest first. A delivery of a cancelled order that cannot be credited
        any more gave back everything.
        """
        # A fee that Svea adds on delivery makes it more than the order, and was not given back.
        beyond = min(max(self.delivered + self.cancelled - self.amount, 0), self.cancelled)
        if self.open or beyond <= self._rounding_of_cancelled:
            beyond = 0
        found = {}
        for delivery in self.deliveries:
            everything = self.status == CANCELLED and not delivery.actions & actions.CREDITS
            share = delivery.left if everything else min(delivery.left, beyond)
            beyond -= 0 if everything else share
            found[delivery.id] = delivery.credited + share
        return found

    @property
    def left(self) -> int:
        """What is captured and not given back."""
        return max(self.delivered - sum(self.given_back.values()), 0)

    def delivery(self, wanted: str | None) -> Delivery | None:
        """The delivery of that id, as text; None where there is none."""
        return next((one for one in self.deliveries if str(one.id) == wanted), None)


def code_in(names: Sequence[str]) -> str | None:
    """Our short code in the names of a credit's rows."""
    return next((code for code in map(find_code, names) if code), None)
