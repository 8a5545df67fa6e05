"""What one read says about an operation (R5, R25, C1 and C2 of money-safety section 6)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from providers.kinds import MovementKind, OperationKind, ProviderState, RequestState
from providers.money import Money
from providers.references import short_code
from providers.snapshots import Movement, PaymentSnapshot, PendingEffect
from webapp.domain.doubt import Doubted, Verdict, judge, later_state

OURS = "0b1e0d1c-0000-4000-8000-000000000001"
WISH = Doubted(OURS, OperationKind.REFUND, 1100, "JPY", None, [], was_sent=True)
CANCEL = replace(WISH, kind=OperationKind.CANCEL, amount_minor=3300)
P = ProviderState


def refund(minor: int = 1100, reference: str | None = OURS, movement_id: str = "r1", currency: str = "JPY") -> Movement:
    return Movement(
        MovementKind.REFUND, movement_id, Money(minor, currency), reference, datetime(2026, 1, 1, tzinfo=UTC)
    )


def seen(
    *movements: Movement,
    state: ProviderState = P.CAPTURED,
    pending: Sequence[PendingEffect] = (),
    sums: tuple[int, int, int, int] = (3300, 3300, 0, 0),
) -> PaymentSnapshot:
    authorised, captured, cancelled, refunded = (Money(minor, "JPY") for minor in sums)
    return PaymentSnapshot("pay", state, "card", authorised, captured, cancelled, refunded, movements, pending)


def verdict(wish: Doubted, read: PaymentSnapshot, taken: Collection[str] = (), *, keeps: bool = True) -> Verdict:
    return judge(wish, read, taken=taken, keeps_reference=keeps).verdict


def test_a_movement_with_our_reference_and_amount_is_it_R25() -> None:
    found = judge(WISH, seen(refund(reference=None, movement_id="x"), refund()), taken=[], keeps_reference=True)
    assert (found.verdict, found.movement) == (Verdict.FOUND, refund())


@pytest.mark.parametrize("other", [refund(1099), refund(currency="USD")])
def test_another_amount_or_currency_is_for_people_R5(other: Movement) -> None:
    assert verdict(WISH, seen(other)) is Verdict.UNCLEAR


def test_two_movements_with_our_reference_are_for_people_I2() -> None:
    assert verdict(WISH, seen(refund(), refund(movement_id="r2"))) is Verdict.UNCLEAR


def test_where_the_reference_is_kept_a_movement_without_it_is_somebody_elses_R25() -> None:
    assert verdict(WISH, seen(refund(reference=None))) is Verdict.ABSENT


def test_where_none_is_kept_one_new_movement_of_our_amount_is_adopted_C2() -> None:
    assert verdict(WISH, seen(refund(reference=None)), keeps=False) is Verdict.FOUND
    assert verdict(WISH, seen(refund(1000, None)), keeps=False) is Verdict.UNCLEAR
    both = seen(refund(reference=None), refund(reference=None, movement_id="r2"))
    assert verdict(WISH, both, keeps=False) is Verdict.UNCLEAR


def test_movements_of_the_baseline_of_others_or_of_another_reference_are_not_adopted_C2() -> None:
    read = seen(refund(reference=None))
    assert verdict(replace(WISH, baseline=["r1"]), read, keeps=False) is Verdict.ABSENT
    assert verdict(WISH, read, ["r1"], keeps=False) is Verdict.ABSENT
    assert verdict(WISH, seen(refund(reference="other")), keeps=False) is Verdict.ABSENT
    assert verdict(replace(WISH, was_sent=False), read, keeps=False) is Verdict.ABSENT


def effect(state: RequestState, reference: str | None = OURS, effect_id: str = "q1") -> PendingEffect:
    return PendingEffect(OperationKind.REFUND, effect_id, state, reference=reference, reason="closed account")


def test_an_accepted_request_is_finishing_until_it_says_otherwise() -> None:
    assert verdict(WISH, seen(pending=[effect(RequestState.PENDING)])) is Verdict.FINISHING
    assert verdict(WISH, seen(pending=[effect(RequestState.COMPLETED)])) is Verdict.FINISHING
    refused = judge(WISH, seen(pending=[effect(RequestState.REJECTED)]), taken=[], keeps_reference=True)
    assert (refused.verdict, refused.why) == (Verdict.REFUSED, "closed account")


def test_a_request_is_known_by_the_id_that_its_answer_gave() -> None:
    read = seen(pending=[effect(RequestState.REJECTED, reference=None)])
    assert verdict(WISH, read) is Verdict.ABSENT
    assert verdict(replace(WISH, pending_id="q1"), read) is Verdict.REFUSED
    assert verdict(replace(CANCEL, pending_id="q1"), read) is Verdict.IMPOSSIBLE  # a request is no cancel


def test_a_completed_request_adopts_the_movement_that_fits_its_amount() -> None:
    done = [effect(RequestState.COMPLETED)]
    fitting, other = refund(reference=None), refund(500, None, "r2")
    assert verdict(WISH, seen(fitting, other, pending=done)) is Verdict.FOUND
    assert verdict(WISH, seen(other, pending=done)) is Verdict.UNCLEAR


@pytest.mark.parametrize(
    ("wish", "read"),
    [
        (WISH, seen(state=P.REFUNDED, sums=(3300, 3300, 0, 3300))),
        (WISH, seen(state=P.CANCELLED, sums=(3300, 0, 3300, 0))),
        (WISH, seen(state=P.EXPIRED, sums=(3300, 0, 3300, 0))),
        (WISH, seen(state=P.FAILED, sums=(0, 0, 0, 0))),
        (CANCEL, seen(state=P.CAPTURED)),
        (CANCEL, seen(state=P.FAILED, sums=(0, 0, 0, 0))),
    ],
)
def test_a_payment_with_nothing_left_excludes_the_operation(wish: Doubted, read: PaymentSnapshot) -> None:
    assert verdict(wish, read) is Verdict.IMPOSSIBLE


@pytest.mark.parametrize(
    ("wish", "read"),
    [
        (WISH, seen()),
        (WISH, seen(state=P.AUTHORISED, sums=(3300, 0, 0, 0))),
        (CANCEL, seen(state=P.AUTHORISED, sums=(3300, 0, 0, 0))),
        (CANCEL, seen(state=P.WAITING, sums=(0, 0, 0, 0))),
    ],
)
def test_absence_in_one_read_is_no_proof_R26(wish: Doubted, read: PaymentSnapshot) -> None:
    assert verdict(wish, read) is Verdict.ABSENT


def test_a_fetched_state_never_moves_a_payment_backwards_R33() -> None:
    assert later_state(P.CAPTURED, P.AUTHORISED) is P.CAPTURED
    assert later_state(P.REFUNDED, P.CAPTURED) is P.REFUNDED
    assert later_state(P.AUTHORISED, P.CANCELLED) is P.CANCELLED
    assert later_state(P.CANCELLED, P.CANCELLED) is P.CANCELLED


UPDATE = replace(WISH, kind=OperationKind.UPDATE, amount_minor=300, new_total_minor=3000)
LOWERED = Movement(MovementKind.CANCEL, "pay:cancel:300", Money(300, "JPY"))


def level(minor: int, *movements: Movement, captured: int = 0) -> PaymentSnapshot:
    read = seen(*movements, state=P.AUTHORISED, sums=(3300, captured, 3300 - minor, 0))
    return replace(read, open_authorised=Money(minor, "JPY"))


def test_an_update_is_done_when_the_level_is_where_it_wanted_it_whatever_the_difference() -> None:
    found = judge(UPDATE, level(3000, LOWERED), taken=[], keeps_reference=False)
    assert (found.verdict, found.movement) == (Verdict.FOUND, LOWERED)
    other = replace(LOWERED, money=Money(100, "JPY"))
    assert verdict(UPDATE, level(3000, other), keeps=False) is Verdict.FOUND


def test_another_level_after_a_change_is_for_people_and_no_change_proves_nothing_R5() -> None:
    assert verdict(UPDATE, level(2900, LOWERED), keeps=False) is Verdict.UNCLEAR
    assert verdict(UPDATE, level(3300), keeps=False) is Verdict.ABSENT
    assert verdict(replace(UPDATE, baseline=[LOWERED.id]), level(3000, LOWERED), keeps=False) is Verdict.ABSENT
    assert verdict(replace(UPDATE, was_sent=False), level(3000, LOWERED), keeps=False) is Verdict.ABSENT


def test_where_nothing_is_open_an_update_or_release_is_impossible() -> None:
    assert verdict(UPDATE, level(2000, captured=2000), keeps=False) is Verdict.IMPOSSIBLE
    assert verdict(replace(CANCEL, amount_minor=300), level(0), keeps=False) is Verdict.IMPOSSIBLE


def test_a_release_that_a_larger_raise_may_hide_is_neither_found_nor_absent_R5_R26() -> None:
    first, more = (Movement(MovementKind.AUTHORISE, f"pay:authorise:{to}", Money(3300, "JPY")) for to in (3000, 3200))
    release = replace(CANCEL, amount_minor=300, baseline=[first.id])
    assert verdict(release, level(3200, first, more), keeps=False) is Verdict.UNCLEAR
    assert verdict(release, level(3200, more), taken=[more.id], keeps=False) is Verdict.ABSENT  # our own update
    assert verdict(replace(release, baseline=[first.id, more.id]), level(3200, first, more)) is Verdict.ABSENT
    assert verdict(replace(release, was_sent=False), level(3200, first, more)) is Verdict.ABSENT
    restored = replace(release, baseline=[])
    assert verdict(restored, level(3000, first)) is Verdict.ABSENT
    assert verdict(restored, level(3200, first, more)) is Verdict.UNCLEAR
    assert verdict(replace(release, kind=OperationKind.REFUND), level(3200, first, more)) is Verdict.ABSENT


def test_the_movement_that_our_answer_named_is_ours_with_its_amount_R5() -> None:
    named = replace(WISH, named="r1")
    assert verdict(named, seen(refund(reference=None))) is Verdict.FOUND
    assert verdict(named, seen(refund(1000, None))) is Verdict.UNCLEAR


def test_the_short_code_stands_for_our_operation_R25() -> None:
    code = short_code(OURS)
    assert verdict(WISH, seen(refund(reference=code))) is Verdict.FOUND
    done = PendingEffect(OperationKind.REFUND, "credit:1", RequestState.COMPLETED, Money(1100, "JPY"), code)
    assert verdict(WISH, seen(pending=[done]), keeps=False) is Verdict.FINISHING
    assert verdict(WISH, seen(refund(reference=None), pending=[done]), keeps=False) is Verdict.FOUND
