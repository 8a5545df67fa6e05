"""Resolving doubt: replay, settle window, two reads, a fresh send, refusals, requests, and the time box."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest

from providers.kinds import OperationKind, Outcome, ResolutionClass
from tests import factories
from tests.desk import Desk
from webapp.domain.operations import OperationState
from webapp.models import Installation, Operation, Payment, ProviderAccount
from webapp.services import accounts, kill_points, runtime
from webapp.services.kill_points import KillPoint

S = OperationState


def doubtful(desk: Desk, payment: uuid.UUID, fault: str = "timeout_before", **fields: Any) -> uuid.UUID:
    """A refund whose first call ended without an answer."""
    desk.emulator.fault(fault, call="refund", **({"times": 1, "seconds": 0.05} | fields))
    operation = desk.ask(payment, 1100)
    assert desk.run_now(operation).state is S.UNKNOWN
    return operation


def test_a_replay_goes_out_under_the_same_key_and_bytes_R12_C1(desk: Desk) -> None:
    payment = desk.payment(3300)
    operation = doubtful(desk, payment)
    row = desk.run_now(operation)
    first, second = desk.attempts(operation)
    assert (row.state, row.replays) == (S.SUCCEEDED, 1)
    assert (first.key, first.call_digest) == (second.key, second.call_digest)
    assert (first.call, second.call) == (None, None)  # the bytes are dropped at the end
    assert len(desk.effects(payment)) == 1
    desk.assert_books_are_whole()


def test_an_effect_whose_answer_was_lost_is_adopted_not_repeated_K7(desk: Desk) -> None:
    payment = desk.payment(3300)
    operation = doubtful(desk, payment, "timeout_after")
    assert desk.run_now(operation).state is S.SUCCEEDED
    assert len(desk.attempts(operation)) == 1
    desk.assert_books_are_whole()


@pytest.mark.parametrize("fault", ["error_after", "cut_body", "html_body", "running"])
def test_whatever_is_no_clear_answer_is_doubt_and_resolves_to_one_effect_I5(desk: Desk, fault: str) -> None:
    payment = desk.payment(3300)
    operation = doubtful(desk, payment, fault)
    assert desk.run_now(operation).state is S.SUCCEEDED
    assert len(desk.effects(payment)) == 1
    desk.assert_books_are_whole()


def test_an_effect_made_late_is_found_and_not_doubled_K6(desk: Desk) -> None:
    payment = desk.payment(3300)
    operation = doubtful(desk, payment, "late_effect", seconds=120)
    assert desk.run_now(operation).state is S.UNKNOWN  # the replay hears: still running
    desk.later(seconds=121)
    assert desk.run_now(operation).state is S.SUCCEEDED
    assert len(desk.effects(payment)) == 1
    desk.assert_books_are_whole()


def exhaust(desk: Desk, operation: uuid.UUID) -> None:
    """Three replays that all end in the old error."""
    for number in range(1, 4):
        desk.later(seconds=60)
        row = desk.run_now(operation)
        assert (row.state, row.replays) == (S.UNKNOWN, number)


def test_a_stored_error_leads_over_settle_window_and_two_reads_to_one_send_under_a_new_key_R14_C2(desk: Desk) -> None:
    payment = desk.payment(3300)
    desk.emulator.account(switches={"replay_errors": True})
    operation = doubtful(desk, payment, "error_before", times=4, status=503)
    old_key = desk.operation(operation).key
    exhaust(desk, operation)
    row = desk.run_now(operation)  # no more replays, but the window is open: absence is not believed
    assert (row.state, row.absent_read_at, len(desk.attempts(operation))) == (S.UNKNOWN, None, 4)
    desk.later(minutes=16)
    row = desk.run_now(operation)  # the first read after the window
    assert row.absent_read_at is not None
    assert row.due_at is not None
    assert row.due_at <= row.absent_read_at + timedelta(seconds=61)
    desk.later(seconds=30)
    assert desk.run_now(operation).absent_read_at == row.absent_read_at  # too soon for the second
    desk.later(seconds=31)
    row = desk.run_now(operation)  # proven
    assert (row.state, row.fresh_send_used, row.in_doubt, row.tries) == (S.QUEUED, True, False, 0)
    assert row.key != old_key
    assert desk.row(payment).refund_reserved_minor == 1100
    row = desk.run_now(operation)
    assert row.state is S.SUCCEEDED
    assert {attempt.key for attempt in desk.attempts(operation)} == {old_key, row.key}
    assert len(desk.effects(payment)) == 1
    desk.assert_books_are_whole()


def test_after_a_second_proof_of_absence_people_decide_C2(desk: Desk) -> None:
    operation = doubtful(desk, desk.payment(3300))
    desk.change(Operation, operation, replays=3, fresh_send_used=True)
    desk.later(minutes=16)
    desk.run_now(operation)
    desk.later(seconds=61)
    row = desk.run_now(operation)
    assert (row.state, row.due_at) == (S.REVIEW, None)
    desk.assert_books_are_whole()


def test_a_key_past_its_window_is_not_replayed_R13(desk: Desk) -> None:
    operation = doubtful(desk, desk.payment(3300))
    desk.later(hours=23, seconds=1)
    row = desk.run_now(operation)
    assert (row.state, row.replays, len(desk.attempts(operation))) == (S.UNKNOWN, 0, 1)
    assert row.absent_read_at is not None


def test_the_refusal_of_a_repeat_is_looked_up_and_never_believed_I6(desk: Desk) -> None:
    """The effect was made, its answer lost, the read is stale, and the repeat is told: not refundable."""
    payment = desk.payment(3300)
    operation = doubtful(desk, payment, "timeout_after")
    desk.emulator.fault("stale_read", call="payment", times=1, seconds=60)
    desk.emulator.fault("stale_read", times=1, seconds=60)
    desk.emulator.fault("refuse_repeat", call="refund", times=1)
    row = desk.run_now(operation)
    assert (row.state, row.refused_code) == (S.UNKNOWN, "not_refundable")
    desk.emulator.clear_faults()
    desk.later(seconds=61)
    assert desk.run_now(operation).state is S.SUCCEEDED
    assert len(desk.effects(payment)) == 1
    desk.assert_books_are_whole()


def test_a_refusal_while_in_doubt_ends_it_only_after_proof_of_absence_I6_C2(desk: Desk) -> None:
    payment = desk.payment(3300)
    operation = doubtful(desk, payment)
    desk.change(Operation, operation, refused_code="not_refundable")
    desk.later(minutes=16)
    assert desk.run_now(operation).state is S.UNKNOWN
    desk.later(seconds=61)
    row = desk.run_now(operation)
    assert (row.state, row.provider_code) == (S.REJECTED, "not_refundable")
    assert desk.row(payment).refund_reserved_minor == 0


def test_a_first_refusal_by_state_is_believed_after_one_fresh_read_I6_R26(desk: Desk) -> None:
    payment = desk.payment(3300)
    operation = desk.ask(payment, 1100)
    desk.emulator.portal(desk.row(payment).provider_ref, "refund", amount_minor=3300)
    desk.run(operation)
    assert desk.operation(operation).refused_code == "not_refundable"
    row = desk.run_now(operation)  # within 60 s of the send a read proves nothing
    assert row.state is S.UNKNOWN
    assert desk.row(payment).excess_minor == 1100  # the portal took what we had promised
    assert desk.row(payment).frozen_reason == "excess"
    desk.later(seconds=61)
    row = desk.run_now(operation)
    assert (row.state, row.provider_code) == (S.REJECTED, "not_refundable")
    after = desk.row(payment)
    assert (after.refunded_minor, after.refund_reserved_minor, after.excess_minor) == (3300, 0, 0)
    assert after.frozen_at is None
    desk.assert_books_are_whole()


def test_a_refusal_is_not_believed_from_a_stale_read_R26(desk: Desk) -> None:
    operation = desk.ask(desk.payment(3300), 1100)
    now = desk.operation(operation).created_at
    desk.change(Operation, operation, state=S.UNKNOWN, refused_code="not_refundable", last_sent_at=now)
    row = desk.run_now(operation)
    assert row.state is S.UNKNOWN
    assert row.due_at is not None
    assert row.due_at <= now + timedelta(seconds=62)


def test_seven_days_without_a_clear_answer_go_to_people_I12(desk: Desk) -> None:
    payment = desk.payment(3300)
    operation = doubtful(desk, payment)
    desk.emulator.fault("error_before", status=503)
    desk.later(days=6)
    assert desk.run_now(operation).state is S.UNKNOWN
    desk.later(days=1)
    row = desk.run_now(operation)
    assert (row.state, row.due_at) == (S.REVIEW, None)
    assert desk.row(payment).refund_reserved_minor == 1100
    desk.assert_books_are_whole()


def test_a_failed_read_changes_nothing_but_the_time_of_the_next_R26(desk: Desk) -> None:
    operation = doubtful(desk, desk.payment(3300))
    desk.change(Operation, operation, absent_read_at=factories.LONG_AGO)
    desk.emulator.fault("hang_up", times=1)
    row = desk.run_now(operation)
    assert (row.state, row.absent_read_at, row.replays) == (S.UNKNOWN, None, 0)  # two reads in a row, or none


def test_a_read_with_refused_keys_opens_the_breaker_R46(desk: Desk) -> None:
    operation = doubtful(desk, desk.payment(3300))
    desk.emulator.fault("unauthorised", times=1)
    assert desk.run_now(operation).state is S.UNKNOWN
    assert desk.account().breaker_reason == accounts.CREDENTIALS


def test_keys_that_cannot_be_decrypted_open_the_breaker(desk: Desk) -> None:
    operation = desk.ask(desk.payment(3300), 1100)
    desk.change(ProviderAccount, desk.account_id, credentials={"secret_key": "damaged"}, version=2)
    desk.run(operation)
    assert desk.account().breaker_reason == accounts.CREDENTIALS
    assert desk.attempts(operation) == []


def test_an_open_breaker_stops_replays_but_not_look_ups_R46(desk: Desk) -> None:
    payment = desk.payment(3300)
    operation = doubtful(desk, payment)
    desk.change(
        ProviderAccount, desk.account_id, breaker_opened_at=factories.LONG_AGO, breaker_reason=accounts.AMBIGUOUS
    )
    row = desk.run_now(operation)
    assert (row.state, row.replays, len(desk.attempts(operation))) == (S.UNKNOWN, 0, 1)


def test_a_look_up_that_lost_its_lease_writes_nothing_I11_K10(desk: Desk) -> None:
    operation = doubtful(desk, desk.payment(3300))
    seen: list[KillPoint] = []

    def take_over(point: KillPoint) -> None:
        seen.append(point)
        if seen.count(KillPoint.LOOKING_UP) == 2:
            kill_points.observe(None)
            desk.change(Operation, operation, fence=99)

    kill_points.observe(take_over)
    try:
        row = desk.run_now(operation)
    finally:
        kill_points.observe(None)
    assert (row.state, row.fence, row.replays) == (S.UNKNOWN, 99, 0)


def test_two_candidates_for_a_cancel_or_another_amount_go_to_people_C2(desk: Desk) -> None:
    payment = desk.payment(5000, capture="manual")
    desk.emulator.fault("timeout_before", call="cancel", times=1, seconds=0.05)
    operation = desk.ask(payment, kind=OperationKind.CANCEL)
    assert desk.run_now(operation).state is S.UNKNOWN
    desk.emulator.portal(desk.row(payment).provider_ref, "cancel")
    desk.change(Operation, operation, amount_minor=4000)
    desk.change(Payment, payment, cancel_reserved_minor=4000)
    row = desk.run_now(operation)
    assert row.state is S.REVIEW
    assert "5000" in (row.provider_message or "")


def test_a_provider_that_cannot_be_asked_goes_to_people_after_a_look_C3(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    operation = doubtful(desk, desk.payment(3300))
    real = runtime.current().providers.capabilities("komoju")
    blind = type("Blind", (type(real),), {"resolution": ResolutionClass.NEITHER})()
    monkeypatch.setattr(runtime.current().providers, "capabilities", lambda _provider: blind)
    assert desk.run_now(operation).state is S.REVIEW


def test_a_restored_operation_is_not_sent_again_before_a_person_opens_R29_K20(desk: Desk) -> None:
    operation = desk.ask(desk.payment(3300), 1100)
    at = desk.operation(operation).created_at
    desk.change(Installation, 1, recovery_since=at)
    desk.change(
        Operation, operation, state=S.UNKNOWN, restored=True, in_doubt=True, doubt_since=at, last_sent_at=at, replays=3
    )
    desk.later(minutes=16)
    desk.run_now(operation)
    desk.later(seconds=61)
    assert desk.run_now(operation).state is S.UNKNOWN
    desk.change(Installation, 1, recovery_since=None)
    row = desk.run_now(operation)
    assert (row.state, row.fresh_send_used, row.restored) == (S.QUEUED, False, False)
    assert desk.run_now(operation).state is S.SUCCEEDED
    assert [attempt.outcome for attempt in desk.attempts(operation)] == [Outcome.DONE]
    desk.assert_books_are_whole()


def test_a_restored_operation_without_an_attempt_goes_out_under_its_own_key_once_opened_R29_R12(desk: Desk) -> None:
    """If it was sent after the backup, the provider knows that key and answers as it did then."""
    payment = desk.payment(3300)
    operation = desk.ask(payment, 1100)
    at = desk.operation(operation).created_at
    desk.change(Operation, operation, state=S.UNKNOWN, restored=True, in_doubt=True, doubt_since=at, last_sent_at=at)
    row = desk.run_now(operation)
    assert (row.state, row.replays, len(desk.attempts(operation))) == (S.SUCCEEDED, 1, 1)
    assert desk.attempts(operation)[0].key == row.key
    assert len(desk.effects(payment)) == 1
    desk.assert_books_are_whole()
