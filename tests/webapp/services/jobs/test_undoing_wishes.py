"""The cancel and refund jobs where a payment needs several calls: one wish and one row for each payment (R6, R17)."""

from __future__ import annotations

import uuid

import pytest
from sqlalchemy import update

from providers.kinds import OperationKind
from providers.planning import WishKind
from tests import factories, klarna_desk, svea_desk
from tests.desk import Desk
from tests.svea_desk import KETTLE, MUGS
from tests.webapp.services.jobs import jobs_desk
from tests.webapp.services.jobs.jobs_desk import run, signed_in
from tests.webapp.services.mails.letters import all_mails
from tests.webapp.services.operations.test_svea_wishes import carry_out, open_lines
from webapp.domain.operations import TERMINAL, OperationState
from webapp.domain.outcomes import OutcomeWord, RowOutcome
from webapp.domain.permissions import Role
from webapp.models import Mode, Operation, Order, Shop
from webapp.services.jobs import closing, figures, making, rehearsing, repeating, running
from webapp.services.jobs.rules import Rule
from webapp.services.mails import failures
from webapp.services.operations import outcomes, planning
from webapp.services.operations.filing import Held
from webapp.services.operations.leases import Lease
from webapp.services.orders import page
from webapp.services.payments.reading import read_payment
from webapp.services.unit_of_work import Tx, in_transaction, reading

S, K, W, R = OperationState, OperationKind, WishKind, RowOutcome
CUPS = {"Name": "Cup", "ArticleNumber": "SKU-3", "Quantity": 200, "UnitPrice": 10000, "VatPercent": 2500}


def basket(desk: Desk) -> uuid.UUID:
    """An invoice of Svea with three rows, 1000 kronor."""
    return klarna_desk.take_in(desk, svea_desk.svea_order(desk.emulator, 100_000, "Invoice", rows=[KETTLE, MUGS, CUPS]))


def delivered(desk: Desk, deliveries: int = 3) -> uuid.UUID:
    """A cancelled order at Svea of which so many of three rows were delivered, each by itself."""
    payment = basket(desk)
    for line in open_lines(desk, payment)[:deliveries]:
        carry_out(desk, payment, W.CAPTURE, line.total_minor, lines=[line])
    factories.cancelled(desk.row(payment).order_id)
    return payment


def steps(payment: uuid.UUID, kind: OperationKind = K.REFUND) -> list[Operation]:
    """The operations of that kind in the order of their steps, the newest wish last."""
    found = [one for one in jobs_desk.operations_of(payment) if one.kind is kind]
    return sorted(found, key=lambda one: (one.created_at, one.step))


def finish(desk: Desk, *operation_ids: uuid.UUID) -> list[OperationState]:
    """Send each in turn, and look until it is over; a minute goes by between looks (R26)."""
    for each in operation_ids:
        for _look in range(8):
            if desk.run_now(each).state in TERMINAL:
                break
            desk.later(seconds=61)
    return [desk.operation(each).state for each in operation_ids]


def refuse(desk: Desk, operation_id: uuid.UUID) -> None:
    """The end of a step that the provider refuses for a reason of its own."""
    payment = desk.operation(operation_id).payment_id

    def work(tx: Tx) -> None:
        outcomes.locked_payment(tx, payment)
        operation, now = outcomes.locked_operation(tx, operation_id), desk.clock.now(tx)
        lease = Lease(operation.id, operation.fence, now)
        tx.execute(update(Operation).where(Operation.id == operation_id).values(state=S.SENDING))
        outcomes.end(tx, lease, operation, S.REJECTED, now, code="no_such_row")

    in_transaction(work)


def test_three_deliveries_are_credited_by_one_row_with_three_steps_R17(desk: Desk) -> None:
    payment = delivered(svea_desk.use_svea(desk))
    run_id = run(desk, "refund")
    made = steps(payment)
    assert [(one.step, one.amount_minor) for one in made] == [(0, 50_000), (1, 30_000), (2, 20_000)]
    assert len({one.against for one in made}) == 3
    assert len({(one.wish_id, one.status_change_id) for one in made}) == 1
    (row,) = jobs_desk.rows(run_id)
    assert (row.row.amount_minor, row.row.operation_id, row.outcome) == (100_000, made[0].id, R.UNDER_WAY)
    assert jobs_desk.rows(run(desk, "refund")) == []
    with reading() as tx:
        number = tx.get_one(Order, made[0].order_id).number
        (why,) = rehearsing.explain(tx, "refund", desk.shop_id, Mode.TEST, number).payments
        assert (why.judged.rule, why.operation and why.operation.id) == (Rule.ANSWERED, made[0].id)
    assert finish(desk, *(one.id for one in made)) == [S.SUCCEEDED] * 3
    closing.close_finished()
    assert (jobs_desk.outcomes(run_id), jobs_desk.the_run(run_id).counts) == ([R.DONE], {"test": {"done": 1}})
    assert (desk.row(payment).refunded_minor, desk.row(payment).refund_reserved_minor) == (100_000, 0)
    desk.assert_books_are_whole()


