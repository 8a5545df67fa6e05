"""Sums become movements: each growth once, old reads nothing, a level only when it can be no old one (I9, R26, R33)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as some

from providers.kinds import MovementKind, ProviderState
from providers.money import Money
from providers.snapshots import Movement, PaymentSnapshot, RunningTotal
from tests.factories import LONG_AGO
from webapp.domain.operations import STALE_READ
from webapp.domain.totals import Books, Derived, booked_totals, derive

REFUND, CANCEL, AUTHORISE, CAPTURE = (
    MovementKind.REFUND,
    MovementKind.CANCEL,
    MovementKind.AUTHORISE,
    MovementKind.CAPTURE,
)


def sek(minor: int) -> Money:
    return Money(minor, "SEK")


def read(level: int | None = 1000, *, authorised: int = 1000, totals: Sequence[RunningTotal] = ()) -> PaymentSnapshot:
    refunded = sum(total.money.minor for total in totals)
    return PaymentSnapshot(
        provider_ref="p1",
        state=ProviderState.AUTHORISED,
        method="invoice",
        authorised=sek(authorised),
        captured=sek(0),
        cancelled=sek(0),
        refunded=sek(refunded),
        movements=(),
        totals=totals,
        open_authorised=None if level is None else sek(level),
    )


def credited(minor: int, delivery: str = "880017", reference: str | None = None) -> RunningTotal:
    return RunningTotal(REFUND, f"credited:{delivery}", sek(minor), reference)


@dataclass
class Ledger:
    """Books whatever is derived, as the real one does: once for each id."""

    rows: dict[tuple[MovementKind, str], int] = field(default_factory=dict)
    level_changed_at: datetime | None = None

    def total(self, kind: MovementKind) -> int:
        return sum(minor for (of, _name), minor in self.rows.items() if of is kind)

    def take_in(self, seen: PaymentSnapshot, read_at: datetime) -> Derived:
        books = Books(
            provider_ref="p1",
            currency="SEK",
            authorised=self.total(AUTHORISE),
            captured=self.total(CAPTURE),
            cancelled=self.total(CANCEL),
            totals=booked_totals(self.rows),
            level_changed_at=self.level_changed_at,
        )
        derived = derive(seen, books, read_at)
        for movement in derived.movements:
            assert (movement.kind, movement.id) not in self.rows, "derived twice"
            self.rows[movement.kind, movement.id] = movement.money.minor
            if movement.kind in {AUTHORISE, CANCEL}:
                self.level_changed_at = read_at
        return derived


def at(seconds: float) -> datetime:
    return LONG_AGO + timedelta(seconds=seconds)


def test_the_growth_of_a_total_is_one_movement_with_the_total_in_its_id_I9() -> None:
    ledger = Ledger()
    ledger.take_in(read(totals=[credited(300)]), at(0))
    (found,) = ledger.take_in(read(totals=[credited(450, reference="op1")]), at(10)).movements
    assert found == Movement(REFUND, "credited:880017:450", sek(150), "op1")
    assert ledger.take_in(read(totals=[credited(450)]), at(20)).movements == []


def test_an_old_read_with_a_smaller_total_books_nothing_and_is_known_as_old_R33() -> None:
    ledger = Ledger()
    ledger.take_in(read(totals=[credited(450)]), at(0))
    for old in (read(totals=[credited(300)]), read()):
        derived = ledger.take_in(old, at(10))
        assert (derived.movements, derived.is_behind) == ([], True)
    assert ledger.total(REFUND) == 450


def test_a_read_that_shows_less_captured_than_our_books_is_an_old_one_R33() -> None:
    captured = replace(read(), captured=sek(400), movements=[Movement(CAPTURE, "c1", sek(400))])
    books = Books("p1", "SEK", authorised=1000, captured=400, cancelled=0, totals={})
    assert not derive(captured, books, at(0)).is_behind
    assert derive(read(), books, at(0)).is_behind


def test_ids_of_single_movements_that_end_in_a_sum_are_no_totals() -> None:
    """Klarna's refunds without an id are derived so, and may get one later."""
    assert not derive(read(), Books("p1", "SEK", 1000, 0, 0, {(REFUND, "p1:refund"): 400}), at(0)).is_behind


def test_totals_of_two_deliveries_grow_apart_from_each_other() -> None:
    ledger = Ledger()
    ledger.take_in(read(totals=[credited(300), credited(200, "880018")]), at(0))
    found = ledger.take_in(read(totals=[credited(300), credited(250, "880018")]), at(10)).movements
    assert [(one.id, one.money.minor) for one in found] == [("credited:880018:250", 50)]


