"""What does not add up between our books and a provider, and when it is believed (R28); pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from providers.kinds import MovementKind, ProviderState
from providers.snapshots import PaymentSnapshot
from webapp.domain.operations import TWO_READS_APART
from webapp.domain.payment_state import Sums

OPEN_EVERY = timedelta(minutes=50)  # a little under the hour of the job, so that no run comes just too early
RECENT = timedelta(days=90)
NIGHT = time(2)


class CaseKind(StrEnum):
    """What does not add up."""

    OURS_MISSING = "ours_missing"  # an operation that we call done, and the provider does not show it
    MOVEMENT_MISSING = "movement_missing"  # made at the provider, shown once, and not any more
    AMOUNT_DIFFERS = "amount_differs"  # the sums differ, and no movement explains it
    CURRENCY_DIFFERS = "currency_differs"
    PAYMENT_GONE = "payment_gone"  # the provider knows no such payment
    EXCESS = "excess"  # the provider moved more than our books allow (I1)
    CHARGEBACK = "chargeback"
    HOLD_LAPSED = "hold_lapsed"  # money was reserved and not captured in time
    ORDER_TOTAL = "order_total"  # the order's payments come to more than the order


class CaseState(StrEnum):
    """Where a case stands. Only people set one aside; it comes up again when its facts change."""

    SUSPECTED = "suspected"  # seen by one read, which may have been an old one (R26); shown to nobody
    OPEN = "open"
    SET_ASIDE = "set_aside"
    CLOSED = "closed"  # a comparison agreed


LIVE = frozenset({CaseState.SUSPECTED, CaseState.OPEN, CaseState.SET_ASIDE})
DIFFERENCES = frozenset({CaseKind.OURS_MISSING, CaseKind.MOVEMENT_MISSING, CaseKind.AMOUNT_DIFFERS})
OF_READS = DIFFERENCES | {CaseKind.CURRENCY_DIFFERS, CaseKind.PAYMENT_GONE}
"""Known from what the provider shows, so believed after two reads; they freeze the payment (R28)."""
OF_BOOKS = frozenset(CaseKind) - OF_READS
"""Known from our own books, so seen at once. Excess and chargeback were frozen when they were booked."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that does not add up. `facts` are JSON, and tell one occurrence from another."""

    kind: CaseKind
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Booked:
    """One movement of our ledger; `operation_id` as text, None for one made elsewhere."""

    kind: MovementKind
    id: str
    minor: int
    operation_id: str | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """The three sums that both sides can be asked for, in minor units; `refunded` less what came back."""

    captured: int
    refunded: int
    held: int  # authorised, and neither captured nor released

    def facts(self) -> dict[str, int]:
        """As JSON."""
        return {"captured": self.captured, "refunded": self.refunded, "held": self.held}


@dataclass(frozen=True, slots=True)
class PaidFor:
    """What an order asks for and what its payments come to, in minor units of the order's currency."""

    total_minor: int
    paid_minor: int
    payments: int


@dataclass(frozen=True, slots=True)
class OurSide:
    """A payment in our books after the read was taken over. `order` None: another payment speaks for the order."""

    currency: str
    figures: Figures
    movements: Sequence[Booked]
    excess_minor: int = 0
    charged_back_minor: int = 0
    lapsed_minor: int = 0  # see `lapsed_minor`
    hold_expires_at: datetime | None = None
    order: PaidFor | None = None


def differences(ours: OurSide, seen: PaymentSnapshot) -> list[Finding]:
    """What the provider shows and we do not, or the reverse; nothing where the sums agree."""
    theirs = figures_of(seen)
    if ours.currency != seen.authorised.currency:
        return [Finding(CaseKind.CURRENCY_DIFFERS, {"ours": ours.currency, "theirs": seen.authorised.currency})]
    if seen.state is ProviderState.FAILED and not ours.figures.captured:
        return []  # of a payment that failed no sums are shown, and nothing of it can move
    if ours.figures == theirs:
        return []
    facts = {"currency": ours.currency, "ours": ours.figures.facts(), "theirs": theirs.facts()}
    missing = list(_missing(ours, seen, theirs))
    found = []
    for kind, is_ours in ((CaseKind.OURS_MISSING, True), (CaseKind.MOVEMENT_MISSING, False)):
        of_kind = [_line(one) for one in missing if (one.operation_id is not None) is is_ours]
        if of_kind:
            found.append(Finding(kind, facts | {"missing": of_kind}))
    return found or [Finding(CaseKind.AMOUNT_DIFFERS, facts)]