def test_a_row_tells_the_least_finished_step_and_is_mailed_once_R6_R44(desk: Desk) -> None:
    """One credit done, two refused: one failed row, and one mail of what was not done."""
    payment = delivered(svea_desk.use_svea(desk))
    desk.change(Shop, desk.shop_id, failure_emails=["ana@shop.test"])
    run_id = run(desk, "refund")
    first, second, third = (one.id for one in steps(payment))
    assert finish(desk, first) == [S.SUCCEEDED]
    assert jobs_desk.outcomes(run_id) == [R.UNDER_WAY]
    assert closing.close_finished() == 0
    refuse(desk, second)
    desk.later(minutes=2)
    assert (jobs_desk.outcomes(run_id), failures.make_due()) == ([R.UNDER_WAY], 0)
    refuse(desk, third)
    desk.later(minutes=2)
    assert (jobs_desk.outcomes(run_id), failures.make_due()) == ([R.FAILED], 1)
    (mail,) = all_mails()
    assert (mail.body or "").count(f"/orders/{desk.row(payment).order_id}") == 1
    assert "500.00" in (mail.body or "")
    desk.later(hours=1)
    assert (failures.make_due(), closing.close_finished()) == (0, 1)


def test_only_the_steps_that_were_not_done_are_repeated(desk: Desk) -> None:
    payment = delivered(svea_desk.use_svea(desk), 2)
    run_id = run(desk, "refund")
    first, second = (one.id for one in steps(payment))
    refuse(desk, first)
    assert finish(desk, second) == [S.SUCCEEDED]
    assert closing.close_finished() == 1
    with reading() as tx:
        (failed,) = figures.failed_now(tx, run_id).values()
        shown = page.get_order(tx, desk.row(payment).order_id, {desk.shop_id}).newest(K.REFUND)
        assert (shown and shown.operation.id, shown and shown.word) == (first, OutcomeWord.FAILED)
    assert (failed.rows, failed.sums_minor) == (1, {"SEK": 50_000})
    again = repeating.repeat_failed(signed_in(desk, Role.MERCHANT), run_id, uuid.uuid4())
    running.run_due()
    made = steps(payment)[2:]
    assert [one.amount_minor for one in made] == [50_000]
    assert finish(desk, made[0].id) == [S.SUCCEEDED]
    assert (jobs_desk.outcomes(again), desk.row(payment).refunded_minor) == ([R.DONE], 80_000)
    desk.assert_books_are_whole()


class Killed(BaseException):
    """The worker dies."""


def test_a_run_killed_while_it_files_leaves_no_half_wish_and_is_gone_on_with_K15(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = delivered(svea_desk.use_svea(desk), 2)
    right, run_id = planning.file_wish_within, making.run_by_operator("refund", desk.shop_id, uuid.uuid4())

    def dies(tx: Tx, wish: planning.PlannedWish, held: Held) -> planning.Filed:
        right(tx, wish, held)
        raise Killed

    monkeypatch.setattr(planning, "file_wish_within", dies)
    with pytest.raises(Killed):
        running.run_job(run_id)
    monkeypatch.undo()
    assert (steps(payment), jobs_desk.rows(run_id), desk.row(payment).refund_reserved_minor) == ([], [], 0)
    assert not running.run_job(run_id)
    desk.later(seconds=121)
    assert running.run_job(run_id)
    assert [one.step for one in steps(payment)] == [0, 1]
    assert len(jobs_desk.rows(run_id)) == 1


@pytest.mark.parametrize("provider", ["klarna", "svea"])
def test_a_payment_captured_in_part_is_work_for_both_jobs(desk: Desk, provider: str) -> None:
    """The rest is released first, then the captured part refunded; each job shows one row (product.md section 5)."""
    if provider == "klarna":
        payment = klarna_desk.order(klarna_desk.use_klarna(desk), 100_000)
        desk.emulator.portal(desk.row(payment).provider_ref, "capture", provider="klarna", amount_minor=50_000)
        read_payment(payment)
        factories.cancelled(desk.row(payment).order_id)
    else:
        payment = delivered(svea_desk.use_svea(desk), 1)
    with reading() as tx:
        foreseen = [rehearsing.rehearse(tx, job, desk.shop_id, Mode.TEST).sums_minor for job in ("cancel", "refund")]
    assert foreseen == [{"SEK": 50_000}, {"SEK": 50_000}]
    cancelled = run(desk, "cancel")
    assert jobs_desk.codes(run(desk, "refund")) == ["under_way"]
    assert finish(desk, *(one.id for one in steps(payment, K.CANCEL))) == [S.SUCCEEDED]
    refunded = run(desk, "refund")
    assert finish(desk, *(one.id for one in steps(payment))) == [S.SUCCEEDED]
    assert (jobs_desk.outcomes(cancelled), jobs_desk.outcomes(refunded)) == ([R.DONE], [R.DONE])
    row = desk.row(payment)
    assert (row.captured_minor, row.cancelled_minor, row.refunded_minor) == (50_000, 50_000, 50_000)
    assert [jobs_desk.rows(run(desk, job)) for job in ("cancel", "refund")] == [[], []]
    desk.assert_books_are_whole()
