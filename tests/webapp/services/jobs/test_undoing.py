"""The cancel and refund jobs: what they take, what they leave, and that each change is answered once."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from providers.kinds import OperationKind
from tests import factories
from tests.desk import Desk
from tests.webapp.services.jobs import jobs_desk
from tests.webapp.services.jobs.jobs_desk import cancelled_payment, run, run_and_send
from webapp.domain.outcomes import RowOutcome
from webapp.models import Payment, RefundReason, Via
from webapp.services.jobs import making, running, schedules
from webapp.services.operations import planning
from webapp.services.operations import running as operations
from webapp.services.operations.filing import Held
from webapp.services.unit_of_work import Tx


def test_the_refund_job_refunds_what_is_left_of_a_cancelled_and_paid_order(desk: Desk) -> None:
    paid = cancelled_payment(desk, 3300)
    part = cancelled_payment(desk, 2000)
    desk.run(desk.ask(part, 500))
    kept = desk.payment(1000)
    run_id = run_and_send(desk, "refund")
    assert jobs_desk.outcomes(run_id) == [RowOutcome.DONE, RowOutcome.DONE]
    assert {desk.row(each).refunded_minor for each in (paid, part, kept)} == {3300, 2000, 0}
    made = jobs_desk.operations_of(paid)[0]
    assert (made.kind, made.requested_via, made.requested_by) == (OperationKind.REFUND, Via.JOB, None)
    ended = jobs_desk.the_run(run_id)
    assert (ended.found, ended.counts) == (2, {"test": {"done": 2}})
    assert ended.ended_at is not None
    desk.assert_books_are_whole()


def test_the_cancel_job_releases_what_was_not_captured_newest_number_first(desk: Desk) -> None:
    waiting = cancelled_payment(desk, 1000, order_number="A1", method="konbini", state="pending")
    held = cancelled_payment(desk, 3300, order_number="A2", capture="manual")
    paid = cancelled_payment(desk, 500, order_number="A3")
    run_id = run_and_send(desk, "cancel")
    shown = jobs_desk.rows(run_id)
    assert [(line.order_number, line.outcome) for line in shown] == [("A2", RowOutcome.DONE), ("A1", RowOutcome.DONE)]
    assert [desk.row(each).cancelled_minor for each in (waiting, held, paid)] == [1000, 3300, 0]
    assert desk.effects(paid) == []
    desk.assert_books_are_whole()


def test_a_change_of_status_is_answered_once_whatever_came_of_it_R17(desk: Desk) -> None:
    payment = cancelled_payment(desk)
    desk.emulator.fault("error_before", call="refund", times=1, status=400)
    first = run_and_send(desk, "refund")
    assert jobs_desk.outcomes(first) == [RowOutcome.FAILED]
    assert jobs_desk.rows(run(desk, "refund")) == []
    assert len(jobs_desk.operations_of(payment)) == 1


def test_a_second_change_of_status_is_answered_again_R17(desk: Desk) -> None:
    payment = cancelled_payment(desk)
    desk.emulator.fault("error_before", call="refund", times=1, status=400)
    run_and_send(desk, "refund")
    factories.cancelled(desk.row(payment).order_id)
    assert jobs_desk.outcomes(run_and_send(desk, "refund")) == [RowOutcome.DONE]
    assert len(desk.effects(payment)) == 1


def test_an_order_captured_meanwhile_is_refunded_after_its_cancel_was_rejected_R17(desk: Desk) -> None:
    """R17 counts for each kind: what the cancel job could not do is work for the refund job."""
    payment = cancelled_payment(desk, capture="manual")
    cancelled_run = run(desk, "cancel")
    desk.emulator.portal(desk.row(payment).provider_ref, "capture")
    operations.run_due()
    desk.later(seconds=61)
    desk.run_now(jobs_desk.operations_of(payment)[0].id)
    assert jobs_desk.outcomes(cancelled_run) == [RowOutcome.REJECTED]
    assert jobs_desk.outcomes(run_and_send(desk, "refund")) == [RowOutcome.DONE]
    assert desk.row(payment).refunded_minor == 3300
    assert jobs_desk.rows(run(desk, "cancel")) == []
    desk.assert_books_are_whole()


def test_the_other_shops_orders_are_not_touched_I18(desk: Desk) -> None:
    other = factories.shop("other")
    desk.emulator.account("sk_test_other")
    account = factories.account(other.id, "sk_test_other").id
    ours, here = cancelled_payment(desk), (desk.shop_id, desk.account_id)
    desk.shop_id, desk.account_id = other.id, account
    theirs = cancelled_payment(desk, account="sk_test_other")
    desk.shop_id, desk.account_id = here
    assert jobs_desk.outcomes(run_and_send(desk, "refund")) == [RowOutcome.DONE]
    assert (desk.row(ours).refunded_minor, desk.row(theirs).refunded_minor) == (3300, 0)
    assert jobs_desk.operations_of(theirs) == []


def skipped(desk: Desk, job: str = "refund") -> tuple[list[str | None], int]:
    """The reasons of a run that takes nothing, and how many operations there are after it."""
    run_id = run(desk, job)
    assert set(jobs_desk.outcomes(run_id)) == {RowOutcome.SKIPPED}
    assert jobs_desk.the_run(run_id).ended_at is not None
    return jobs_desk.codes(run_id), len(jobs_desk.all_operations())


def test_what_needs_the_customers_bank_data_waits_for_a_person(desk: Desk) -> None:
    cancelled_payment(desk, method="konbini", state="captured")
    assert skipped(desk) == (["bank_details"], 0)


def test_a_frozen_payment_is_left_alone(desk: Desk) -> None:
    payment = cancelled_payment(desk)
    desk.change(Payment, payment, frozen_at=factories.LONG_AGO, frozen_reason="chargeback")
    assert skipped(desk) == (["frozen"], 0)


def test_a_payment_that_something_else_moves_is_left_for_the_next_run(desk: Desk) -> None:
    payment = cancelled_payment(desk)
    mine = desk.ask(payment, 300)
    assert skipped(desk) == (["under_way"], 1)
    desk.run(mine)
    assert jobs_desk.outcomes(run_and_send(desk, "refund")) == [RowOutcome.DONE]
    assert desk.row(payment).refunded_minor == 3300


def test_what_the_provider_does_not_offer_says_why(desk: Desk) -> None:
    payment = cancelled_payment(desk)
    desk.change(Payment, payment, provider_state="expired")
    run_id = run(desk, "refund")
    assert [(row.row.code, row.row.details) for row in jobs_desk.rows(run_id)] == [
        ("not_offered", {"why": "nothing_captured"})
    ]


def test_without_its_reason_the_refund_job_says_so(desk: Desk) -> None:
    cancelled_payment(desk)
    desk.change(RefundReason, factories.reason(desk.shop_id, "order_cancelled"), retired_at=factories.LONG_AGO)
    assert skipped(desk) == (["reason_missing"], 0)


def test_one_order_that_cannot_be_filed_stops_no_other_and_is_not_hidden(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    payments = [cancelled_payment(desk, order_number=f"B{number}") for number in range(7)]
    bad, right = payments[3], planning.file_wish_within

    def sometimes(tx: Tx, wish: planning.PlannedWish, held: Held) -> planning.Filed:
        made = right(tx, wish, held)
        if wish.payment_id == bad:
            raise ZeroDivisionError
        return made

    monkeypatch.setattr(planning, "file_wish_within", sometimes)
    run_id = run_and_send(desk, "refund")
    found = {line.row.payment_id: (line.outcome, line.row.code, line.row.details) for line in jobs_desk.rows(run_id)}
    assert found.pop(bad) == (RowOutcome.FAILED, "not_filed", {"error": "ZeroDivisionError"})
    assert set(found.values()) == {(RowOutcome.DONE, None, None)}
    assert desk.row(bad).refund_reserved_minor == 0
    monkeypatch.undo()
    assert jobs_desk.outcomes(run_and_send(desk, "refund")) == [RowOutcome.DONE]
    desk.assert_books_are_whole()


def test_two_runs_at_once_make_one_operation_for_each_payment_R17(desk: Desk) -> None:
    """The clock's run and one by hand, each with its own worker."""
    schedules.ensure()
    payments = [cancelled_payment(desk, 100) for _ in range(8)]
    making.tick()
    by_clock = jobs_desk.runs("refund")[0].id
    by_hand = making.run_by_operator("refund", desk.shop_id, uuid.uuid4())
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(running.run_job, (by_clock, by_hand))) == [True, True]
    operations.run_due()
    assert [len(jobs_desk.operations_of(payment)) for payment in payments] == [1] * 8
    running.run_due()
    ended = [jobs_desk.the_run(each) for each in (by_clock, by_hand)]
    assert all(each.ended_at and each.failed_by is None for each in ended)
    done = [each.counts.get("test", {}).get("done", 0) for each in ended]
    assert sum(done) == 8
    desk.assert_books_are_whole()
