"""From the sums that a provider shows to movements of their own (ADR 17); pure, asked under the payment's lock.

A movement made here has an id that says the sum after it (I9), so whoever derives it again derives the same one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from providers.kinds import MovementKind, ProviderState
from providers.money import Money
from providers.snapshots import Movement, PaymentSnapshot
from webapp.domain.operations import STALE_READ

Totals = Mapping[tuple[MovementKind, str], int]
"""What is booked of each running total, by kind and the total's id, in minor units."""


@dataclass(frozen=True, slots=True)
class Books:
    """What our ledger holds of one payment, in minor units of its currency.

    `level_changed_at` is when the newest release or authorisation was booked; None where there is none.
    """

    provider_ref: str
    currency: str
    authorised: int
    captured: int
    cancelled: int
    totals: Totals
    level_changed_at: datetime | None = None

    @property
    def level(self) -> int:
        """What is authorised and not released, captured or not."""
        return self.authorised - self.cancelled


@dataclass(frozen=True, slots=True)
class Derived:
    """What one read comes to.

    `movements` are those to judge and to book. `withheld`: the level differs from our books and may not be believed
    yet (R26). `is_behind`: the read shows less than was booked before, so it is an old one.
    """

    movements: Sequence[Movement]
    withheld: bool = False
    is_behind: bool = False


def booked_totals(known: Iterable[tuple[MovementKind, str]]) -> Totals:
    """How far each running total is booked, read from the ledger's ids."""
    found: dict[tuple[MovementKind, str], int] = {}
    for kind, movement_id in known:
        total_id, _, total = movement_id.rpartition(":")
        if total_id and total.isascii() and total.isdigit():
            found[kind, total_id] = max(int(total), found.get((kind, total_id), 0))
    return found


def derive(seen: PaymentSnapshot, books: Books, read_at: datetime) -> Derived:
    """The movements of one read that began at `read_at`; a stale smaller total is none, and no loss (R33)."""
    moved = [movement for movement in seen.movements if movement.kind is not MovementKind.AUTHORISE]
    moved += _growth(seen, books)
    if seen.open_authorised is None:
        released = _released_with_capture(seen, books)
        return Derived([*_authorised(seen, books), *moved, *released], is_behind=_is_behind(seen, books))
    change = _level_change(seen, books)
    if change and not _may_be_believed(books, read_at):
        return Derived(moved, withheld=True, is_behind=_is_behind(seen, books))
    up = [movement for movement in change if movement.kind is MovementKind.AUTHORISE]
    down = [movement for movement in change if movement.kind is MovementKind.CANCEL]
    return Derived([*up, *moved, *down], is_behind=_is_behind(seen, books))


def _growth(seen: PaymentSnapshot, books: Books) -> Iterator[Movement]:
    for total in seen.totals:
        grown = total.money.minor - books.totals.get((total.kind, total.id), 0)
        if grown > 0:
            money = Money(grown, total.money.currency)
            yield Movement(total.kind, f"{total.id}:{total.money.minor}", money, total.reference)


def _is_behind(seen: PaymentSnapshot, books: Books) -> bool:
    """Captures and running totals only grow, so one that is smaller than in our books was read before them.

    Ids that begin with the payment's reference are no totals: they say the sum of single movements after each.
    """
    shown = {(total.kind, total.id): total.money.minor for total in seen.totals}
    ids = {movement.id for movement in seen.movements}
    if seen.captured.minor < books.captured:
        return True
    if not seen.totals and seen.open_authorised is None:
        return False
    return any(
        shown.get(total, 0) < booked
        for total, booked in books.totals.items()
        if f"{total[1]}:{booked}" not in ids and not total[1].startswith(f"{books.provider_ref}:")
    )


def _level_change(seen: PaymentSnapshot, books: Books) -> list[Movement]:
    """A level that our books do not show: what was authorised, what was released, or both at the first read."""
    assert seen.open_authorised is not None  # noqa: S101 - the caller saw to it
    level = seen.open_authorised.minor
    authorised, cancelled = books.authorised, books.cancelled
    if not authorised:
        authorised = max(seen.authorised.minor, level)
        cancelled = authorised - level
    elif level > books.level:
        authorised += level - books.level
    else:
        cancelled += books.level - level
    found = []
    for kind, before, after in (
        (MovementKind.AUTHORISE, books.authorised, authorised),
        (MovementKind.CANCEL, books.cancelled, cancelled),
    ):
        if after > before:
            found.append(Movement(kind, mark(books.provider_ref, kind, after), Money(after - before, books.currency)))
    return found


def mark(provider_ref: str, kind: MovementKind, total_minor: int) -> str:
    """The id of a movement that the provider gives none: the sum after it."""
    return f"{provider_ref}:{kind.value}:{total_minor}"


def _may_be_believed(books: Books, read_at: datetime) -> bool:
    """A read shows what was true up to a minute before it began: an older level than the one booked last, maybe."""
    return books.level_changed_at is None or read_at - books.level_changed_at >= STALE_READ


def _authorised(seen: PaymentSnapshot, books: Books) -> list[Movement]:
    """An authorisation that is told as movements is booked by how much it grew."""
    kind = MovementKind.AUTHORISE
    total = sum(movement.money.minor for movement in seen.movements if movement.kind is kind)
    grown = total - books.authorised
    return [Movement(kind, mark(books.provider_ref, kind, total), Money(grown, books.currency))] if grown > 0 else []


def _released_with_capture(seen: PaymentSnapshot, books: Books) -> list[Movement]:
    """After a capture of a part some providers show the captured figure as the whole: the rest was released."""
    if seen.state not in {ProviderState.CAPTURED, ProviderState.REFUNDED}:
        return []
    authorised = max(books.authorised, sum(m.money.minor for m in seen.movements if m.kind is MovementKind.AUTHORISE))
    released = authorised - seen.captured.minor - seen.cancelled.minor
    if seen.authorised.minor >= authorised or released <= books.cancelled:
        return []
    rest = Money(released - books.cancelled, books.currency)
    return [Movement(MovementKind.CANCEL, f"{books.provider_ref}:release:{released}", rest)]
