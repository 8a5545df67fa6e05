"""The money task: one wake-up works through everything that is due."""

from __future__ import annotations

import uuid

import pytest
from sqlalchemy import func, select

from tasks import operations, sweep
from tests.desk import Desk
from webapp.domain.operations import OperationState
from webapp.models import WakeUp
from webapp.services.operations import running
from webapp.services.unit_of_work import in_transaction


@pytest.fixture(autouse=True)
def _no_application(monkeypatch: pytest.MonkeyPatch) -> None:
    """The desk's runtime is installed already; the task needs no application of its own."""
    monkeypatch.setattr("tasks.context.has_app_context", lambda: True)


def test_one_wake_up_runs_all_that_is_due(desk: Desk) -> None:
    made = [desk.ask(desk.payment(3300), 100) for _ in range(3)]
    operations.run_operation(str(made[0]))
    assert {desk.operation(each).state for each in made} == {OperationState.SUCCEEDED}


def test_a_doubled_or_unknown_wake_up_changes_nothing_R18(desk: Desk) -> None:
    payment = desk.payment(3300)
    made = desk.ask(payment, 100)
    for row_id in (made, made, uuid.uuid4()):
        operations.run_operation(str(row_id))
    assert len(desk.effects(payment)) == 1


def test_work_that_is_left_gets_a_new_wake_up(desk: Desk) -> None:
    desk.ask(desk.payment(3300), 100)
    words = select(func.count()).select_from(WakeUp)
    before = in_transaction(lambda tx: tx.execute(words).scalar_one())
    running.leave_word_if_more_is_due()
    assert in_transaction(lambda tx: tx.execute(words).scalar_one()) == before + 1
    running.run_due()
    running.leave_word_if_more_is_due()
    assert in_transaction(lambda tx: tx.execute(words).scalar_one()) == before + 1


def test_the_sweep_finds_due_money_without_redis_R18(desk: Desk) -> None:
    made = desk.ask(desk.payment(3300), 100)
    assert sweep.run_due("money") == 1
    assert desk.operation(made).state is OperationState.SUCCEEDED
