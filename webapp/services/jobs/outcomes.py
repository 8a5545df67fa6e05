"""What became of a run's rows, as SQL: read from their wishes, and kept nowhere else (product.md section 5).

A row names the first operation of its wish, and its outcome is that of the wish: of its least finished step (R6).
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, and_, case, func, not_, or_, select
from sqlalchemy.orm import aliased

from webapp.domain.operations import TERMINAL, OperationState
from webapp.domain.outcomes import RowOutcome
from webapp.domain.wishes import WORST_FIRST
from webapp.models import JobRow, Mode, Operation, RowResult
from webapp.services.unit_of_work import Tx

S = OperationState
_SENT = TERMINAL | {S.UNKNOWN, S.REVIEW, S.PENDING}

Counts = Mapping[Mode, Mapping[RowOutcome, int]]
Of = TypeVar("Of", bound=Select[*tuple[Any, ...]])
_NAMED, _STEP = aliased(Operation), aliased(Operation)
_OF_WISH = and_(_STEP.payment_id == _NAMED.payment_id, _STEP.wish_id == _NAMED.wish_id)


def least_finished_first(of: Any) -> tuple[ColumnElement[int], Any]:
    """The order in which a wish's steps stand for it, as `domain.wishes.state_of_wish` has it; `of` are operations."""
    ends = {state: place for place, state in enumerate(WORST_FIRST, 1)}
    return case(ends, value=of.state, else_=0), of.step


def with_operations(query: Of) -> Of:
    """Join rows to the operation that speaks for them: the step that their wish is read from.

    A row that asked about one operation is about that one alone.
    """
    steps = select(_STEP.id).where(_OF_WISH).order_by(*least_finished_first(_STEP)).limit(1)
    leading = steps.correlate(_NAMED).scalar_subquery()
    speaks = case((JobRow.asked_fence.is_not(None), _NAMED.id), else_=leading)
    return query.outerjoin(_NAMED, _NAMED.id == JobRow.operation_id).outerjoin(Operation, Operation.id == speaks)


def not_done_minor() -> ColumnElement[int | None]:
    """What of a row's amount its wish has not moved, in minor units; of rows joined by `with_operations`."""
    moved = select(func.coalesce(func.sum(_STEP.amount_minor), 0)).where(_OF_WISH, _STEP.state == S.SUCCEEDED)
    return JobRow.amount_minor - moved.correlate(_NAMED).scalar_subquery()


def outcome() -> ColumnElement[str]:
    """The RowOutcome of a row, joined by `with_operations`; `domain.outcomes` has the same for orders."""
    state = Operation.state
    return case(
        (JobRow.result == RowResult.DONE, RowOutcome.DONE.value),
        (JobRow.result == RowResult.FAILED, RowOutcome.FAILED.value),
        (JobRow.result == RowResult.SKIPPED, RowOutcome.SKIPPED.value),
        (state == S.SUCCEEDED, RowOutcome.DONE.value),
        (and_(state == S.REJECTED, Operation.state_forbids), RowOutcome.REJECTED.value),
        (state.in_((S.REJECTED, S.EXPIRED)), RowOutcome.FAILED.value),
        (state == S.WITHDRAWN, RowOutcome.STOPPED.value),
        (state.in_((S.UNKNOWN, S.REVIEW)), RowOutcome.UNKNOWN.value),
        (and_(state == S.QUEUED, Operation.tries > 0), RowOutcome.RETRYING.value),
        else_=RowOutcome.UNDER_WAY.value,
    )


def has_outcome() -> ColumnElement[bool]:
    """Whether a row has its first outcome; one that was asked about has it once a worker has asked."""
    put_back = and_(Operation.state == S.QUEUED, or_(Operation.tries > 0, Operation.fresh_send_used))
    sent = and_(JobRow.asked_fence.is_(None), or_(Operation.state.in_(_SENT), put_back))
    over = Operation.state.in_((*TERMINAL, S.REVIEW))
    asked = and_(Operation.fence > JobRow.asked_fence, Operation.lease_until.is_(None))
    return or_(JobRow.result.is_not(None), sent, and_(JobRow.asked_fence.is_not(None), or_(over, asked)))


def count(tx: Tx, run_id: uuid.UUID) -> Counts:
    """How many rows of a run stand where, by mode."""
    word = outcome().label("word")
    query = (
        with_operations(select(JobRow.mode, word, func.count()).select_from(JobRow))
        .where(JobRow.run_id == run_id)
        .group_by(JobRow.mode, word)
    )
    found: dict[Mode, dict[RowOutcome, int]] = {}
    for mode, name, number in tx.execute(query):
        found.setdefault(mode, {})[RowOutcome(name)] = number
    return found


def stored(counts: Counts) -> dict[str, dict[str, int]]:
    """The counts as a run keeps them."""
    return {mode.value: {word.value: number for word, number in of_mode.items()} for mode, of_mode in counts.items()}


def read(kept: Mapping[str, Mapping[str, int]] | None) -> Counts:
    """The counts that `stored` made."""
    return {
        Mode(mode): {RowOutcome(word): number for word, number in of_mode.items()}
        for mode, of_mode in (kept or {}).items()
    }


def waits(tx: Tx, run_id: uuid.UUID) -> bool:
    """Whether a row of the run has no outcome yet."""
    query = (
        with_operations(select(JobRow.id))
        .where(JobRow.run_id == run_id, not_(func.coalesce(has_outcome(), False)))
        .limit(1)
    )
    return tx.scalar(query) is not None
