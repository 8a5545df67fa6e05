"""A payment's state, computed from its sums (product.md section 1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from providers.kinds import ProviderState

LAPSES_SOON = timedelta(days=2)


class PaymentState(StrEnum):
    """The state that pages and rules speak of."""

    WAITING = "waiting"
    AUTHORISED = "authorised"
    CAPTURE_SCHEDULED = "capture_scheduled"
    PART_CAPTURED = "part_captured"
    CAPTURED = "captured"
    PART_REFUNDED = "part_refunded"
    REFUNDED = "refunded"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    FAILED = "failed"
    HELD = "held"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Sums:
    """The sums of one payment in minor units of its currency."""

    authorised: int
    cancelled: int
    captured: int
    refunded: int
    capture_reserved: int = 0
    cancel_reserved: int = 0
    refund_reserved: int = 0
    excess: int = 0

    @property
    def can_be_captured_or_released(self) -> int:
        """Authorised, and neither moved nor promised to an operation."""
        rest = self.authorised - self.cancelled - self.captured - self.capture_reserved - self.cancel_reserved
        return max(0, rest)

    @property
    def can_be_refunded(self) -> int:
        """Captured, and neither given back nor promised to a refund."""
        return max(0, self.captured - self.refunded - self.refund_reserved)

    @property
    def under_way(self) -> int:
        """Everything that operations hold reserved."""
        return self.capture_reserved + self.cancel_reserved + self.refund_reserved


def payment_state(sums: Sums, provider_state: ProviderState, *, held: bool = False) -> PaymentState:
    """The state that the sums show; the provider's own word only tells apart what sums cannot."""
    if held or sums.excess:
        return PaymentState.HELD
    if sums.captured:
        return _after_capture(sums)
    if provider_state is ProviderState.FAILED:
        return PaymentState.FAILED
    if sums.cancelled and sums.cancelled >= sums.authorised:
        expired = provider_state is ProviderState.EXPIRED
        return PaymentState.EXPIRED if expired else PaymentState.CANCELLED
    return _before_capture(sums, provider_state)


def _after_capture(sums: Sums) -> PaymentState:
    if sums.refunded:
        whole = sums.refunded >= sums.captured
        return PaymentState.REFUNDED if whole else PaymentState.PART_REFUNDED
    whole = sums.captured + sums.cancelled >= sums.authorised
    return PaymentState.CAPTURED if whole else PaymentState.PART_CAPTURED


def _before_capture(sums: Sums, provider_state: ProviderState) -> PaymentState:
    by_word = {
        ProviderState.WAITING: PaymentState.WAITING,
        ProviderState.EXPIRED: PaymentState.EXPIRED,
        ProviderState.CANCELLED: PaymentState.CANCELLED,
    }
    if provider_state in by_word:
        return by_word[provider_state]
    if provider_state is ProviderState.AUTHORISED and sums.authorised:
        return PaymentState.AUTHORISED
    return PaymentState.UNCLEAR


def lapses_soon(sums: Sums, hold_expires_at: datetime | None, now: datetime) -> bool:
    """Whether something is still reserved and lapses within two days, so that people must be warned."""
    if hold_expires_at is None or not sums.can_be_captured_or_released:
        return False
    return hold_expires_at - now <= LAPSES_SOON
