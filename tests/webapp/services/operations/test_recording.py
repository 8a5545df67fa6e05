"""Recording: what each answer makes of an operation, in one transaction (I16, R5, R7, R46)."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest

from providers.kinds import OperationKind, Outcome, ResolutionClass
from providers.money import Money
from providers.port import Reply
from tests.desk import Desk
from webapp.domain.operations import OperationState
from webapp.models import Operation, ProviderAccount
from webapp.services import accounts, kill_points, runtime
from webapp.services.kill_points import KillPoint
from webapp.services.operations import recording, running, sending
from webapp.services.operations.claiming import Claim, claim
from webapp.services.operations.leases import LeaseLost
from webapp.services.unit_of_work import DatabaseBusy, in_transaction

S = OperationState


def begin(desk: Desk, operation: uuid.UUID) -> tuple[Claim, uuid.UUID]:
    """A claim whose attempt is committed, as if the call were under way; the attempt's id."""
    claimed = in_transaction(lambda tx: claim(tx, operation, running.steadiness_here()))
    assert isinstance(claimed, Claim)
    adapter = accounts.adapter(claimed.account)
    attempt = sending._attempt(claimed, adapter, adapter.prepare(sending._request(claimed)))
    started = sending._commit_attempt(claimed, attempt)
    assert started is not None
    return claimed, started.attempt_id


def answer(desk: Desk, operation: uuid.UUID, reply: Reply) -> Operation:
    """The operation after this answer."""
    claimed, attempt = begin(desk, operation)
    recording.record(claimed, attempt, reply)
    return desk.operation(operation)


def test_a_definite_refusal_ends_it_and_gives_the_money_back_I3(desk: Desk) -> None:
    payment = desk.payment(3300)
    row = answer(desk, desk.ask(payment, 1100), Reply(Outcome.REFUSED, 422, "missing_parameter", "no"))
    assert (row.state, row.provider_code, row.provider_message) == (S.REJECTED, "missing_parameter", "no")
    assert desk.row(payment).refund_reserved_minor == 0
    desk.assert_books_are_whole()


def test_not_applied_is_tried_again_by_the_timetable_R7(desk: Desk) -> None:
    payment = desk.payment(3300)
    operation = desk.ask(payment, 1100)
    row = answer(desk, operation, Reply(Outcome.NOT_APPLIED, code="not_reached"))
    assert (row.state, row.tries, row.in_doubt) == (S.QUEUED, 1, False)
    assert row.due_at == row.state_since + timedelta(minutes=1)
    assert desk.row(payment).refund_reserved_minor == 1100
    assert desk.run_now(operation).state is S.SUCCEEDED


def test_after_eight_tries_it_expires_with_the_last_reason_R7_I12(desk: Desk) -> None:
    payment = desk.payment(3300)
    operation = desk.ask(payment, 1100)
    desk.emulator.fault("rate_limited", call="refund", seconds=1)
    states = []
    for _ in range(9):
        states.append(desk.run_now(operation).state)
    assert states == [S.QUEUED] * 8 + [S.EXPIRED]
    assert desk.operation(operation).provider_code == "too_many_requests"
    assert desk.row(payment).refund_reserved_minor == 0
    assert len(desk.attempts(operation)) == 9
    assert len({attempt.key for attempt in desk.attempts(operation)}) == 1
    desk.assert_books_are_whole()


def test_429_waits_as_long_as_the_provider_says_R7(desk: Desk) -> None:
    operation = desk.ask(desk.payment(3300), 1100)
    desk.emulator.fault("rate_limited", call="refund", times=1, seconds=90)
    row = desk.run_now(operation)
    assert row.due_at == row.state_since + timedelta(seconds=90)


def test_a_refused_key_opens_the_breaker_and_the_operation_stays_queued_R46(desk: Desk) -> None:
    payment = desk.payment(3300)
    operation = desk.ask(payment, 1100)
    desk.emulator.fault("unauthorised", call="refund", times=1)
    row = desk.run_now(operation)
    assert (row.state, row.in_doubt) == (S.QUEUED, False)
    assert desk.account().breaker_reason == accounts.CREDENTIALS
    assert desk.run_now(operation).blocked_by == "breaker"
    desk.change(ProviderAccount, desk.account_id, breaker_opened_at=None, breaker_reason=None)
    assert desk.run_now(operation).state is S.SUCCEEDED


def test_five_ambiguous_answers_open_the_breaker_and_a_good_one_closes_it_R46(desk: Desk) -> None:
    desk.emulator.fault("timeout_after", call="refund", times=5, seconds=0.05)
    operations = [desk.ask(desk.payment(3300), 1100) for _ in range(6)]
    for operation in operations[:4]:
        desk.run(operation)
    assert desk.account().breaker_opened_at is None
    desk.run(operations[4])
    assert desk.account().breaker_reason == accounts.AMBIGUOUS
    assert not desk.run(operations[5])
    for operation in operations[:5]:
        assert desk.run_now(operation).state is S.SUCCEEDED  # look-ups go on
    desk.later(seconds=61)
    assert desk.run_now(operations[5]).state is S.SUCCEEDED  # half open: the trial
    assert desk.account().breaker_opened_at is None
    desk.assert_books_are_whole()


