"""From one wish to the provider calls that carry it out, in order (R6); pure, from the last read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from providers.kinds import NotOffered, OperationKind


class WishKind(StrEnum):
    """What a person, rule or client may wish for; one wish is one or more operations."""

    CAPTURE = "capture"
    CANCEL = "cancel"
    REFUND = "refund"
    CANCEL_OR_REFUND = "cancel_or_refund"  # everything: released before capture, given back after it
    UPDATE = "update"


@dataclass(frozen=True, slots=True)
class Step:
    """One operation of a wish; `amount_minor` in minor units of the payment's currency.

    `against` is the provider's id of the capture that a refund gives back (Svea: the delivery); None where the
    provider refunds the payment as a whole.
    """

    kind: OperationKind
    amount_minor: int
    against: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps of a wish in their order; none where there is nothing to do, and then `why_not` says why."""

    steps: Sequence[Step]
    why_not: NotOffered | None = None
