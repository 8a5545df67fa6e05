"""A rehearsal says what a run would take, and writes nothing; every order gets its reason."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from tests import factories
from tests.desk import Desk
from tests.webapp.services.jobs import jobs_desk
from tests.webapp.services.jobs.jobs_desk import cancelled_payment
from webapp.models import AuditEntry, JobRun, Mode, Order, OrderStatus, Payment, RefundReason, StatusKind
from webapp.services.errors import NotFound, RuleBroken
from webapp.services.jobs import rehearsing
from webapp.services.jobs.rules import Rule
from webapp.services.unit_of_work import in_transaction, transaction

TEST = Mode.TEST


def reason(desk: Desk, number: str, job: str = "refund") -> Rule | None:
    """Why the job takes the order or not."""
    with transaction() as tx:
        told = rehearsing.explain(tx, job, desk.shop_id, TEST, number)
    return told.rule or told.payments[0].judged.rule


def test_a_rehearsal_names_rows_and_sums_and_changes_nothing(desk: Desk) -> None:
    cancelled_payment(desk, 3300, order_number="E1")
    cancelled_payment(desk, 1200, order_number="E2")
    cancelled_payment(desk, 5000, order_number="E3", method="konbini", state="captured")
    before = in_transaction(lambda tx: tx.execute(select(func.count()).select_from(AuditEntry)).scalar_one())
    with transaction() as tx:
        found = rehearsing.rehearse(tx, "refund", desk.shop_id, TEST)
        live = rehearsing.rehearse(tx, "refund", desk.shop_id, Mode.LIVE)
    assert [row.order.number for row in found.rows] == ["E3", "E2", "E1"]
    assert (found.taken, found.skipped, dict(found.sums_minor), found.is_cut) == (2, 1, {"JPY": 4500}, False)
    assert found.rules == {Rule.TAKEN: 2, Rule.BANK_DETAILS: 1}
    assert (live.taken, live.skipped) == (0, 0)
    assert jobs_desk.all_operations() == []
    assert in_transaction(lambda tx: tx.execute(select(func.count()).select_from(AuditEntry)).scalar_one()) == before
    assert in_transaction(lambda tx: tx.scalars(select(JobRun)).all()) == []
    run_id = jobs_desk.run(desk, "refund")
    made = sum(operation.amount_minor for operation in jobs_desk.all_operations())
    assert (made, len(jobs_desk.rows(run_id))) == (4500, 3)


def test_why_not_this_order(desk: Desk) -> None:
    paid = cancelled_payment(desk, order_number="F1")
    cancelled_payment(desk, order_number="F2", capture="manual")
    desk.payment(order_number="F3")
    assert (reason(desk, "F1"), reason(desk, "F1", "cancel")) == (Rule.TAKEN, Rule.PAID)
    assert (reason(desk, "F2"), reason(desk, "F2", "cancel")) == (Rule.NOT_PAID, Rule.TAKEN)
    assert reason(desk, "F3") is Rule.NOT_CANCELLED
    status = select(OrderStatus.id).where(OrderStatus.kind == StatusKind.CANCELLED)
    by_import = in_transaction(lambda tx: tx.execute(status).scalar_one())
    order = in_transaction(lambda tx: tx.execute(select(Order.id).where(Order.number == "F3")).scalar_one())
    desk.change(Order, order, status_id=by_import)
    assert reason(desk, "F3") is Rule.NO_ACTION_ASKED
    desk.change(RefundReason, factories.reason(desk.shop_id, "order_cancelled"), retired_at=factories.LONG_AGO)
    assert reason(desk, "F1") is Rule.REASON_MISSING
    desk.change(Payment, paid, frozen_at=factories.LONG_AGO, frozen_reason="excess")
    assert reason(desk, "F1") is Rule.FROZEN


def test_what_was_acted_on_names_its_operation_R17(desk: Desk) -> None:
    payment = cancelled_payment(desk, order_number="G1")
    desk.emulator.fault("error_before", call="refund", times=1, status=400)
    jobs_desk.run_and_send(desk, "refund")
    with transaction() as tx:
        told = rehearsing.explain(tx, "refund", desk.shop_id, TEST, "G1").payments[0]
    assert told.judged.rule is Rule.ANSWERED
    assert told.operation is not None
    assert told.operation.id == jobs_desk.operations_of(payment)[0].id
    cancelled_payment(desk, order_number="G2")
    jobs_desk.run_and_send(desk, "refund")
    assert reason(desk, "G2") is Rule.NOTHING_LEFT


def test_orders_of_other_shops_and_jobs_that_move_nothing_I18(desk: Desk) -> None:
    cancelled_payment(desk, order_number="H1")
    other = factories.shop("other").id
    with transaction() as tx:
        with pytest.raises(NotFound):
            rehearsing.explain(tx, "refund", other, TEST, "H1")
        with pytest.raises(NotFound):
            rehearsing.explain(tx, "refund", desk.shop_id, Mode.LIVE, "H1")
        with pytest.raises(RuleBroken, match="not_rehearsed"):
            rehearsing.rehearse(tx, "look-up", desk.shop_id, TEST)
        assert rehearsing.rehearse(tx, "refund", other, TEST).rows == []
