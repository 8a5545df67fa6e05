"""What a wish would do to a payment: its steps, from the payment as if what others hold of it had moved; pure."""

from __future__ import annotations

from providers.planning import Plan, WishKind
from providers.port import PaymentFacts
from providers.usual_plan import KIND_OF
from webapp.models import Payment, ProviderAccount
from webapp.services import runtime
from webapp.services.operations.filing import facts_of
from webapp.services.operations.promises import unpromised


def foresee(
    wish: WishKind, amount_minor: int | None, payment: Payment, account: ProviderAccount
) -> tuple[PaymentFacts, Plan]:
    """The payment that a wish filed now is planned from, and its steps; `amount_minor` as in `Capabilities.plan`."""
    capabilities = runtime.current().providers.capabilities(account.provider)
    facts = unpromised(wish, payment, ())
    return facts, capabilities.plan(wish, amount_minor, facts, account.settings)


def is_offered(kind: WishKind, payment: Payment, account: ProviderAccount) -> bool:
    """Whether only the amounts can stand in its way; where something else does, that is what to tell."""
    if kind not in KIND_OF:
        return True
    capabilities = runtime.current().providers.capabilities(account.provider)
    return capabilities.availability(KIND_OF[kind], facts_of(payment), account.settings).possible
