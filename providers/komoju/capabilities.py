"""What KOMOJU can do, answered from the last read of a payment (sections 4, 5, 6, 12)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from providers.kinds import NotOffered, OperationKind, ProviderState, ResolutionClass
from providers.komoju.mapping import BUYER_PAYS_LATER, PAID
from providers.planning import Plan, WishKind
from providers.port import Availability, PaymentFacts
from providers.usual_plan import usual_plan

PARTIAL_REFUND_WITH_TAX = "partial_refund_with_tax"
"""Account setting, off by default: send the tax-included amount for a payment that has tax (section 5)."""

CURRENCIES = frozenset(
    {"JPY", "USD", "EUR", "TWD", "KRW", "PLN", "GBP", "HKD", "SGD", "NZD"}
    | {"AUD", "IDR", "MYR", "PHP", "THB", "CNY", "BRL", "CHF", "CAD", "VND"}
)
"""Amounts go over the wire as integers in minor units, with the ISO exponent for all of them (section 12)."""

NOTHING_TO_RELEASE = {
    ProviderState.CAPTURED: NotOffered.ALREADY_CAPTURED,  # one capture per payment: a second is unconfirmed
    ProviderState.REFUNDED: NotOffered.ALREADY_CAPTURED,
    ProviderState.CANCELLED: NotOffered.NOTHING_LEFT,
    ProviderState.EXPIRED: NotOffered.NOTHING_LEFT,
    ProviderState.FAILED: NotOffered.NOTHING_AUTHORISED,
}


def _not(why: NotOffered) -> Availability:
    return Availability(possible=False, why_not=why)


class KomojuCapabilities:
    """Class C1: key of 24 h, and look-up by our reference in the description of a refund."""

    resolution = ResolutionClass.KEY_AND_LOOK_UP
    key_window_s = 23 * 3600
    settle_s = 15 * 60
    fetch_before_send = False
    pending_reads_s = ()
    currencies = CURRENCIES

    def availability(self, kind: OperationKind, payment: PaymentFacts, settings: Mapping[str, Any]) -> Availability:
        """Whether `kind` can be asked for now (section 4), in part too (section 5)."""
        if payment.currency not in CURRENCIES or kind is OperationKind.UPDATE:
            return _not(NotOffered.NOT_SUPPORTED)
        if kind is OperationKind.REFUND:
            return _refund(payment, settings)
        return _of_authorised(kind, payment)

    def plan(
        self, wish: WishKind, amount_minor: int | None, payment: PaymentFacts, settings: Mapping[str, Any]
    ) -> Plan:
        """One call for each kind (section 4)."""
        return usual_plan(self.availability, wish, amount_minor, payment, settings)

    def keeps_reference(self, kind: OperationKind) -> bool:
        """Only a refund keeps a text of ours, its description (section 5)."""
        return kind is OperationKind.REFUND

    def payment_page(self, provider_ref: str, settings: Mapping[str, Any]) -> str | None:
        """None: the address of a payment in KOMOJU's dashboard is not documented."""
        del provider_ref, settings
        return None


def _of_authorised(kind: OperationKind, payment: PaymentFacts) -> Availability:
    """Capture and cancel; both act once on all that is authorised, and release what a capture leaves."""
    if why := NOTHING_TO_RELEASE.get(payment.provider_state):
        return _not(why)
    if payment.authorised_minor <= payment.captured_minor + payment.cancelled_minor:
        return _not(NotOffered.NOTHING_LEFT)
    if kind is OperationKind.CANCEL:
        return Availability(possible=True, why_not_partial=NotOffered.PART_NOT_SUPPORTED)
    if payment.provider_state is ProviderState.WAITING:
        return _not(NotOffered.BUYER_HAS_TO_PAY)
    if "tax" not in payment.kept:  # the part would be split into amount and tax
        return Availability(possible=True, why_not_partial=NotOffered.PART_WITH_TAX)
    return Availability(possible=True, partial=True)


def _refund(payment: PaymentFacts, settings: Mapping[str, Any]) -> Availability:
    if payment.provider_state is ProviderState.WAITING:
        return _not(NotOffered.BUYER_HAS_TO_PAY)
    if payment.captured_minor == 0 or payment.provider_state not in PAID:
        return _not(NotOffered.NOTHING_CAPTURED)
    if payment.provider_state is ProviderState.REFUNDED or payment.captured_minor <= payment.refunded_minor:
        return _not(NotOffered.NOTHING_LEFT)
    by_request = payment.method in BUYER_PAYS_LATER
    amount_is_clear = payment.kept.get("tax") == 0 or settings.get(PARTIAL_REFUND_WITH_TAX) is True
    if not amount_is_clear and by_request:
        return _not(NotOffered.PART_WITH_TAX)  # section 6 cannot leave the amount out, not even for all of it
    return Availability(
        possible=True,
        partial=amount_is_clear,
        needs_bank_details=by_request,
        why_not_partial=None if amount_is_clear else NotOffered.PART_WITH_TAX,
    )
