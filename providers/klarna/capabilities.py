"""What Klarna can do, answered from the last read of an order (sections 3 and 9)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from providers.kinds import NotOffered, OperationKind, ProviderState, ResolutionClass
from providers.klarna.mapping import ACCEPTED
from providers.money import currencies_by_exponent
from providers.planning import Plan, WishKind
from providers.port import Availability, PaymentFacts
from providers.usual_plan import rest_of, usual_plan

UPDATE_PART_CAPTURED = "update_part_captured"
"""Account setting, off by default: change the amount also after a part was captured (section 3.4)."""

RAISED_EVERYWHERE_BUT_CH = frozenset({"INVOICE", "B2B_INVOICE", "BASE_ACCOUNT", "DIRECT_DEBIT"})
RAISED_IN = {"FIXED_AMOUNT": frozenset({"AT", "DE", "DK", "FI", "FR", "NL", "NO", "SE"})}


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _not(why: NotOffered) -> Availability:
    return Availability(possible=False, why_not=why)


class KlarnaCapabilities:
    """Class C1: key of 24 h on every write, and look-up by our reference in captures and refunds."""

    resolution = ResolutionClass.KEY_AND_LOOK_UP
    key_window_s = 23 * 3600
    settle_s = 15 * 60
    fetch_before_send = False
    pending_reads_s = ()
    currencies = currencies_by_exponent()[2]
    """The page names none; amounts are hundredths (öre, cent), and what others would be is not confirmed."""

    def __init__(self, now: Callable[[], datetime] = _utc_now) -> None:
        """`now` is this desk's clock, for holds that have lapsed since the last read."""
        self._now = now

    def availability(self, kind: OperationKind, payment: PaymentFacts, settings: Mapping[str, Any]) -> Availability:
        """Whether `kind` can be asked for now, in part too."""
        if payment.currency not in self.currencies:
            return _not(NotOffered.NOT_SUPPORTED)
        if payment.kept.get("unknown", True) or payment.kept.get("status") == "CLOSED":
            return _not(NotOffered.STATE_FORBIDS)
        match kind:
            case OperationKind.CAPTURE:
                return self._capture(payment)
            case OperationKind.CANCEL:
                return self._cancel(payment)
            case OperationKind.REFUND:
                return _refund(payment)
            case OperationKind.UPDATE:
                return self._update(payment, settings)

    def plan(
        self, wish: WishKind, amount_minor: int | None, payment: PaymentFacts, settings: Mapping[str, Any]
    ) -> Plan:
        """Section 9: what is left of a part-captured order is released first, then the captured part refunded."""
        if wish is WishKind.UPDATE and amount_minor is not None:
            why_not = self._not_that_total(amount_minor, payment, settings)
            if why_not is not None:
                return Plan((), why_not)
        plan = usual_plan(self.availability, wish, amount_minor, payment, settings)
        lapsed = wish is WishKind.CANCEL_OR_REFUND and self._lapsed(payment) and not payment.captured_minor
        return Plan((), NotOffered.HOLD_EXPIRED) if lapsed and not plan.steps else plan

    def keeps_reference(self, kind: OperationKind) -> bool:
        """Captures and refunds have a `reference`; a release and another amount leave no entry at all."""
        return kind in (OperationKind.CAPTURE, OperationKind.REFUND)

    def payment_page(self, provider_ref: str, settings: Mapping[str, Any]) -> str | None:
        """None: the address of an order in Klarna's portal is not documented."""
        del provider_ref, settings
        return None

    def _capture(self, payment: PaymentFacts) -> Availability:
        """Section 3.1: several parts, each with its own invoice; the rest stays authorised."""
        if why := self._not_open(payment):
            return _not(why)
        if payment.kept.get("fraud_status") != ACCEPTED:
            return _not(NotOffered.PROVIDER_CHECKS)
        return Availability(possible=True, partial=True, whole_pieces=True)

    def _cancel(self, payment: PaymentFacts) -> Availability:
        """Sections 3.2 and 9: the whole rest, also while the order is being checked."""
        if why := self._not_open(payment):
            return _not(why)
        return Availability(possible=True, why_not_partial=NotOffered.PART_NOT_SUPPORTED)

    def _update(self, payment: PaymentFacts, settings: Mapping[str, Any]) -> Availability:
        """Section 3.4: a full new set of lines; up only where that is documented."""
        if why := self._not_open(payment):
            return _not(why)
        if payment.captured_minor and settings.get(UPDATE_PART_CAPTURED) is not True:
            return _not(NotOffered.ALREADY_CAPTURED)
        if payment.kept.get("fraud_status") != ACCEPTED:
            return _not(NotOffered.PROVIDER_CHECKS)
        return Availability(
            possible=True, partial=True, needs_lines=True, whole_pieces=True, can_raise=_may_be_raised(payment)
        )

    def _not_open(self, payment: PaymentFacts) -> NotOffered | None:
        """Why nothing is held any more, None where something is."""
        if self._lapsed(payment):
            return NotOffered.HOLD_EXPIRED
        if rest_of(OperationKind.CAPTURE, payment) > 0:
            return None
        return NotOffered.ALREADY_CAPTURED if payment.captured_minor else NotOffered.NOTHING_LEFT

    def _lapsed(self, payment: PaymentFacts) -> bool:
        if payment.kept.get("status") == "EXPIRED" or payment.provider_state is ProviderState.EXPIRED:
            return True
        expires_at = payment.kept.get("expires_at")
        is_open = rest_of(OperationKind.CAPTURE, payment) > 0
        return is_open and bool(expires_at) and self._now() >= datetime.fromisoformat(str(expires_at))

    def _not_that_total(self, total: int, payment: PaymentFacts, settings: Mapping[str, Any]) -> NotOffered | None:
        available = self.availability(OperationKind.UPDATE, payment, settings)
        if not available.possible:
            return available.why_not
        if total < payment.captured_minor:
            return NotOffered.ALREADY_CAPTURED
        raised = total > rest_of(OperationKind.UPDATE, payment)
        return NotOffered.CANNOT_RAISE if raised and not available.can_raise else None


def _refund(payment: PaymentFacts) -> Availability:
    """Section 3.3: in any part and many times, up to what was captured."""
    if not payment.captured_minor:
        return _not(NotOffered.NOTHING_CAPTURED)
    if payment.captured_minor <= payment.refunded_minor:
        return _not(NotOffered.NOTHING_LEFT)
    return Availability(possible=True, partial=True, whole_pieces=True)


def _may_be_raised(payment: PaymentFacts) -> bool:
    method, country = payment.kept.get("type"), payment.kept.get("country")
    if method in RAISED_EVERYWHERE_BUT_CH:
        return bool(country) and country != "CH"
    return country in RAISED_IN.get(str(method), frozenset())
