"""A bank of sums, step by step: read before each send, totals to reach, tasks, levels (C2, R5, R6, R12, R26)."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from providers.emulator.records import Cause
from providers.kinds import OperationKind, ResolutionClass
from providers.planning import WishKind
from providers.sandbox import bank as banks
from providers.sandbox import sums
from providers.sandbox.troubles import Trouble
from tests.simulation.bench import Bench, open_bench
from tests.simulation.database import template
from webapp.domain.operations import OperationState
from webapp.models import Attempt, Operation, Payment, Via
from webapp.services import verify
from webapp.services.audit import Actor
from webapp.services.operations import planning
from webapp.services.payments.reading import read_payment
from webapp.services.unit_of_work import Tx, in_transaction

S, K, W = OperationState, OperationKind, WishKind
PORTAL = Cause("portal")


@pytest.fixture
def captured(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """1000 yen, captured more than a minute ago; no task fails unless a test wants it."""
    monkeypatch.setattr(banks, "TASK_FAILS", 0.0)
    with open_bench(ResolutionClass.LOOK_UP_ONLY, by_sums=True) as bench:
        bench.later(120)
        yield bench
        assert list(verify.problems()) == []
        assert bench.bank.broken == []


@pytest.fixture
def authorised() -> Iterator[Bench]:
    with open_bench(ResolutionClass.LOOK_UP_ONLY, authorised=True, by_sums=True) as bench:
        bench.later(120)
        yield bench
        assert list(verify.problems()) == []


def payment(bench: Bench) -> Payment:
    return in_transaction(lambda tx: tx.get_one(Payment, bench.payment_id))


def attempts(operation: uuid.UUID) -> list[Attempt]:
    def work(tx: Tx) -> list[Attempt]:
        return list(tx.query(Attempt).filter(Attempt.operation_id == operation).order_by(Attempt.fence))

    return in_transaction(work)


def wish(bench: Bench, kind: WishKind, amount_minor: int | None = None) -> list[uuid.UUID]:
    here = template()
    asked = planning.PlannedWish(
        actor=Actor(here.user_id, Via.WEB),
        shop_id=here.shop_id,
        payment_id=bench.payment_id,
        kind=kind,
        request_id=uuid.uuid4(),
        amount_minor=amount_minor,
        reason_id=here.reason_id,
    )
    return list(planning.file_wish(asked).operation_ids)


def by_hand(bench: Bench, kind: OperationKind, minor: int) -> None:
    sums.move(bench.bank.ledger, bench.reference, kind, minor, PORTAL)


def settle(bench: Bench, operation: uuid.UUID, most: int = 12) -> Operation:
    """Let a worker go on until it is over."""
    for _ in range(most):
        row = bench.run(operation)
        if row.due_at is None:
            return row
    raise AssertionError(f"{row.state} after {most} looks")


def test_what_was_moved_outside_before_the_send_is_booked_as_external_and_never_taken_for_ours_C2(
    captured: Bench,
) -> None:
    operation = captured.ask(100)
    by_hand(captured, K.REFUND, 100)
    assert settle(captured, operation).state is S.SUCCEEDED
    assert (payment(captured).refunded_minor, captured.effects(operation)) == (200, 1)


def test_what_is_no_longer_possible_is_taken_back_and_never_sent(captured: Bench) -> None:
    operation = captured.ask(600)
    by_hand(captured, K.REFUND, 500)
    row = captured.run(operation)
    assert (row.state, row.provider_code, attempts(operation)) == (S.WITHDRAWN, "nothing_left", [])
    assert (payment(captured).refund_reserved_minor, payment(captured).frozen_at) == (0, None)


def test_an_old_read_is_no_ground_to_send_on_R26(captured: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The total of a minute ago would make another target: nothing is sent on it."""
    first = captured.ask(100)
    assert settle(captured, first).state is S.SUCCEEDED
    monkeypatch.setattr(captured.bank.random, "uniform", lambda _least, most: most)
    captured.bank.troubles.reads_next.append(Trouble.STALE_READ)
    second = captured.ask(100)
    row = captured.run(second)
    assert (row.state, row.provider_code, attempts(second)) == (S.QUEUED, "read_was_old", [])
    assert settle(captured, second).state is S.SUCCEEDED
    assert payment(captured).refunded_minor == 200


