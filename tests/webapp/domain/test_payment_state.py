"""A payment's state follows from its sums (product.md section 1)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from providers.kinds import ProviderState
from webapp.domain.payment_state import PaymentState, Sums, lapses_soon, payment_state

P, S = ProviderState, PaymentState


@pytest.mark.parametrize(
    ("sums", "word", "state"),
    [
        (Sums(0, 0, 0, 0), P.WAITING, S.WAITING),
        (Sums(3300, 0, 0, 0), P.WAITING, S.WAITING),
        (Sums(3300, 0, 0, 0), P.AUTHORISED, S.AUTHORISED),
        (Sums(0, 0, 0, 0), P.AUTHORISED, S.UNCLEAR),
        (Sums(3300, 0, 3300, 0), P.CAPTURED, S.CAPTURED),
        (Sums(3300, 0, 1100, 0), P.CAPTURED, S.PART_CAPTURED),
        (Sums(3300, 2200, 1100, 0), P.CAPTURED, S.CAPTURED),
        (Sums(3300, 0, 3300, 1), P.CAPTURED, S.PART_REFUNDED),
        (Sums(3300, 0, 3300, 3300), P.REFUNDED, S.REFUNDED),
        (Sums(3300, 3300, 0, 0), P.CANCELLED, S.CANCELLED),
        (Sums(3300, 3300, 0, 0), P.EXPIRED, S.EXPIRED),
        (Sums(0, 0, 0, 0), P.EXPIRED, S.EXPIRED),
        (Sums(0, 0, 0, 0), P.CANCELLED, S.CANCELLED),
        (Sums(0, 0, 0, 0), P.FAILED, S.FAILED),
        (Sums(0, 0, 0, 0), P.CAPTURED, S.UNCLEAR),
    ],
)
def test_the_sums_say_the_state_and_the_word_only_what_they_cannot(
    sums: Sums, word: ProviderState, state: PaymentState
) -> None:
    assert payment_state(sums, word) is state


def test_a_frozen_payment_or_one_with_excess_is_held_I1() -> None:
    assert payment_state(Sums(3300, 0, 3300, 0), P.CAPTURED, held=True) is S.HELD
    assert payment_state(Sums(3300, 0, 3300, 3300, excess=1), P.REFUNDED) is S.HELD


def test_what_is_left_leaves_out_what_is_promised_I3() -> None:
    sums = Sums(5000, 500, 3000, 200, capture_reserved=100, cancel_reserved=400, refund_reserved=1000)
    assert (sums.can_be_captured_or_released, sums.can_be_refunded, sums.under_way) == (1000, 1800, 1500)


def test_what_is_left_is_never_below_nothing() -> None:
    over = Sums(1000, 0, 1000, 1500, capture_reserved=10)
    assert (over.can_be_captured_or_released, over.can_be_refunded) == (0, 0)


@pytest.mark.parametrize(
    ("sums", "hours", "soon"),
    [
        (Sums(3300, 0, 0, 0), 47, True),
        (Sums(3300, 0, 0, 0), 49, False),
        (Sums(3300, 0, 0, 0), -1, True),
        (Sums(3300, 0, 3300, 0), 1, False),
        (Sums(3300, 0, 0, 0, capture_reserved=3300), 1, False),
        (Sums(3300, 0, 0, 0), None, False),
    ],
)
def test_a_hold_lapses_soon_in_its_last_two_days_while_something_is_held(
    sums: Sums, hours: int | None, soon: bool
) -> None:
    now = datetime(2026, 11, 22, 10, tzinfo=UTC)
    lapses_at = None if hours is None else now + timedelta(hours=hours)
    assert lapses_soon(sums, lapses_at, now) is soon
