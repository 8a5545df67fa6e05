"""Wishes of one or several steps (R6): what a step is to do, when a wish has nothing left to do, and how it stands."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from providers.kinds import OperationKind
from providers.planning import Step, WishKind
from providers.port import PaymentFacts
from webapp.domain.operations import NOT_TERMINAL, OperationState

S = OperationState
WORST_FIRST = (S.REJECTED, S.EXPIRED, S.WITHDRAWN, S.SUCCEEDED)


@dataclass(frozen=True, slots=True)
class Aim:
    """What one operation is to do; amounts in minor units, `new_total_minor` and `raises` of an update only.

    Fixed when it is filed; where its wish is planned again, fixed for good by its first attempt (R6).
    """

    kind: OperationKind
    amount_minor: int
    whole_rest: bool = False
    against: str | None = None
    new_total_minor: int | None = None
    raises: bool = False


def level_of(payment: PaymentFacts) -> int:
    """What is authorised and not released, captured or not."""
    return payment.authorised_minor - payment.cancelled_minor


def left_for(kind: OperationKind, payment: PaymentFacts) -> int:
    """What an operation of this kind can move at most, promised or not; an update is bound by nothing here."""
    if kind is OperationKind.REFUND:
        return payment.captured_minor - payment.refunded_minor
    return level_of(payment) - payment.captured_minor


def aim_of_step(step: Step, payment: PaymentFacts, new_total_minor: int | None) -> Aim:
    """What an operation for a planned step is to do; `new_total_minor` is that of an update."""
    if step.kind is OperationKind.UPDATE and new_total_minor is not None:
        raises = new_total_minor > level_of(payment)
        return Aim(step.kind, step.amount_minor, new_total_minor=new_total_minor, raises=raises)
    whole_rest = step.amount_minor == left_for(step.kind, payment)
    return Aim(step.kind, step.amount_minor, whole_rest=whole_rest, against=step.against)


def is_fulfilled(wish: WishKind, payment: PaymentFacts, new_total_minor: int | None) -> bool:
    """Whether the payment is already where the wish wants it, so that nothing has to be called (R6)."""
    held = left_for(OperationKind.CANCEL, payment)
    kept = left_for(OperationKind.REFUND, payment)
    if wish is WishKind.CAPTURE:
        return payment.captured_minor > 0 and held <= 0
    if wish is WishKind.CANCEL:
        return not payment.captured_minor and held <= 0
    if wish is WishKind.REFUND:
        return payment.captured_minor > 0 and kept <= 0
    if wish is WishKind.UPDATE:
        return level_of(payment) == new_total_minor
    return held <= 0 and kept <= 0


def still_to_do(steps: Sequence[Step], given_up: Collection[tuple[OperationKind, str | None]]) -> Sequence[Step]:
    """The planned steps but those of a sort that ended without effect in this wish: a failure is not repeated (R6)."""
    return [step for step in steps if (step.kind, step.against) not in given_up]


def state_of_wish(steps: Sequence[OperationState]) -> OperationState:
    """What a wish shows: its least finished part (R6).

    That is the first step under way, since the later ones wait for it; when all are over, the worst end.
    """
    under_way = next((state for state in steps if state in NOT_TERMINAL), None)
    return under_way or next(state for state in WORST_FIRST if state in steps)
