"""The cancel and refund jobs: what they take, what they leave, and that each change is answered once."""

from __future__ import annotations

from providers.kinds import OperationKind
from tests.desk import Desk
from tests.webapp.services.jobs import jobs_desk
from tests.webapp.services.jobs.jobs_desk import cancelled_payment, run_and_send
from webapp.domain.outcomes import RowOutcome
from webapp.models import Via


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
