"""What an order follows when its payments say different things, and when an action is tried again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from providers.kinds import NotOffered, ProviderState
from webapp.domain.payment_state import PaymentState as P
from webapp.domain.payment_state import Sums
from webapp.domain.status_actions import FollowedState as F
from webapp.domain.status_actions import followed, next_try_at, standing_of

FIRED = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("state", "others", "kept_minor", "event"),
    [
        (P.CAPTURED, [], 900, F.CAPTURED),
        (P.CAPTURED, [P.AUTHORISED], 500, None),
        (P.CAPTURED, [P.WAITING], 1000, F.CAPTURED),
        (P.CAPTURED, [P.CAPTURED, P.FAILED, P.PART_REFUNDED], 800, F.CAPTURED),
        (P.FAILED, [], 0, F.FAILED),
        (P.FAILED, [P.EXPIRED, P.CANCELLED, P.REFUNDED], 0, F.FAILED),
        (P.FAILED, [P.CAPTURED], 1000, None),
        (P.REFUNDED, [P.HELD], 0, None),
        (P.EXPIRED, [P.WAITING], 0, None),
        (P.AUTHORISED, [], 0, None),
        (P.PART_CAPTURED, [], 1000, None),
    ],
)
def test_an_order_follows_its_payments_together(state: P, others: list[P], kept_minor: int, event: F | None) -> None:
    assert followed(state, others, kept_minor=kept_minor, total_minor=1000) is event


@pytest.mark.parametrize(
    ("sums", "state"),
    [
        (Sums(1000, 0, 400, 400), P.PART_CAPTURED),
        (Sums(1000, 600, 400, 400), P.REFUNDED),
        (Sums(1000, 0, 1000, 1000), P.REFUNDED),
        (Sums(1000, 0, 400, 100), P.PART_REFUNDED),
    ],
)
def test_a_payment_is_not_over_while_a_part_of_it_is_reserved(sums: Sums, state: P) -> None:
    assert standing_of(sums, ProviderState.CAPTURED, held=False) is state


def test_what_cannot_be_filed_is_tried_by_the_steps_of_R7_for_seven_days() -> None:
    now, tries, gaps = FIRED, 0, []
    while True:
        tries += 1
        at = next_try_at(tries, FIRED, now, code="frozen", why=None)
        if at is None:
            break
        gaps.append((at - now) // timedelta(minutes=1))
        now = at
    assert gaps[:9] == [1, 5, 15, 30, 60, 180, 360, 720, 720]
    assert timedelta(days=6) < now - FIRED <= timedelta(days=7)


def test_what_will_never_be_possible_is_not_tried_again() -> None:
    assert next_try_at(1, FIRED, FIRED, code="not_available", why=NotOffered.NOT_SUPPORTED) is None
    assert next_try_at(1, FIRED, FIRED, code="bank_details_missing", why=None) is None
    assert next_try_at(1, FIRED, FIRED, code="not_available", why=NotOffered.PROVIDER_CHECKS) is not None
