"""What a sandbox account can do; its resolution class is chosen, so that each class is met by tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from providers.kinds import NotOffered, OperationKind, ProviderState, ResolutionClass
from providers.planning import Plan, WishKind
from providers.port import Availability, PaymentFacts
from providers.sandbox import sums
from providers.usual_plan import usual_plan

BY_REQUEST = "sandbox_by_request"
"""The payment method whose refunds people at the provider finish later."""

_OVER = {
    ProviderState.CAPTURED: NotOffered.ALREADY_CAPTURED,
    ProviderState.REFUNDED: NotOffered.ALREADY_CAPTURED,
    ProviderState.CANCELLED: NotOffered.NOTHING_LEFT,
    ProviderState.EXPIRED: NotOffered.NOTHING_LEFT,
    ProviderState.FAILED: NotOffered.NOTHING_AUTHORISED,
}


@dataclass(frozen=True, slots=True)
class SandboxCapabilities:
    """C1 takes a key and keeps our reference on refunds; C2 and C3 do neither. Times are seconds.

    `by_sums`: the bank shows sums and takes totals to reach (`sums`).
    """

    resolution: ResolutionClass = ResolutionClass.KEY_AND_LOOK_UP
    key_window_s: int = 23 * 3600
    settle_s: int = 15 * 60
    by_sums: bool = False
    currencies: frozenset[str] = frozenset({"JPY", "EUR", "USD", "SEK", "KWD"})

    @property
    def fetch_before_send(self) -> bool:
        """True where movements are told apart only by what was there before."""
        return self.resolution is not ResolutionClass.KEY_AND_LOOK_UP

    def keeps_reference(self, kind: OperationKind) -> bool:
        """As KOMOJU does it: only a refund carries a text of ours."""
        with_key = self.resolution is ResolutionClass.KEY_AND_LOOK_UP
        return with_key and kind is OperationKind.REFUND and not self.by_sums

    def availability(self, kind: OperationKind, payment: PaymentFacts, settings: Mapping[str, Any]) -> Availability:
        """Refunds of any part; capture and cancel of everything that is authorised."""
        del settings
        if self.by_sums:
            return sums.availability(kind, payment)
        if kind is OperationKind.REFUND:
            return _refund(payment)
        if kind is OperationKind.UPDATE:
            return Availability(possible=False, why_not=NotOffered.NOT_SUPPORTED)
        if payment.provider_state in _OVER:
            return Availability(possible=False, why_not=_OVER[payment.provider_state])
        if payment.authorised_minor <= payment.captured_minor + payment.cancelled_minor:
            return Availability(possible=False, why_not=NotOffered.NOTHING_LEFT)
        return Availability(possible=True, why_not_partial=NotOffered.PART_NOT_SUPPORTED)

    @property
    def pending_reads_s(self) -> Sequence[int]:
        """A timetable of its own where it hands out tasks, else that of R7."""
        return (2, 10, 60, 300) if self.by_sums else ()

    def plan(
        self, wish: WishKind, amount_minor: int | None, payment: PaymentFacts, settings: Mapping[str, Any]
    ) -> Plan:
        """One call for each kind."""
        return usual_plan(self.availability, wish, amount_minor, payment, settings)

    def payment_page(self, provider_ref: str, settings: Mapping[str, Any]) -> str | None:
        """None: there is no back office."""
        del provider_ref, settings
        return None


def _refund(payment: PaymentFacts) -> Availability:
    if payment.captured_minor == 0:
        return Availability(possible=False, why_not=NotOffered.NOTHING_CAPTURED)
    if payment.captured_minor <= payment.refunded_minor:
        return Availability(possible=False, why_not=NotOffered.NOTHING_LEFT)
    return Availability(possible=True, partial=True, needs_bank_details=payment.method == BY_REQUEST)