def test_a_resend_sends_the_stored_bytes_R12(captured: Bench) -> None:
    operation = captured.ask(100)
    captured.bank.troubles.writes_next.append(Trouble.RATE_LIMITED)
    assert captured.run(operation).state is S.QUEUED
    assert settle(captured, operation).state is S.SUCCEEDED
    first, second = attempts(operation)
    assert (first.key, first.call_digest) == (second.key, second.call_digest)


def test_bytes_that_would_do_something_else_by_now_are_not_sent_again_R12(captured: Bench) -> None:
    operation = captured.ask(100)
    captured.bank.troubles.writes_next.append(Trouble.RATE_LIMITED)
    captured.run(operation)
    by_hand(captured, K.REFUND, 50)
    row = captured.run(operation)
    assert (row.state, row.provider_code, len(attempts(operation))) == (S.WITHDRAWN, "state_forbids", 1)
    assert (captured.effects(operation), payment(captured).refunded_minor) == (0, 50)


def test_a_lost_answer_is_found_by_the_growth_of_the_sum_and_not_sent_again_C2(captured: Bench) -> None:
    operation = captured.ask(100)
    captured.bank.troubles.writes_next.append(Trouble.TIMEOUT_AFTER)
    assert captured.run(operation).state is S.UNKNOWN
    assert settle(captured, operation).state is S.SUCCEEDED
    assert (len(attempts(operation)), captured.effects(operation)) == (1, 1)


def test_two_changes_in_one_growth_are_for_people_R5(captured: Bench) -> None:
    operation = captured.ask(100)
    captured.bank.troubles.writes_next.append(Trouble.TIMEOUT_AFTER)
    captured.run(operation)
    by_hand(captured, K.REFUND, 50)
    row = captured.run(operation)
    assert (row.state, payment(captured).refund_reserved_minor) == (S.REVIEW, 100)


@pytest.mark.parametrize("seen_between", [False, True])
def test_a_release_behind_a_larger_raise_is_for_people_and_never_sent_again_I2(
    authorised: Bench, *, seen_between: bool
) -> None:
    """1000 yen less 90 and raised by 113 look like 1000 raised by 23, as if nothing had been released (seed 44627)."""
    (operation,) = wish(authorised, W.CANCEL, 90)
    authorised.bank.troubles.writes_next.append(Trouble.TIMEOUT_AFTER)
    assert authorised.run(operation).state is S.UNKNOWN
    authorised.bank.ledger.post(authorised.reference, "raise", 113, PORTAL)
    if seen_between:  # by another read, which books the raise; the next look has to remember it
        authorised.later(120)
        read_payment(authorised.payment_id)
    assert settle(authorised, operation).state is S.REVIEW
    assert (authorised.effects(operation), payment(authorised).cancel_reserved_minor) == (1, 90)


def test_an_update_is_not_done_by_an_older_change_that_leads_to_a_level_not_believed_yet_R26(
    authorised: Bench,
) -> None:
    """1000 yen less 173 by hand and then less 77 by ours: the 173 are not its movement (seed 94200, I9)."""
    (operation,) = wish(authorised, W.UPDATE, 750)
    authorised.bank.troubles.writes_next.append(Trouble.TIMEOUT_BEFORE)
    assert authorised.run(operation).state is S.UNKNOWN
    by_hand(authorised, K.CANCEL, 173)
    read_payment(authorised.payment_id)
    authorised.bank.ledger.post(authorised.reference, "lower", 77, Cause("api", description=str(operation)))
    assert authorised.run(operation).state is S.UNKNOWN
    assert settle(authorised, operation).state is S.SUCCEEDED
    assert (authorised.effects(operation), payment(authorised).cancelled_minor) == (1, 250)


