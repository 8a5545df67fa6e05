"""The cancel and refund jobs: one wish per payment for each change of status that cancelled an order (R17)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import structlog
from sqlalchemy import BindParameter, Select, bindparam
from sqlalchemy.exc import OperationalError

from providers.kinds import OperationKind
from webapp.models import Order, Payment, ProviderAccount, RowResult, Shop, Via
from webapp.models.base import new_id
from webapp.services import runtime
from webapp.services.audit import Actor
from webapp.services.errors import NotAvailable, RuleBroken
from webapp.services.jobs.catalogue import JOBS
from webapp.services.jobs.rules import (
    Candidate,
    Judged,
    Known,
    candidates,
    judge,
    known,
    reason_for,
    surroundings,
    wish_of,
)
from webapp.services.jobs.runs import FIRST_HOLD, Line, Run, announce
from webapp.services.kill_points import KillPoint, reached
from webapp.services.operations import filing, planning
from webapp.services.operations.filing import Held
from webapp.services.operations.planning import PlannedWish
from webapp.services.unit_of_work import Tx, in_transaction, reading

log = structlog.get_logger()
BATCH = 4  # payments in one transaction, which stays under the 50 ms of R21
NOT_FILED = "not_filed"


@dataclass(frozen=True, slots=True)
class Task:
    """What a run does with each payment; `by_person`: asked for again, so it answers no change of status."""

    run: Run
    kind: OperationKind
    by_person: bool = False

    @property
    def actor(self) -> Actor:
        """Who asks: the job, for the person who wanted the run if there is one."""
        return Actor(self.run.requested_by, Via.JOB)


def work(run: Run) -> None:
    """Make the operations that the rule of the run's job finds now. RunLost when somebody else took the run."""
    kind = JOBS[run.job].undoes
    assert kind is not None  # noqa: S101 - the jobs that come here all undo
    task = Task(run, kind)
    filing.refuse_when_disk_is_full()
    while True:
        with reading() as tx:
            found = candidates(tx, kind, run.shop(), run.cursor)
        if not found:
            if run.fence > FIRST_HOLD:  # whoever had the run before may have announced what is no work any more
                announce(run, 0)
            return
        announce(run, len(found))
        take_all(task, found)


def take_all(task: Task, found: Sequence[Candidate]) -> None:
    """File operations for these payments, a few in each transaction (R21)."""
    for start in range(0, len(found), BATCH):
        batch = found[start : start + BATCH]
        reached(KillPoint.SCHEDULING)
        in_transaction(partial(_take_batch, task=task, batch=batch))
        task.run.cursor = batch[-1].cursor
        task.run.rest_if_long()


def _take_batch(tx: Tx, task: Task, batch: Sequence[Candidate]) -> None:
    ids = [candidate.payment_id for candidate in batch]
    filing.lock_payments(tx, ids)
    reason_id = reason_for(tx, task.run.shop())
    shop, now = tx.get_one(Shop, task.run.shop()), runtime.current().clock.now(tx)
    values = {"of_shop": shop.id, "of_payments": ids}
    found = {row[0].id: row for row in tx.execute(_of_batch(task.kind), values)}
    lines = []
    for payment_id in ids:
        payment, order, account, is_answered = found[payment_id]
        held = Held(payment, account, shop, now)
        facts = known(task.kind, reason_id, is_answered=is_answered and not task.by_person)
        lines.append(_take(tx, task, order, held, facts, reason_id))
    task.run.write(tx, lines, batch[-1].cursor)
    reached(KillPoint.SCHEDULING)


@cache  # built once, for transactions that have to be short (R21)
def _of_batch(kind: OperationKind) -> Select[Payment, Order, ProviderAccount, bool]:
    of_payments: BindParameter[Any] = bindparam("of_payments", expanding=True)
    query = surroundings(kind, bindparam("of_shop")).where(Payment.id.in_(of_payments))
    return query.execution_options(populate_existing=True)


def _take(tx: Tx, task: Task, order: Order, held: Held, facts: Known, reason_id: uuid.UUID | None) -> Line:
    payment = held.payment
    judged = judge(task.kind, order, payment, held.account, facts)
    if not judged.is_taken:
        details = {"why": judged.why.value} if judged.why else None
        return _line(task, payment, order, judged, result=RowResult.SKIPPED, code=judged.rule.value, details=details)
    try:
        with tx.begin_nested():
            wish = _wish(task, order, payment, reason_id)
            filed = planning.file_wish_within(tx, wish, held)
    except RuleBroken as refusal:
        details = {"why": refusal.why.value} if isinstance(refusal, NotAvailable) else None
        return _line(task, payment, order, judged, result=RowResult.SKIPPED, code=refusal.code, details=details)
    except OperationalError:
        raise  # a lock: the whole batch is done again
    except Exception as fault:
        log.exception("job_row_failed", run_id=str(task.run.id), payment_id=str(payment.id))
        details = {"error": type(fault).__name__}
        return _line(task, payment, order, judged, result=RowResult.FAILED, code=NOT_FILED, details=details)
    return _line(task, payment, order, judged, operation_id=filed.operation_ids[0])


def _wish(task: Task, order: Order, payment: Payment, reason_id: uuid.UUID | None) -> PlannedWish:
    return PlannedWish(
        actor=task.actor,
        shop_id=payment.shop_id,
        payment_id=payment.id,
        kind=wish_of(task.kind),
        as_found=True,  # what the row says is what is sent, and a refusal of it is told as one
        request_id=new_id(),
        reason_id=reason_id,
        status_change_id=None if task.by_person else order.undo_change_id,
    )


def _line(task: Task, payment: Payment, order: Order, judged: Judged, **more: object) -> Line:
    fixed = {"shop_id": payment.shop_id, "mode": payment.mode, "order_id": order.id, "payment_id": payment.id}
    moved = {"kind": task.kind, "amount_minor": judged.amount_minor, "currency": payment.currency}
    return Line(**fixed, account_id=payment.account_id, **moved, **more)  # type: ignore[arg-type]  # of Line's fields