def test_ambiguous_answers_spread_over_time_open_nothing_R46(desk: Desk) -> None:
    desk.emulator.fault("timeout_after", call="refund", times=6, seconds=0.05)
    for _ in range(6):
        desk.run(desk.ask(desk.payment(3300), 1100))
        desk.later(seconds=80)
    assert desk.account().breaker_opened_at is None


def test_the_last_good_call_is_noted_once_a_minute(desk: Desk) -> None:
    desk.run(desk.ask(desk.payment(3300), 1100))
    first = desk.account().last_good_call_at
    desk.run(desk.ask(desk.payment(3300), 1100))
    assert desk.account().last_good_call_at == first
    desk.later(seconds=62)
    desk.run(desk.ask(desk.payment(3300), 1100))
    assert desk.account().last_good_call_at != first


def test_another_amount_in_the_answer_is_for_people_with_the_money_kept_R5(desk: Desk) -> None:
    payment = desk.payment(3300)
    operation = desk.ask(payment, 1100)
    row = answer(desk, operation, Reply(Outcome.DONE, 200, movement_id="r1", money=Money(1099, "JPY")))
    assert (row.state, row.due_at) == (S.REVIEW, None)
    assert "1099" in (row.provider_message or "")
    assert desk.row(payment).refund_reserved_minor == 1100
    assert desk.row(payment).refunded_minor == 0
    desk.assert_books_are_whole()


def test_a_wrong_amount_at_the_provider_ends_in_review_with_the_money_kept_R5(desk: Desk) -> None:
    payment = desk.payment(3300)
    operation = desk.ask(payment, 1100)
    desk.emulator.fault("wrong_amount", call="refund", times=1, amount_minor=-1)
    assert desk.run_now(operation).state is S.UNKNOWN
    row = desk.run_now(operation)
    assert row.state is S.REVIEW
    assert desk.row(payment).refund_reserved_minor == 1100
    assert not desk.run(operation)


def test_a_yes_without_an_id_is_doubt_I5(desk: Desk) -> None:
    row = answer(desk, desk.ask(desk.payment(3300), 1100), Reply(Outcome.DONE, 200, money=Money(1100, "JPY")))
    assert (row.state, row.in_doubt) == (S.UNKNOWN, True)


def test_a_yes_without_a_snapshot_books_under_the_answers_id_I9(desk: Desk) -> None:
    payment = desk.payment(3300)
    operation = desk.ask(payment, 1100)
    row = answer(desk, operation, Reply(Outcome.DONE, 200, movement_id="r1", money=Money(1100, "JPY")))
    assert row.state is S.SUCCEEDED
    assert (desk.row(payment).refunded_minor, desk.row(payment).refund_reserved_minor) == (1100, 0)


def test_a_capture_is_booked_from_its_answer(desk: Desk) -> None:
    payment = desk.payment(5000, capture="manual")
    operation = desk.ask(payment, kind=OperationKind.CAPTURE)
    assert desk.run_now(operation).state is S.SUCCEEDED
    assert desk.row(payment).captured_minor == 5000
    desk.assert_books_are_whole()


def test_an_answer_that_names_a_movement_it_does_not_hold_is_not_booked(desk: Desk) -> None:
    payment = desk.payment(3300)
    operation = desk.ask(payment, 1100)
    claimed, attempt = begin(desk, operation)
    snapshot = accounts.adapter(claimed.account).fetch_payment(claimed.payment.provider_ref)
    reply = Reply(Outcome.DONE, 200, movement_id="r1", money=Money(1100, "JPY"), snapshot=snapshot)
    with pytest.raises(AssertionError, match="does not hold"):
        recording.record(claimed, attempt, reply)
    assert desk.operation(operation).state is S.SENDING


@pytest.mark.parametrize("pending_id", ["q1", None])
def test_accepted_is_pending_with_the_money_kept(desk: Desk, pending_id: str | None) -> None:
    payment = desk.payment(3300)
    row = answer(desk, desk.ask(payment, 1100), Reply(Outcome.ACCEPTED, 200, pending_id=pending_id))
    wait = timedelta(hours=1) if pending_id else timedelta(seconds=30)
    assert (row.state, row.provider_operation_id) == (S.PENDING, pending_id)
    assert row.due_at == row.state_since + wait
    assert desk.row(payment).refund_reserved_minor == 1100


