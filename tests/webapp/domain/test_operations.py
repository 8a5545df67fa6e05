"""The life of an operation: legal moves, what answers lead to, and the times of R7."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from providers.kinds import Outcome
from webapp.domain import operations
from webapp.domain.operations import LEGAL_MOVES, NOT_TERMINAL, TERMINAL, OperationState, state_after, states_before

S = OperationState
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def test_terminal_states_have_no_way_out_I8() -> None:
    assert set(LEGAL_MOVES) == set(S)
    assert {state for state, after in LEGAL_MOVES.items() if not after} == TERMINAL
    assert set(S) == TERMINAL | NOT_TERMINAL
    assert not TERMINAL & NOT_TERMINAL


def test_only_what_was_not_sent_may_be_withdrawn_I3() -> None:
    assert states_before(S.WITHDRAWN) == {S.AWAITING_APPROVAL, S.QUEUED}
    assert states_before(S.SENDING) == {S.QUEUED, S.UNKNOWN}


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Outcome.DONE, S.SUCCEEDED),
        (Outcome.ACCEPTED, S.PENDING),
        (Outcome.REFUSED, S.REJECTED),
        (Outcome.ASK, S.UNKNOWN),
        (Outcome.NOT_APPLIED, S.QUEUED),
        (Outcome.IN_DOUBT, S.UNKNOWN),
    ],
)
def test_each_outcome_leads_to_its_state_and_no_answer_never_to_rejected_I5(
    outcome: Outcome, state: OperationState
) -> None:
    assert state_after(outcome, earlier_doubt=False) is state


@pytest.mark.parametrize("outcome", [Outcome.REFUSED, Outcome.NOT_APPLIED, Outcome.ASK, Outcome.IN_DOUBT])
def test_a_refusal_settles_nothing_while_an_earlier_attempt_is_in_doubt_I6(outcome: Outcome) -> None:
    assert state_after(outcome, earlier_doubt=True) is S.UNKNOWN


def test_a_clear_yes_counts_whatever_came_before_I6() -> None:
    assert state_after(Outcome.DONE, earlier_doubt=True) is S.SUCCEEDED
    assert state_after(Outcome.ACCEPTED, earlier_doubt=True) is S.PENDING


def test_tries_are_1_5_15_30_minutes_1_3_6_12_hours_and_then_none_R7() -> None:
    waits = [operations.next_try(tries, NOW, None) for tries in range(1, 9)]
    assert [(wait - NOW).total_seconds() / 60 for wait in waits if wait] == [1, 5, 15, 30, 60, 180, 360, 720]
    assert operations.next_try(9, NOW, None) is None
    assert operations.next_try(9, NOW, 30) is None


@pytest.mark.parametrize(("asked", "waited"), [(0, 5), (4, 5), (90, 90)])
def test_the_provider_may_ask_for_a_wait_of_at_least_five_seconds_R7(asked: int, waited: int) -> None:
    assert operations.next_try(1, NOW, asked) == NOW + timedelta(seconds=waited)


def test_look_ups_follow_the_timetable_for_seven_days_R7_I12() -> None:
    since, moment, seen = NOW, NOW, []
    while (due := operations.next_look_up(since, moment)) is not None:
        seen.append((due - since).total_seconds())
        moment = due
    minute, hour, day = 60, 3600, 86400
    early = [30, 2 * minute, 5 * minute, 15 * minute, 16 * minute, hour, 3 * hour, 12 * hour]
    assert seen == early + [day * number for number in range(1, 8)]


def test_pending_is_read_after_1_and_6_hours_then_daily_for_fourteen_days_R7() -> None:
    moment, seen = NOW, []
    while (due := operations.next_pending_read(NOW, moment, has_provider_id=True)) is not None:
        seen.append((due - NOW).total_seconds() / 3600)
        moment = due
    assert seen == [1, 6, *(24 * day for day in range(1, 15))]


def test_pending_without_an_id_is_read_soon_because_it_holds_up_the_payment_I7() -> None:
    assert operations.next_pending_read(NOW, NOW, has_provider_id=False) == NOW + timedelta(seconds=30)


def test_the_providers_own_timetable_goes_before_the_rest_of_r7() -> None:
    moment, found = NOW, []
    while (
        due := operations.next_pending_read(NOW, moment, has_provider_id=True, own_reads_s=(1, 60, 7200))
    ) is not None:
        found.append(due - NOW)
        moment = due
    assert found[:4] == [timedelta(seconds=1), timedelta(seconds=60), timedelta(hours=2), timedelta(hours=6)]
    assert found[-1] == timedelta(days=14)


def test_a_success_is_looked_for_until_no_read_can_be_an_old_one_R26() -> None:
    moments, moment = [], NOW
    while (due := operations.next_confirmation(NOW, moment)) is not None:
        moments.append(due)
        moment = due
    assert moments[0] <= NOW + timedelta(seconds=5)
    assert NOW + operations.STALE_READ < moments[-1] <= NOW + timedelta(seconds=65)


def test_an_update_holds_a_release_downwards_and_nothing_upwards_I3() -> None:
    update = operations.OperationKind.UPDATE
    assert operations.reserved_as(update, raises=False) is operations.OperationKind.CANCEL
    assert operations.reserved_as(update, raises=True) is None
    assert operations.reserved_as(operations.OperationKind.REFUND, raises=False) is operations.OperationKind.REFUND


def test_a_lease_outlasts_the_call_and_the_settle_reads_R9() -> None:
    assert operations.CALL_DEADLINE + timedelta(seconds=operations.COMMIT_TO_FIRST_BYTE_S) < operations.LEASE
    assert operations.TWO_READS_APART >= operations.STALE_READ
