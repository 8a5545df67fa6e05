"""One payment of an order: its sums, and for each action how much can move now, or why nothing can."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from providers.kinds import NotOffered, OperationKind
from providers.planning import WishKind
from webapp.domain.payment_state import PaymentState, Sums, payment_state
from webapp.domain.wishes import level_of
from webapp.models import LedgerMovement, Payment, ProviderAccount
from webapp.services import runtime
from webapp.services.operations.filing import facts_of
from webapp.services.operations.foreseeing import foresee
from webapp.services.operations.wishes import sums_of

SHOWN = (WishKind.CAPTURE, WishKind.UPDATE, WishKind.CANCEL, WishKind.REFUND, WishKind.CANCEL_OR_REFUND)
"""The wishes that the page speaks of, in its order."""


class Hindrance(StrEnum):
    """What stands in the way on our side."""

    FROZEN = "frozen"
    UNDER_WAY = "under_way"  # all that is left is promised to operations under way


@dataclass(frozen=True, slots=True)
class Action:
    """One money action of a payment; exactly one of `available_minor` (more than zero) and a reason holds.

    For another amount, `available_minor` is the present one.
    """

    kind: WishKind
    available_minor: int
    partial: bool = False
    why_not: NotOffered | Hindrance | None = None

    @property
    def possible(self) -> bool:
        """Whether it can be asked for now."""
        return self.why_not is None


@dataclass(frozen=True, slots=True)
class ShownPayment:
    """A payment as the order page shows it; sums in minor units of its currency."""

    payment: Payment
    account: ProviderAccount
    sums: Sums
    state: PaymentState
    actions: Sequence[Action]
    movements: Sequence[LedgerMovement]
    provider_page: str | None


def shown_payment(payment: Payment, account: ProviderAccount, movements: Sequence[LedgerMovement]) -> ShownPayment:
    """What the page needs to know of one payment; no SQL and no network."""
    sums = sums_of(payment)
    capabilities = runtime.current().providers.capabilities(account.provider)
    return ShownPayment(
        payment=payment,
        account=account,
        sums=sums,
        state=payment_state(sums, payment.provider_state, held=payment.frozen_at is not None),
        actions=[_action(kind, payment, account, sums) for kind in SHOWN],
        movements=movements,
        provider_page=capabilities.payment_page(payment.provider_ref, account.settings),
    )


def _action(kind: WishKind, payment: Payment, account: ProviderAccount, sums: Sums) -> Action:
    rest, partial, why_not = _offered(kind, payment, account, sums)
    if why_not is not None:
        return Action(kind, 0, why_not=why_not)
    if payment.frozen_at is not None:
        return Action(kind, 0, why_not=Hindrance.FROZEN)
    if rest == 0:
        return Action(kind, 0, why_not=Hindrance.UNDER_WAY if sums.under_way else NotOffered.NOTHING_LEFT)
    return Action(kind, rest, partial=partial)


def _offered(
    kind: WishKind, payment: Payment, account: ProviderAccount, sums: Sums
) -> tuple[int, bool, NotOffered | Hindrance | None]:
    """How much is left for it, whether a part of that can be asked for, and why the provider does not offer it."""
    if kind is WishKind.CANCEL_OR_REFUND:
        plan = foresee(kind, None, payment, account)[1]
        if plan.steps:
            return sum(step.amount_minor for step in plan.steps), False, None
        return 0, False, Hindrance.UNDER_WAY if sums.under_way else plan.why_not or NotOffered.NOTHING_LEFT
    capabilities = runtime.current().providers.capabilities(account.provider)
    facts = facts_of(payment)
    available = capabilities.availability(OperationKind(kind.value), facts, account.settings)
    if not available.possible:
        return 0, False, available.why_not or NotOffered.NOT_SUPPORTED
    rest = sums.can_be_refunded if kind is WishKind.REFUND else sums.can_be_captured_or_released
    return level_of(facts) if kind is WishKind.UPDATE else rest, available.partial, None