def figures_of(seen: PaymentSnapshot) -> Figures:
    """The provider's side of the comparison."""
    level = seen.open_authorised
    open_minor = level.minor if level is not None else seen.authorised.minor - seen.cancelled.minor
    return Figures(seen.captured.minor, seen.refunded.minor, max(0, open_minor - seen.captured.minor))


def _missing(ours: OurSide, seen: PaymentSnapshot, theirs: Figures) -> Iterable[Booked]:
    """Movements of ours that the provider does not show, of the kinds of which it shows less."""
    less = {
        MovementKind.CAPTURE: theirs.captured < ours.figures.captured,
        MovementKind.REFUND: theirs.refunded < ours.figures.refunded,
        MovementKind.CANCEL: seen.open_authorised is None and theirs.held > ours.figures.held,
    }
    ids = {(one.kind, one.id) for one in seen.movements}
    totals = {(one.kind, one.id): one.money.minor for one in seen.totals}
    for one in ours.movements:
        if less.get(one.kind) and (one.kind, one.id) not in ids and not _is_in_total(one, totals):
            yield one


def _is_in_total(one: Booked, totals: Mapping[tuple[MovementKind, str], int]) -> bool:
    """What was derived from a running total is shown as long as that total has come so far (I9)."""
    name, _, total = one.id.rpartition(":")
    return total.isascii() and total.isdigit() and int(total) <= totals.get((one.kind, name), -1)


def _line(one: Booked) -> dict[str, Any]:
    return {"kind": one.kind.value, "id": one.id, "minor": one.minor, "operation": one.operation_id}


def own_findings(ours: OurSide) -> list[Finding]:
    """What our own books say, after whatever the provider showed was taken over."""
    found, currency = [], {"currency": ours.currency}
    if ours.excess_minor:
        found.append(Finding(CaseKind.EXCESS, currency | {"minor": ours.excess_minor}))
    if ours.charged_back_minor:
        found.append(Finding(CaseKind.CHARGEBACK, currency | {"minor": ours.charged_back_minor}))
    if ours.lapsed_minor:
        at = ours.hold_expires_at
        facts = currency | {"minor": ours.lapsed_minor, "at": at.isoformat() if at else None}
        found.append(Finding(CaseKind.HOLD_LAPSED, facts))
    order = ours.order
    if order is not None and order.paid_minor > order.total_minor:
        sums = {"total": order.total_minor, "paid": order.paid_minor, "payments": order.payments}
        found.append(Finding(CaseKind.ORDER_TOTAL, currency | sums))
    return found


def lapsed_minor(before: ProviderState, now_is: ProviderState, sums: Sums, *, is_past: bool, is_known: bool) -> int:
    """What was reserved for us and not captured before the hold ended; minor units.

    `before` and `now_is` are the provider's word before and after the read, `is_past` whether the hold has ended by
    its date, `is_known` whether a case says so already: a payment that nobody ever paid expires too, and is no case.
    """
    if now_is is ProviderState.AUTHORISED:
        return sums.authorised - sums.cancelled - sums.captured if is_past else 0
    if now_is is not ProviderState.EXPIRED or sums.captured:
        return 0
    return sums.authorised if is_known or before is ProviderState.AUTHORISED else 0


def is_settled(last_change_at: datetime | None, read_at: datetime, settle_s: int) -> bool:
    """Whether a read may prove that something is not there: all we know of is older than the settle window."""
    return last_change_at is None or read_at - last_change_at >= timedelta(seconds=settle_s)


def is_confirmed(first_read_at: datetime, read_at: datetime) -> bool:
    """Whether a second read stands far enough from the first one (section 6, C2)."""
    return read_at - first_read_at >= TWO_READS_APART


def next_comparison(now: datetime, zone: str, *, is_open: bool, last_moved_at: datetime) -> datetime | None:
    """When a payment is compared next: about hourly while open, nightly for 90 days, then no more (R28).

    `last_moved_at` is when the payment came about or last changed. An open one that is older is compared nightly.
    """
    is_recent = now - last_moved_at < RECENT
    if is_open and is_recent:
        return now + OPEN_EVERY
    if not (is_open or is_recent):
        return None
    local = now.astimezone(ZoneInfo(zone))
    day = local.date() if local.time() < NIGHT else local.date() + timedelta(days=1)
    return datetime.combine(day, NIGHT, ZoneInfo(zone)).astimezone(UTC)
