"""The look-up job asks the provider at once about what is in doubt, and ends when a worker has asked (R7, R26)."""

from __future__ import annotations

from tests import factories
from tests.desk import Desk
from tests.webapp.services.jobs import jobs_desk
from webapp.domain.operations import OperationState
from webapp.domain.outcomes import RowOutcome
from webapp.services.jobs import closing
from webapp.services.operations import running as operations


def test_what_is_in_doubt_is_asked_about_at_once(desk: Desk) -> None:
    desk.emulator.fault("timeout_after", call="refund", times=1, seconds=0.05)
    doubtful, fine = desk.ask(desk.payment(3300), 100), desk.ask(desk.payment(3300), 100)
    for each in (doubtful, fine):
        desk.run(each)
    assert desk.operation(doubtful).state is OperationState.UNKNOWN
    run_id = jobs_desk.run(desk, "look-up")
    assert jobs_desk.the_run(run_id).ended_at is None
    assert jobs_desk.rows(jobs_desk.run(desk, "look-up"))[0].row.code == "asked_already"
    assert operations.run_due() == 1
    assert closing.close_finished() == 1
    assert [(row.row.operation_id, row.outcome) for row in jobs_desk.rows(run_id)] == [(doubtful, RowOutcome.DONE)]
    assert jobs_desk.the_run(run_id).counts == {"test": {"done": 1}}
    desk.assert_books_are_whole()


def test_another_shops_doubt_is_left_alone_I18(desk: Desk) -> None:
    other = factories.shop("other").id
    desk.emulator.fault("timeout_after", call="refund", times=1, seconds=0.05)
    doubtful = desk.ask(desk.payment(3300), 100)
    desk.run(doubtful)
    due = desk.operation(doubtful).due_at
    run_id = jobs_desk.run(desk, "look-up", other)
    assert jobs_desk.rows(run_id) == []
    assert desk.operation(doubtful).due_at == due
    assert jobs_desk.the_run(run_id).ended_at is not None
