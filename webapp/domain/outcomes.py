"""The outcome words of an order: Cancelled, Refunded, Rejected, Failed (product.md section 5)."""

from __future__ import annotations

from enum import StrEnum

from webapp.domain.operations import OperationState


class OutcomeWord(StrEnum):
    """How the newest operation of a kind ended, or went wrong so far."""

    DONE = "done"
    REJECTED = "rejected"  # the payment's state forbids it; never taken again
    FAILED = "failed"


def outcome_word(state: OperationState, *, state_forbids: bool, was_put_back: bool) -> OutcomeWord | None:
    """The word; None while the operation is on its way without trouble, in doubt, or was withdrawn.

    `state_forbids`: the refusal rests on the payment's state, after the look-up of I6. `was_put_back`: queued again
    after an error.
    """
    if state is OperationState.SUCCEEDED:
        return OutcomeWord.DONE
    if state is OperationState.REJECTED:
        return OutcomeWord.REJECTED if state_forbids else OutcomeWord.FAILED
    if state is OperationState.EXPIRED or (state is OperationState.QUEUED and was_put_back):
        return OutcomeWord.FAILED
    return None


class RowOutcome(StrEnum):
    """What became of one row of a job's run (product.md section 5)."""

    DONE = "done"
    REJECTED = "rejected"  # final: the payment's state forbids it
    FAILED = "failed"  # final: no more tries
    RETRYING = "retrying"  # failed, and tried again by itself
    UNKNOWN = "unknown"
    UNDER_WAY = "under_way"
    STOPPED = "stopped"  # withdrawn before it was sent
    SKIPPED = "skipped"