def test_the_first_read_takes_the_adapters_words_for_what_was_authorised_and_released() -> None:
    ledger = Ledger()
    ledger.take_in(read(700, authorised=1000), at(0))
    assert (ledger.total(AUTHORISE), ledger.total(CANCEL)) == (1000, 300)


def test_a_level_that_falls_is_a_release_and_one_that_rises_an_authorisation() -> None:
    ledger = Ledger()
    ledger.take_in(read(), at(0))
    (down,) = ledger.take_in(read(800), at(61)).movements
    assert (down.kind, down.id, down.money) == (CANCEL, "p1:cancel:200", sek(200))
    (up,) = ledger.take_in(read(1100), at(122)).movements
    assert (up.kind, up.id, up.money) == (AUTHORISE, "p1:authorise:1300", sek(300))


def test_a_level_is_not_believed_within_a_minute_of_the_change_before_it_R26() -> None:
    ledger = Ledger()
    ledger.take_in(read(), at(0))
    ledger.take_in(read(800), at(100))
    stale = ledger.take_in(read(1000), at(159))
    assert (stale.movements, stale.withheld) == ([], True)
    assert not ledger.take_in(read(800), at(159)).withheld
    assert [one.money.minor for one in ledger.take_in(read(600), at(160)).movements] == [200]


def test_a_level_of_nothing_is_not_taken_for_a_payment_without_one() -> None:
    ledger = Ledger()
    ledger.take_in(read(), at(0))
    assert ledger.take_in(read(0), at(61)).movements[0].money == sek(1000)


@dataclass(frozen=True)
class Provider:
    """What was true from which second on."""

    moments: tuple[float, ...]
    levels: tuple[int, ...]
    totals: tuple[int, ...]

    def shows(self, second: float) -> PaymentSnapshot:
        place = max(index for index, moment in enumerate(self.moments) if moment <= max(second, 0))
        total = self.totals[place]
        return read(self.levels[place], totals=[credited(total)] if total else ())


@some.composite
def providers(draw: some.DrawFn) -> Provider:
    """Levels go up and down, totals only grow, at any distance from each other."""
    count = draw(some.integers(1, 8))
    gaps = draw(some.lists(some.floats(0.1, 90), min_size=count - 1, max_size=count - 1))
    grown = draw(some.lists(some.integers(0, 50), min_size=count, max_size=count))
    levels = draw(some.lists(some.integers(0, 1000), min_size=count, max_size=count))
    moments = tuple(sum(gaps[:index]) for index in range(count))
    return Provider(moments, tuple(levels), tuple(sum(grown[: index + 1]) for index in range(count)))


@settings(max_examples=200, deadline=None)
@given(
    providers(),
    some.lists(some.tuples(some.floats(0, 600), some.floats(0, STALE_READ.total_seconds())), max_size=12),
)
def test_after_any_history_of_fresh_and_stale_reads_the_books_are_the_newest_sums_R26_I9(
    provider: Provider, reads: list[tuple[float, float]]
) -> None:
    """A read shows what was true up to a minute before it began; the level is exact once a minute went by."""
    ledger = Ledger()
    for begun, age in sorted(reads):
        derived = ledger.take_in(provider.shows(begun - age), at(begun))
        assert ledger.total(REFUND) <= provider.totals[-1]
        if not derived.withheld:
            assert ledger.total(AUTHORISE) - ledger.total(CANCEL) == provider.shows(begun - age).open_authorised.minor  # type: ignore[union-attr]
    last = provider.shows(10_000)
    ledger.take_in(last, at(10_000))
    assert ledger.total(REFUND) == provider.totals[-1]
    assert ledger.total(AUTHORISE) - ledger.total(CANCEL) == provider.levels[-1]
    assert not ledger.take_in(last, at(10_001)).movements


@settings(max_examples=200, deadline=None)
@given(providers(), some.lists(some.tuples(some.floats(0, 600), some.floats(0, 60)), max_size=12))
def test_no_believed_level_is_older_than_the_one_believed_before_it_R26(
    provider: Provider, reads: list[tuple[float, float]]
) -> None:
    """What was booked never goes back to an earlier moment at the provider."""
    ledger, newest = Ledger(), -1000.0
    for begun, age in sorted(reads):
        before = dict(ledger.rows)
        ledger.take_in(provider.shows(begun - age), at(begun))
        changed = {mark for mark in ledger.rows.keys() - before.keys() if mark[0] in {AUTHORISE, CANCEL}}
        if changed:
            assert begun - age >= newest - 1e-6
            newest = begun - age
