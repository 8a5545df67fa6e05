"""What pages show of jobs and runs: live until the run ends, by mode, by outcome, by page, and of one's shops only."""

from __future__ import annotations

import pytest

from tests import factories
from tests.desk import Desk
from tests.webapp.services.jobs import jobs_desk
from tests.webapp.services.jobs.jobs_desk import cancelled_payment
from webapp.domain.outcomes import RowOutcome
from webapp.models import Mode
from webapp.services.errors import NotFound
from webapp.services.jobs import listing, running, schedules
from webapp.services.jobs.listing import RunState
from webapp.services.operations import running as operations
from webapp.services.unit_of_work import transaction

TEST = Mode.TEST


def test_a_run_is_followed_from_its_rows_to_its_end(desk: Desk) -> None:
    cancelled_payment(desk, order_number="J1")
    cancelled_payment(desk, order_number="J2", method="konbini", state="captured")
    run_id, shops = jobs_desk.run(desk, "refund"), {desk.shop_id}
    with transaction() as tx:
        live = listing.get_run(tx, run_id, shops, TEST)
    assert (live.line.state, live.found, live.written, live.with_outcome) == (RunState.WORKING, 2, 2, 1)
    assert live.line.counts == {RowOutcome.UNDER_WAY: 1, RowOutcome.SKIPPED: 1}
    operations.run_due()
    running.run_due()
    with transaction() as tx:
        over = listing.get_run(tx, run_id, shops, TEST)
        of_live = listing.get_run(tx, run_id, shops, Mode.LIVE)
    assert (over.line.state, over.with_outcome, over.can_be_repeated) == (RunState.ENDED, 2, False)
    assert (over.line.taken, over.line.worst, over.line.rows) == (1, RowOutcome.DONE, 2)
    assert (of_live.line.rows, of_live.line.worst) == (0, None)


def test_rows_come_by_page_and_by_outcome(desk: Desk) -> None:
    for number in range(3):
        cancelled_payment(desk, order_number=f"K{number}")
    cancelled_payment(desk, order_number="K9", method="konbini", state="captured")
    run = jobs_desk.the_run(jobs_desk.run_and_send(desk, "refund"))
    with transaction() as tx:
        first, more = listing.rows(tx, run, TEST, size=2)
        rest, end = listing.rows(tx, run, TEST, after=first[-1].row.position, size=2)
        skipped, _more = listing.rows(tx, run, TEST, outcome=RowOutcome.SKIPPED)
        none, _more = listing.rows(tx, run, Mode.LIVE)
    assert [row.order_number for row in (*first, *rest)] == ["K9", "K2", "K1", "K0"]
    assert (more, end, none) == (True, False, [])
    assert [(row.order_number, row.account) for row in skipped] == [("K9", "KOMOJU")]


def test_the_jobs_of_ones_shops_with_schedule_and_last_run_I18(desk: Desk) -> None:
    other = factories.shop("other").id
    schedules.ensure()
    cancelled_payment(desk)
    desk.emulator.fault("error_before", call="refund", times=1, status=400)
    ended = jobs_desk.run_and_send(desk, "refund")
    cancelled_payment(desk)
    jobs_desk.run(desk, "refund")
    refund = jobs_desk.schedule("refund", desk.shop_id).id
    with transaction() as tx:
        lines = {line.job.name: line for line in listing.jobs_of(tx, {desk.shop_id}, TEST)}
        of_desk = [line.job.name for line in listing.jobs_of_desk(tx, TEST)]
        history = listing.history(tx, "refund", desk.shop_id, TEST)
        assert listing.history(tx, "refund", other, TEST) == []
        with pytest.raises(NotFound):
            listing.get_run(tx, ended, {other}, TEST)
        with pytest.raises(NotFound):
            listing.get_schedule(tx, refund, {other})
        row, shop = listing.get_schedule(tx, refund, {desk.shop_id})
    assert of_desk == ["housekeeping", "verify"]
    assert (lines["refund"].running, lines["refund"].schedule, lines["look-up"].schedule) == (1, row, None)
    assert lines["refund"].last is not None
    assert lines["refund"].last.state is RunState.WORKING
    assert [line.worst for line in history] == [RowOutcome.UNDER_WAY, RowOutcome.FAILED]
    assert lines["cancel"].last is None
    assert (lines["cancel"].problems, shop.id) == (0, desk.shop_id)