def test_no_answer_from_a_provider_that_cannot_be_asked_goes_to_people_C3(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    blind = type("Blind", (type(desk_capabilities()),), {"resolution": ResolutionClass.NEITHER})()
    monkeypatch.setattr(runtime.current().providers, "capabilities", lambda _provider: blind)
    row = answer(desk, desk.ask(desk.payment(3300), 1100), Reply(Outcome.IN_DOUBT, code="no_answer"))
    assert (row.state, row.due_at) == (S.REVIEW, None)


def desk_capabilities() -> object:
    return runtime.current().providers.capabilities("komoju")


def test_a_state_conflict_is_looked_up_at_once_and_is_no_result_I6(desk: Desk) -> None:
    row = answer(desk, desk.ask(desk.payment(3300), 1100), Reply(Outcome.ASK, 422, "not_refundable", "no"))
    assert (row.state, row.refused_code, row.in_doubt) == (S.UNKNOWN, "not_refundable", False)
    assert row.due_at == row.state_since


def test_a_refusal_of_a_repeat_is_noted_and_not_believed_I6(desk: Desk) -> None:
    payment = desk.payment(3300)
    operation = desk.ask(payment, 1100)
    answer(desk, operation, Reply(Outcome.IN_DOUBT, code="no_answer"))
    desk.change(Operation, operation, state=S.QUEUED)  # claimed for a send, as a replay is
    desk.make_due(operation)
    row = answer(desk, operation, Reply(Outcome.REFUSED, 422, "bad_request"))
    assert (row.state, row.refused_code, row.in_doubt) == (S.UNKNOWN, "bad_request", True)
    assert desk.row(payment).refund_reserved_minor == 1100


def test_a_429_of_a_repeat_stays_in_doubt_and_waits(desk: Desk) -> None:
    operation = desk.ask(desk.payment(3300), 1100)
    answer(desk, operation, Reply(Outcome.IN_DOUBT, code="no_answer"))
    desk.change(Operation, operation, state=S.QUEUED)
    desk.make_due(operation)
    row = answer(desk, operation, Reply(Outcome.NOT_APPLIED, 429, "too_many_requests", retry_after_s=600))
    assert (row.state, row.in_doubt) == (S.UNKNOWN, True)
    assert row.due_at == row.state_since + timedelta(seconds=600)


def test_a_stale_worker_writes_nothing_at_all_I11_K11(desk: Desk) -> None:
    payment = desk.payment(3300)
    operation = desk.ask(payment, 1100)
    claimed, attempt = begin(desk, operation)
    desk.later(seconds=122)
    assert not desk.run(operation)  # found lapsed: now in doubt, under a higher fence
    with pytest.raises(LeaseLost):
        recording.record(claimed, attempt, Reply(Outcome.DONE, 200, movement_id="r1", money=Money(1100, "JPY")))
    assert desk.operation(operation).state is S.UNKNOWN
    assert desk.attempts(operation)[0].outcome is None
    assert desk.row(payment).refunded_minor == 0


def test_a_result_is_written_whole_or_not_at_all_I16_K8(desk: Desk) -> None:
    payment = desk.payment(3300)
    operation = desk.ask(payment, 1100)

    def die(point: KillPoint) -> None:
        if point is KillPoint.INSIDE_RESULT:
            raise KeyboardInterrupt

    kill_points.observe(die)
    try:
        with pytest.raises(KeyboardInterrupt):
            desk.run(operation)
    finally:
        kill_points.observe(None)
    assert desk.operation(operation).state is S.SENDING
    assert (desk.row(payment).refunded_minor, desk.attempts(operation)[0].outcome) == (0, None)
    desk.assert_books_are_whole()


@pytest.mark.parametrize("gives_up", [False, True])
def test_a_result_that_cannot_be_written_is_tried_until_the_lease_ends_R24(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, gives_up: bool
) -> None:
    operation = desk.ask(desk.payment(3300), 1100)
    real, failures = sending.record, []

    def busy(*arguments: object) -> None:
        if not gives_up and len(failures) == 2:
            real(*arguments)  # type: ignore[arg-type]
            return
        failures.append(1)
        raise DatabaseBusy

    monkeypatch.setattr(sending, "record", busy)
    monkeypatch.setattr(sending.time, "sleep", lambda _s: desk.later(seconds=50))
    if gives_up:
        assert desk.run(operation)
        assert desk.operation(operation).state is S.SENDING
        assert not desk.run_now(operation).lease_until
        assert desk.operation(operation).state is S.UNKNOWN
    else:
        desk.run(operation)
        assert desk.operation(operation).state is S.SUCCEEDED


def test_a_refusal_that_the_state_does_not_explain_is_believed_after_a_fresh_read_I6(desk: Desk) -> None:
    operation = desk.ask(desk.payment(3300), 1100)
    desk.change(Operation, operation, state=S.UNKNOWN, refused_code="not_refundable")
    assert desk.run_now(operation).state is S.REJECTED
