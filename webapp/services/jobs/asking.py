"""The look-up job by hand: the provider is asked at once about every operation of the shop in doubt or pending."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import select

from webapp.domain.operations import OperationState
from webapp.models import Operation, Payment, RowResult, Via
from webapp.services.audit import Actor
from webapp.services.jobs.runs import Line, Run, announce
from webapp.services.operations.stopping import ask_within
from webapp.services.unit_of_work import Tx, in_transaction, reading

BATCH = 10  # operations in one transaction (R21)
ASKED_ALREADY = "asked_already"
_DOUBTFUL = (OperationState.UNKNOWN, OperationState.PENDING)


@dataclass(frozen=True, slots=True)
class Doubtful:
    """An operation that the provider is to be asked about."""

    operation_id: uuid.UUID
    cursor: str


def work(run: Run) -> None:
    """Make every operation in doubt due now, by the rules of one question (R7, R26). RunLost as `Run.write`."""
    found = _doubtful(run)
    announce(run, len(found))
    for start in range(0, len(found), BATCH):
        batch = found[start : start + BATCH]
        in_transaction(partial(_ask_batch, run=run, batch=batch))
        run.cursor = batch[-1].cursor
        run.rest_if_long()


def _doubtful(run: Run) -> Sequence[Doubtful]:
    """Which operations are in doubt now; a run that was broken off goes on after the last one it asked about."""
    query = select(Operation.id).where(Operation.shop_id == run.shop(), Operation.state.in_(_DOUBTFUL))
    if run.cursor is not None:
        query = query.where(Operation.id > uuid.UUID(run.cursor))
    with reading() as tx:
        return [Doubtful(found, found.hex) for found in tx.scalars(query.order_by(Operation.id))]


def _ask_batch(tx: Tx, run: Run, batch: Sequence[Doubtful]) -> None:
    lines = [_ask(tx, run, one.operation_id) for one in batch]
    run.write(tx, lines, batch[-1].cursor)


def _ask(tx: Tx, run: Run, operation_id: uuid.UUID) -> Line:
    query = (
        select(Operation, Payment.mode)
        .join(Payment, Payment.id == Operation.payment_id)
        .where(Operation.id == operation_id, Operation.shop_id == run.shop())
    )
    operation, mode = tx.execute(query).one()
    asked = operation.state in _DOUBTFUL and ask_within(tx, operation, Actor(run.requested_by, Via.JOB))
    told: dict[str, Any] = {"operation_id": operation.id, "asked_fence": operation.fence}
    if not asked:
        told = {
            "result": RowResult.SKIPPED,
            "code": ASKED_ALREADY,
            "details": {"operation": str(operation.id)},
        }
    return Line(
        shop_id=operation.shop_id,
        mode=mode,
        order_id=operation.order_id,
        payment_id=operation.payment_id,
        account_id=operation.account_id,
        kind=operation.kind,
        amount_minor=operation.amount_minor,
        currency=operation.currency,
        **told,
    )
