"""What does not add up is told from the read and our books alone; pure (R28)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from providers.kinds import MovementKind, ProviderState
from providers.money import Money
from providers.snapshots import Movement, PaymentSnapshot, RunningTotal
from webapp.domain.cases import (
    Booked,
    CaseKind,
    Figures,
    OurSide,
    PaidFor,
    differences,
    is_confirmed,
    is_settled,
    lapsed_minor,
    next_comparison,
    own_findings,
)
from webapp.domain.payment_state import Sums

M = MovementKind
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def sek(minor: int) -> Money:
    return Money(minor, "SEK")


def shown(captured: int = 1000, refunded: int = 0, **more: object) -> PaymentSnapshot:
    values: dict[str, object] = {
        "provider_ref": "p1",
        "state": ProviderState.CAPTURED,
        "method": "card",
        "authorised": sek(1000),
        "captured": sek(captured),
        "cancelled": sek(0),
        "refunded": sek(refunded),
        "movements": [],
    }
    return PaymentSnapshot(**(values | more))  # type: ignore[arg-type]


def ours(captured: int = 1000, refunded: int = 0, held: int = 0, *movements: Booked) -> OurSide:
    return OurSide("SEK", Figures(captured, refunded, held), movements)


def test_equal_sums_are_no_difference_whatever_the_movements_are_called() -> None:
    assert differences(ours(1000, 200, 0, Booked(M.REFUND, "a", 200)), shown(1000, 200)) == []


def test_a_movement_of_a_running_total_is_shown_while_the_total_has_come_so_far_I9() -> None:
    """The total fell from 500 to 200: what led to 200 is there, what led to 500 is not."""
    first, second = Booked(M.REFUND, "credited:1:200", 200, "op-1"), Booked(M.REFUND, "credited:1:500", 300, "op-2")
    total = RunningTotal(M.REFUND, "credited:1", sek(200))
    (found,) = differences(ours(1000, 500, 0, first, second), shown(1000, 200, totals=[total]))
    assert found.kind is CaseKind.OURS_MISSING
    assert [each["operation"] for each in found.facts["missing"]] == ["op-2"]


def test_ours_and_those_of_the_portal_are_two_cases() -> None:
    both = ours(1000, 500, 0, Booked(M.REFUND, "a", 200, "op-1"), Booked(M.REFUND, "b", 300))
    assert [found.kind for found in differences(both, shown())] == [CaseKind.OURS_MISSING, CaseKind.MOVEMENT_MISSING]


def test_a_level_is_compared_as_what_is_still_held() -> None:
    """A level tells of no releases, so none of ours can be missing from it; another level is another amount."""
    level = shown(400, open_authorised=sek(1000), authorised=sek(9000))
    assert differences(ours(400, 0, 600), level) == []
    released = Booked(M.CANCEL, "p1:cancel:200", 200, "op-1")
    assert [found.kind for found in differences(ours(400, 0, 400, released), level)] == [CaseKind.AMOUNT_DIFFERS]


def test_a_release_that_is_not_shown_is_missing_where_releases_are_movements() -> None:
    released = Booked(M.CANCEL, "void-1", 1000, "op-1")
    open_one = shown(0, state=ProviderState.AUTHORISED, movements=[Movement(M.AUTHORISE, "a", sek(1000))])
    (found,) = differences(ours(0, 0, 0, released), open_one)
    assert (found.kind, found.facts["missing"][0]["id"]) == (CaseKind.OURS_MISSING, "void-1")


def test_of_a_failed_payment_no_sums_are_compared() -> None:
    failed = shown(0, state=ProviderState.FAILED, authorised=sek(0))
    assert differences(ours(0, 0, 1000), failed) == []


def test_another_currency_is_told_before_any_sum() -> None:
    (found,) = differences(replace(ours(5), currency="EUR"), shown())
    assert found.facts == {"ours": "EUR", "theirs": "SEK"}


def test_our_own_books_tell_of_excess_chargebacks_lapsed_holds_and_overpaid_orders() -> None:
    side = replace(
        ours(), excess_minor=1, charged_back_minor=2, lapsed_minor=3, hold_expires_at=NOW, order=PaidFor(4, 5, 2)
    )
    kinds = [CaseKind.EXCESS, CaseKind.CHARGEBACK, CaseKind.HOLD_LAPSED, CaseKind.ORDER_TOTAL]
    assert [found.kind for found in own_findings(side)] == kinds
    assert own_findings(replace(ours(), order=PaidFor(5, 5, 1))) == []


@pytest.mark.parametrize(
    ("before", "now_is", "captured", "is_past", "is_known", "lapsed"),
    [
        ("authorised", "authorised", 0, False, False, 0),
        ("authorised", "authorised", 300, True, False, 700),
        ("authorised", "expired", 0, True, False, 1000),
        ("expired", "expired", 0, True, True, 1000),
        ("expired", "expired", 0, True, False, 0),
        ("waiting", "expired", 0, True, False, 0),
        ("captured", "expired", 1000, True, True, 0),
        ("captured", "captured", 400, True, True, 0),
    ],
)
def test_only_what_was_reserved_for_us_lapses(
    before: str, now_is: str, captured: int, is_past: bool, is_known: bool, lapsed: int
) -> None:
    sums = Sums(1000, 0, captured, 0)
    states = ProviderState(before), ProviderState(now_is)
    assert lapsed_minor(*states, sums, is_past=is_past, is_known=is_known) == lapsed


def test_absence_is_believed_after_the_settle_window_and_two_reads_a_minute_apart_R26() -> None:
    minute = timedelta(minutes=1)
    assert is_settled(None, NOW, 900)
    assert [is_settled(NOW, NOW + minutes * minute, 900) for minutes in (14, 15)] == [False, True]
    assert [is_confirmed(NOW, NOW + seconds * minute / 60) for seconds in (59, 60)] == [False, True]


def test_open_payments_are_due_hourly_the_others_at_night_for_90_days_R28() -> None:
    recent, old = NOW - timedelta(days=89), NOW - timedelta(days=91)

    def next_at(last_moved_at: datetime, now: datetime = NOW, *, is_open: bool = False) -> datetime | None:
        return next_comparison(now, "Europe/Stockholm", is_open=is_open, last_moved_at=last_moved_at)

    assert next_at(recent, is_open=True) == NOW + timedelta(minutes=50)
    assert next_at(recent) == datetime(2026, 6, 2, 0, tzinfo=UTC)  # two o'clock in Stockholm
    assert next_at(old) is None
    assert next_at(old, is_open=True) == next_at(recent), "what nobody ever settles is asked about once a night"
    before_two = datetime(2026, 5, 31, 23, tzinfo=UTC)
    assert next_at(recent, before_two) == datetime(2026, 6, 1, 0, tzinfo=UTC)
