"""The order-status job: it carries out what changes of status fired and what was not carried out with them.

A row for each fired action: the first operation of its wish, or why there is none and whether it is tried again.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from webapp.domain.status_actions import FiringState
from webapp.models import RowResult
from webapp.services import runtime
from webapp.services.jobs.runs import FIRST_HOLD, Line, Run, announce
from webapp.services.kill_points import KillPoint, reached
from webapp.services.operations import filing
from webapp.services.status_actions.carrying import BATCH, NOT_FILED, Candidate, Carried, candidates, carry_out_batch
from webapp.services.unit_of_work import Tx, in_transaction, reading


def work(run: Run) -> None:
    """Carry out what is due now. What cannot be filed is due again later, for another run. RunLost as `Run.write`."""
    filing.refuse_when_disk_is_full()
    with reading() as tx:
        until = runtime.current().clock.now(tx)
    may_be_fewer = run.fence > FIRST_HOLD  # whoever had the run before may have announced what is no work any more
    while True:
        with reading() as tx:
            found = candidates(tx, run.shop(), until)
        if not found:
            if may_be_fewer:
                announce(run, 0)
            return
        announce(run, len(found))
        may_be_fewer = True  # somebody else may carry out, or end, what was just announced
        for start in range(0, len(found), BATCH):
            reached(KillPoint.SCHEDULING)
            in_transaction(partial(_take_batch, run=run, batch=found[start : start + BATCH]))
            run.rest_if_long()


def _take_batch(tx: Tx, run: Run, batch: Sequence[Candidate]) -> None:
    lines = [_line(each) for each in carry_out_batch(tx, batch)]
    run.write(tx, lines, run.cursor)
    reached(KillPoint.SCHEDULING)


def _line(carried: Carried) -> Line:
    fired, payment, filed = carried.fired, carried.payment, carried.filed
    of_payment = {"payment_id": payment.id, "account_id": payment.account_id, "currency": payment.currency}
    fixed = {"shop_id": fired.shop_id, "mode": payment.mode, "order_id": fired.order_id} | of_payment
    if filed is not None:
        moved = {"operation_id": filed.operation_ids[0], "kind": filed.kind, "amount_minor": filed.amount_minor}
        return Line(**fixed, **moved)  # type: ignore[arg-type]  # of Line's fields
    details = {"why": fired.why} if fired.why else None
    code = fired.code or fired.state.value
    return Line(**fixed, result=_result(carried), code=code, details=details)  # type: ignore[arg-type]  # the same


def _result(carried: Carried) -> RowResult:
    """Skipped: it is tried again, or a job has answered it; failed: an error of ours, or no more tries."""
    state, code = carried.fired.state, carried.fired.code
    if state is FiringState.AS_WISHED:
        return RowResult.DONE
    is_failed = state is FiringState.GIVEN_UP or code == NOT_FILED
    return RowResult.FAILED if is_failed else RowResult.SKIPPED
