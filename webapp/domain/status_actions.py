"""What a change of an order's status does to its payments, and what a payment does to its order's status."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from providers.kinds import NotOffered, ProviderState
from providers.planning import WishKind
from webapp.domain.operations import BLOCKED_FOR_GOOD
from webapp.domain.payment_state import PaymentState, Sums, payment_state


class StatusAct(StrEnum):
    """What the shop's table says for a status."""

    NOTHING = "nothing"
    CAPTURE = "capture"
    CANCEL_OR_REFUND = "cancel_or_refund"
    UPDATE = "update"  # the provider's amount and lines become the order's present ones


class FollowedState(StrEnum):
    """The states of a payment that an order may follow; in the words of PaymentState."""

    CAPTURED = "captured"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    FAILED = "failed"
    REFUNDED = "refunded"


class FiringState(StrEnum):
    """Where an action stands that a change of status fired on one payment."""

    DUE = "due"  # to be carried out, for the first time or again
    WAITING = "waiting"  # the order has no payment yet
    FILED = "filed"  # its operations are there and live by themselves
    AS_WISHED = "as_wished"  # the payment was already where the action wants it
    ANSWERED = "answered"  # a job was quicker; one change has one operation per payment (R17)
    GIVEN_UP = "given_up"  # no more tries
    SUPERSEDED = "superseded"  # the order's status was changed again before


WISH_OF: Mapping[StatusAct, WishKind] = MappingProxyType(
    {
        StatusAct.CAPTURE: WishKind.CAPTURE,
        StatusAct.CANCEL_OR_REFUND: WishKind.CANCEL_OR_REFUND,
        StatusAct.UPDATE: WishKind.UPDATE,
    }
)
STANDS_STILL = frozenset({FiringState.DUE, FiringState.WAITING, FiringState.GIVEN_UP})
"""What a person wants to see on the order, and what another change of its status ends."""

SEVERAL_PAYMENTS = "several_payments"  # which of them the order's new total is for is not known
NEVER = frozenset({SEVERAL_PAYMENTS, "bank_details_missing"})
_NEVER_OFFERED = frozenset(
    {
        NotOffered.ALREADY_CAPTURED,
        NotOffered.PART_WITH_TAX,
        NotOffered.PART_NOT_SUPPORTED,
        NotOffered.NOT_SUPPORTED,
        NotOffered.HOLD_EXPIRED,
        NotOffered.CANNOT_RAISE,
        NotOffered.LINES_NEEDED,
        NotOffered.LINES_DO_NOT_SUM,
        NotOffered.WHOLE_UNITS_ONLY,
    }
)
_TRIES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 30, 60, 180, 360, 720))
_ENDED = frozenset({PaymentState.CANCELLED, PaymentState.EXPIRED, PaymentState.FAILED, PaymentState.REFUNDED})
_PAID = frozenset({PaymentState.CAPTURED, PaymentState.PART_REFUNDED})


def next_try_at(tries: int, fired_at: datetime, now: datetime, *, code: str, why: NotOffered | None) -> datetime | None:
    """When an action that could not be filed for the `tries`-th time is tried again; None: never.

    By the steps of R7, the last one repeated: nothing is sent by a try, and what stands in the way (a frozen payment,
    a provider that still checks) may last for days. Seven days end it, as they end what waits for a kill switch.
    """
    if code in NEVER or why in _NEVER_OFFERED:
        return None
    at = now + _TRIES[min(tries, len(_TRIES)) - 1]
    return None if at > fired_at + BLOCKED_FOR_GOOD else at


def standing_of(sums: Sums, provider_state: ProviderState, *, held: bool) -> PaymentState:
    """The payment's state as its order sees it: one of which a part is still reserved is not over.

    What was captured of it may have been given back, so that people read `refunded`, but the rest can still be taken.
    """
    state = payment_state(sums, provider_state, held=held)
    is_open = state is PaymentState.REFUNDED and sums.captured + sums.cancelled < sums.authorised
    return PaymentState.PART_CAPTURED if is_open else state


def is_over(state: PaymentState) -> bool:
    """Whether the payment has ended without the shop having money of it."""
    return state in _ENDED


def followed(
    state: PaymentState, others: Collection[PaymentState], *, kept_minor: int, total_minor: int
) -> FollowedState | None:
    """What an order follows when one of its payments comes into `state`; None where its other payments say otherwise.

    It was paid when no other payment is still open, or `kept_minor`, captured and not given back on all of them,
    reaches its total. It follows an end only when all of its payments have ended.
    """
    if state.value not in set(FollowedState):
        return None
    if state is PaymentState.CAPTURED:
        is_paid = kept_minor >= total_minor or all(other in _ENDED | _PAID for other in others)
        return FollowedState.CAPTURED if is_paid else None
    return FollowedState(state.value) if all(other in _ENDED for other in others) else None
