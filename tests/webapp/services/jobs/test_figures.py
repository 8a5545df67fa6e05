"""What “repeat only the failed” would take, as it stands now."""

from __future__ import annotations

from tests.desk import Desk
from tests.webapp.services.jobs.jobs_desk import cancelled_payment, operations_of, run, run_and_send
from webapp.domain.operations import OperationState
from webapp.models import Mode, Operation
from webapp.services.jobs import figures
from webapp.services.jobs.figures import Failed
from webapp.services.unit_of_work import reading


def test_failed_rows_are_summed_per_mode_and_currency_and_rejected_ones_left_out(desk: Desk) -> None:
    yen, dollars, live, rejected, _done = (
        cancelled_payment(desk, amount, order_number=f"F-{amount}", currency=currency)
        for amount, currency in ((1000, "JPY"), (250, "USD"), (40, "JPY"), (5, "JPY"), (3, "JPY"))
    )
    run_id = run_and_send(desk, "refund")
    for payment in (yen, dollars, live):
        desk.change(Operation, operations_of(payment)[0].id, state=OperationState.EXPIRED)
    desk.change(Operation, operations_of(rejected)[0].id, state=OperationState.REJECTED, state_forbids=True)
    row = f"update job_rows set mode = 'live' where payment_id = '{live if desk.is_postgresql else live.hex}'"
    desk.raw(row)
    with reading() as tx:
        found = figures.failed_now(tx, run_id)
    assert found == {Mode.TEST: Failed(2, {"JPY": 1000, "USD": 250}), Mode.LIVE: Failed(1, {"JPY": 40})}


def test_jobs_that_move_nothing_have_nothing_to_repeat(desk: Desk) -> None:
    run_id = run(desk, "look-up")
    with reading() as tx:
        assert figures.failed_now(tx, run_id) == {}