def test_a_task_is_followed_by_the_providers_timetable_and_the_payment_has_the_last_word(captured: Bench) -> None:
    captured.bank.task_chance = 1.0
    operation = captured.ask(100)
    row = captured.run(operation)
    assert (row.state, row.provider_operation_id) == (S.PENDING, "task-0")
    assert row.due_at is not None
    assert (row.due_at - row.state_since).total_seconds() == 2
    assert settle(captured, operation).state is S.SUCCEEDED
    assert captured.effects(operation) == 1


def test_a_task_that_failed_with_nothing_moved_is_a_refusal_after_two_reads(
    captured: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(banks, "TASK_FAILS", 1.1)
    captured.bank.task_chance = 1.0
    operation = captured.ask(100)
    captured.run(operation)
    row = settle(captured, operation)
    assert (row.state, row.provider_code) == (S.REJECTED, "provider_rejected")
    assert (payment(captured).refund_reserved_minor, captured.effects(operation)) == (0, 0)
    sent = attempts(operation)[0].started_at
    assert row.ended_at is not None
    assert (row.ended_at - sent).total_seconds() >= 120  # no read may be an old one, and two agree


def test_a_task_that_never_ends_goes_to_people_I12(captured: Bench) -> None:
    captured.bank.task_chance = 1.0
    operation = captured.ask(100)
    captured.run(operation)
    captured.bank.late.clear()
    row = settle(captured, operation, most=40)
    assert (row.state, payment(captured).refund_reserved_minor) == (S.REVIEW, 100)


def test_an_accepted_operation_holds_the_payment_where_sums_alone_tell_I7(captured: Bench) -> None:
    captured.bank.task_chance = 1.0
    first, second = captured.ask(100), captured.ask(200)
    captured.run(first)
    captured.bank.task_chance = 0.0
    assert captured.run(second).blocked_by == "other_operation"
    assert settle(captured, first).state is S.SUCCEEDED
    assert settle(captured, second).state is S.SUCCEEDED
    assert payment(captured).refunded_minor == 300


def test_parts_are_captured_one_after_the_other_and_the_rest_released_and_refunded_R6(authorised: Bench) -> None:
    for minor in (300, 200):
        (operation,) = wish(authorised, W.CAPTURE, minor)
        assert settle(authorised, operation).state is S.SUCCEEDED
    released, refunded = wish(authorised, W.CANCEL_OR_REFUND)
    assert authorised.run(refunded).blocked_by == "earlier_step"
    assert settle(authorised, released).state is S.SUCCEEDED
    assert settle(authorised, refunded).state is S.SUCCEEDED
    row = payment(authorised)
    assert (row.captured_minor, row.cancelled_minor, row.refunded_minor) == (500, 500, 500)


def test_an_amount_goes_up_and_down_and_the_second_change_waits_until_it_can_be_believed_R26(authorised: Bench) -> None:
    for total in (1300, 900):
        (operation,) = wish(authorised, W.UPDATE, total)
        assert settle(authorised, operation).state is S.SUCCEEDED
    row = payment(authorised)
    assert (row.authorised_minor, row.cancelled_minor) == (1300, 400)


def test_a_step_behind_one_in_review_lapses_after_seven_days_I12(authorised: Bench) -> None:
    (part,) = wish(authorised, W.CAPTURE, 400)
    settle(authorised, part)
    first, second = wish(authorised, W.CANCEL_OR_REFUND)
    authorised.change(first, state=S.REVIEW, due_at=None)
    assert authorised.run(second).blocked_by == "earlier_step"
    authorised.later(7 * 24 * 3600)
    row = authorised.run(second)
    assert (row.state, row.provider_code) == (S.EXPIRED, "blocked_earlier_step")
