"""What Svea can do with an order, answered from its own lists of actions (sections 2.1 and 10)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from providers.kinds import NotOffered, OperationKind, ResolutionClass
from providers.planning import Plan, WishKind
from providers.port import Availability, PaymentFacts
from providers.svea import actions, kept, plan
from providers.svea.order import EXPIRED, FAILED, KNOWN, PROCESSING, Order

CURRENCIES = frozenset({"SEK", "NOK", "DKK", "EUR"})

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
PENDING_READS_S = (
    *(1, 3, 6, 10, 20, 30, 40, 50, _MINUTE),  # section 4: at most 10 s apart for a minute,
    *(2 * _MINUTE, 7 * _MINUTE, 22 * _MINUTE, 82 * _MINUTE),  # then after 1, 5, 15 and 60 minutes
    *(6 * _HOUR, *(day * _DAY for day in range(1, 15))),  # a bank's credit may take days (section 8)
)


def _not(why: NotOffered) -> Availability:
    return Availability(possible=False, why_not=why)


class SveaCapabilities:
    """Class C2: no idempotency key is documented, so doubt is resolved by reading the order (section 6)."""

    resolution = ResolutionClass.LOOK_UP_ONLY
    key_window_s = 0
    settle_s = 15 * _MINUTE
    fetch_before_send = True
    pending_reads_s = PENDING_READS_S
    currencies = CURRENCIES

    def availability(self, kind: OperationKind, payment: PaymentFacts, settings: Mapping[str, Any]) -> Availability:
        """Whether `kind` can be asked for now."""
        del settings
        if payment.currency not in CURRENCIES:
            return _not(NotOffered.NOT_SUPPORTED)
        order = kept.load(payment.kept)
        if order is None or order.status not in KNOWN:
            return _not(NotOffered.NOT_ALLOWED_NOW)
        if order.is_held:
            return _not(NotOffered.PROVIDER_CHECKS)
        return _OFFERS[kind](order)

    def plan(
        self, wish: WishKind, amount_minor: int | None, payment: PaymentFacts, settings: Mapping[str, Any]
    ) -> Plan:
        """See `plan.steps`."""
        kind = plan.KIND_OF.get(wish)
        available = self.availability(kind or OperationKind.REFUND, payment, settings)
        order = kept.load(payment.kept)
        blocked = order is None or order.is_held or order.status not in KNOWN or payment.currency not in CURRENCIES
        if order is None or blocked or (kind is not None and not available.possible):
            return Plan((), available.why_not)
        return plan.steps(wish, amount_minor, order)

    def keeps_reference(self, kind: OperationKind) -> bool:
        """Never by itself: our code stands in the name of a new credit row only, and other credits have none."""
        del kind
        return False

    def payment_page(self, provider_ref: str, settings: Mapping[str, Any]) -> str | None:
        """None: the address of an order in Svea's back office is not documented."""
        del provider_ref, settings
        return None


def _nothing_open(order: Order) -> NotOffered | None:
    """Why nothing is left to deliver or release; None where something is."""
    if order.open:
        return None
    if order.status == PROCESSING:
        return NotOffered.BUYER_HAS_TO_PAY
    if order.status == FAILED:
        return NotOffered.NOTHING_AUTHORISED
    if order.delivered:
        return NotOffered.ALREADY_CAPTURED
    return NotOffered.HOLD_EXPIRED if order.status == EXPIRED else NotOffered.NOTHING_LEFT


def _capture(order: Order) -> Availability:
    """A part by rows, or by an amount, which gives the rest back."""
    if why := _nothing_open(order):
        return _not(why)
    if actions.DELIVER_ORDER not in order.actions:
        return _not(NotOffered.NOT_ALLOWED_NOW)
    rows = [row for row in order.open_rows if actions.DELIVER_ROW in row.actions]
    by_rows = actions.DELIVER_PART in order.actions and bool(rows)
    by_amount = actions.CANCEL_AMOUNT in order.actions and not order.deliveries
    return Availability(
        possible=True,
        partial=by_rows or by_amount,
        needs_lines=by_rows and not by_amount,
        releases_rest=by_amount and not by_rows,
        why_not_partial=None if by_rows or by_amount else NotOffered.PART_NOT_SUPPORTED,
    )


def _cancel(order: Order) -> Availability:
    if why := _nothing_open(order):
        return _not(why)
    by_amount, by_rows = actions.CANCEL_AMOUNT in order.actions, bool(order.cancellable_rows)
    whole_order = actions.CANCEL_ORDER in order.actions and not order.deliveries
    if not (by_amount or by_rows or whole_order):
        return _not(NotOffered.NOT_ALLOWED_NOW)
    return Availability(
        possible=True,
        partial=by_amount or by_rows,
        needs_lines=by_rows and not by_amount,
        why_not_partial=None if by_amount or by_rows else NotOffered.PART_NOT_SUPPORTED,
    )


def _refund(order: Order) -> Availability:
    if not order.delivered:
        waiting = order.status == PROCESSING
        return _not(NotOffered.BUYER_HAS_TO_PAY if waiting else NotOffered.NOTHING_CAPTURED)
    if not order.left:
        return _not(NotOffered.NOTHING_LEFT)
    by_amount = actions.CANCEL_AMOUNT in order.actions or any(one.takes_amounts for one in order.deliveries)
    by_rows = any(one.creditable_rows for one in order.deliveries if one.left)
    by_new_row = any(actions.CREDIT_NEW_ROW in one.actions for one in order.deliveries if one.left)
    if not (by_amount or by_rows or plan.cancel_gives_back(order)):
        return _not(NotOffered.NOT_ALLOWED_NOW)
    return Availability(
        possible=True,
        partial=by_amount or by_rows,
        needs_lines=by_rows and not by_amount,
        whole_lines=not (order.credits_pieces or by_new_row),
        why_not_partial=None if by_amount or by_rows else NotOffered.PART_NOT_SUPPORTED,
    )


def _update(order: Order) -> Availability:
    """Another amount, before anything is delivered."""
    if order.deliveries:
        return _not(NotOffered.ALREADY_CAPTURED)
    if why := _nothing_open(order):
        return _not(why)
    by_rows, by_amount = actions.UPDATE_ROWS in order.actions, actions.CANCEL_AMOUNT in order.actions
    if not (by_rows or by_amount or order.cancellable_rows):
        return _not(NotOffered.NOT_ALLOWED_NOW)
    return Availability(possible=True, partial=True, needs_lines=not by_amount, can_raise=by_rows)


_OFFERS: Mapping[OperationKind, Callable[[Order], Availability]] = {
    OperationKind.CAPTURE: _capture,
    OperationKind.CANCEL: _cancel,
    OperationKind.REFUND: _refund,
    OperationKind.UPDATE: _update,
}
