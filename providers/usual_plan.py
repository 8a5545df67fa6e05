"""The plan of a provider that releases, captures and refunds a payment as a whole, each by one call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from providers.kinds import NotOffered, OperationKind
from providers.planning import Plan, Step, WishKind
from providers.port import Availability, PaymentFacts

Ask = Callable[[OperationKind, PaymentFacts, Mapping[str, Any]], Availability]
KIND_OF = {
    WishKind.CAPTURE: OperationKind.CAPTURE,
    WishKind.CANCEL: OperationKind.CANCEL,
    WishKind.REFUND: OperationKind.REFUND,
    WishKind.UPDATE: OperationKind.UPDATE,
}


def rest_of(kind: OperationKind, payment: PaymentFacts) -> int:
    """What is left for an operation of this kind, in minor units; for an update what is authorised and not released."""
    if kind is OperationKind.REFUND:
        return payment.captured_minor - payment.refunded_minor
    held = payment.authorised_minor - payment.cancelled_minor
    return held if kind is OperationKind.UPDATE else held - payment.captured_minor


def usual_plan(
    ask: Ask, wish: WishKind, amount_minor: int | None, payment: PaymentFacts, settings: Mapping[str, Any]
) -> Plan:
    """The steps of a wish where no kind needs more than one call; `ask` is the provider's own `availability`."""
    if wish is WishKind.CANCEL_OR_REFUND:
        return _everything(ask, payment, settings)
    kind = KIND_OF[wish]
    available = ask(kind, payment, settings)
    if not available.possible:
        return Plan((), available.why_not)
    rest = rest_of(kind, payment)
    if kind is OperationKind.UPDATE:
        moved = 0 if amount_minor is None else abs(amount_minor - rest)
    else:
        moved = rest if amount_minor is None else amount_minor
    return Plan((Step(kind, moved),)) if moved else Plan((), NotOffered.NOTHING_LEFT)


def _everything(ask: Ask, payment: PaymentFacts, settings: Mapping[str, Any]) -> Plan:
    """What is not captured is released first, then what is captured is given back."""
    steps, why_not = [], NotOffered.NOTHING_LEFT
    for kind in (OperationKind.CANCEL, OperationKind.REFUND):
        rest = rest_of(kind, payment)
        if rest <= 0:
            continue
        available = ask(kind, payment, settings)
        if available.possible:
            steps.append(Step(kind, rest))
        else:
            why_not = available.why_not or why_not
    return Plan(tuple(steps), None if steps else why_not)
