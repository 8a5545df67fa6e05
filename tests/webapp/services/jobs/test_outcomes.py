"""The words of a run's rows are those of the order page, and a run ends with the first outcome of each row."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from sqlalchemy import select

from providers.kinds import OperationKind
from tests import factories
from tests.desk import Desk
from tests.webapp.services.jobs import jobs_desk
from webapp.domain.operations import OperationState
from webapp.domain.outcomes import OutcomeWord, RowOutcome, outcome_word
from webapp.models import JobRow, JobRun, Mode, Operation, RowResult
from webapp.models.base import new_id
from webapp.services.jobs import closing, outcomes
from webapp.services.unit_of_work import in_transaction, reading

S = OperationState
ROW_OF = {OutcomeWord.DONE: {RowOutcome.DONE}, OutcomeWord.REJECTED: {RowOutcome.REJECTED}}
ROW_OF[OutcomeWord.FAILED] = {RowOutcome.FAILED, RowOutcome.RETRYING}


def a_run(desk: Desk, **fields: Any) -> uuid.UUID:
    """A run that has found its rows."""
    at = factories.LONG_AGO
    values = {"job": "refund", "shop_id": desk.shop_id, "due_at": at, "overdue_at": at, "not_before": at}
    made: JobRun = factories.add(JobRun(id=new_id(), **(values | {"found_at": at} | fields)))
    return made.id


def a_row(desk: Desk, run_id: uuid.UUID, position: int = 1, **fields: Any) -> None:
    factories.add(JobRow(run_id=run_id, position=position, shop_id=desk.shop_id, mode=Mode.TEST, **fields))


@pytest.mark.parametrize("state", list(S))
def test_orders_and_runs_use_the_same_words(desk: Desk, state: OperationState) -> None:
    operation = desk.ask(desk.payment(3300), 100)
    run_id = a_run(desk)
    a_row(desk, run_id, operation_id=operation)
    for tries, forbids in ((0, False), (1, False), (1, True)):
        desk.change(Operation, operation, state=state, tries=tries, state_forbids=forbids)
        word = outcome_word(state, state_forbids=forbids, was_put_back=state is S.QUEUED and tries > 0)
        shown = jobs_desk.outcomes(run_id)[0]
        expected = ROW_OF[word] if word else {RowOutcome.UNKNOWN, RowOutcome.UNDER_WAY, RowOutcome.STOPPED}
        assert shown in expected, (state, tries, forbids, shown)


FIRST_OUTCOME = {S.SUCCEEDED, S.REJECTED, S.WITHDRAWN, S.EXPIRED, S.UNKNOWN, S.REVIEW, S.PENDING}


@pytest.mark.parametrize("state", list(S))
def test_a_run_ends_with_the_first_outcome_of_each_row(desk: Desk, state: OperationState) -> None:
    operation = desk.ask(desk.payment(3300), 100)
    run_id = a_run(desk)
    a_row(desk, run_id, operation_id=operation)
    a_row(desk, run_id, 2, result=RowResult.SKIPPED, code="frozen")
    desk.change(Operation, operation, state=state)
    assert closing.close(run_id) is (state in FIRST_OUTCOME)
    assert closing.close_finished() == 0
    if state not in FIRST_OUTCOME:
        desk.change(Operation, operation, state=S.QUEUED, tries=1)
        assert closing.close_finished() == 1
    with reading() as tx:
        assert not outcomes.waits(tx, run_id)
    kept = outcomes.read(jobs_desk.the_run(run_id).counts)
    assert kept[Mode.TEST][RowOutcome.SKIPPED] == 1
    assert sum(kept[Mode.TEST].values()) == 2


def test_counts_are_fixed_when_the_run_ends(desk: Desk) -> None:
    operation = desk.ask(desk.payment(3300), 100)
    run_id = a_run(desk)
    a_row(desk, run_id, operation_id=operation)
    desk.change(Operation, operation, state=S.UNKNOWN)
    closing.close(run_id)
    desk.change(Operation, operation, state=S.SUCCEEDED)
    assert jobs_desk.the_run(run_id).counts == {"test": {"unknown": 1}}
    assert jobs_desk.outcomes(run_id) == [RowOutcome.DONE]


def test_a_refusal_that_is_not_about_the_state_is_failed_not_rejected_I6(desk: Desk) -> None:
    """402 is believed after a look-up, but the payment's state forbids nothing."""
    operation = desk.ask(desk.payment(3300), 100)
    desk.emulator.fault("error_before", call="refund", times=1, status=402)
    desk.run(operation)
    desk.later(seconds=61)
    row = desk.run_now(operation)
    assert (row.state, row.provider_code, row.state_forbids) == (S.REJECTED, "request_failed", False)


def test_the_payments_own_state_makes_it_rejected_whatever_was_answered_I6(desk: Desk) -> None:
    """No answer came, and the look-up shows a payment that was captured: nothing is left to cancel."""
    payment = desk.payment(3300, capture="manual")
    operation = desk.ask(payment, kind=OperationKind.CANCEL, reason_id=None)
    desk.emulator.fault("timeout_before", call="cancel", times=1, seconds=0.05)
    desk.run(operation)
    desk.emulator.portal(desk.row(payment).provider_ref, "capture")
    desk.later(seconds=61)
    row = desk.run_now(operation)
    assert (row.state, row.provider_code, row.state_forbids) == (S.REJECTED, "state_forbids", True)
    assert in_transaction(lambda tx: tx.scalars(select(Operation.state_forbids)).all()) == [True]
