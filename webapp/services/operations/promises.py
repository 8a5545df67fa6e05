"""A payment as plans see it: what operations under way hold of it counts as moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from providers.kinds import OperationKind
from providers.planning import WishKind
from providers.port import PaymentFacts
from webapp.models import Operation, Payment
from webapp.services.operations.filing import facts_of


def unpromised(wish: WishKind, payment: Payment, own: Sequence[Operation]) -> PaymentFacts:
    """The payment as if what others hold of it had moved; `own` are the open operations of the wish itself.

    An update is planned from the amount itself, which promises do not change.
    """
    facts = facts_of(payment)
    if wish is WishKind.UPDATE:
        return facts
    refunds = sum(one.amount_minor for one in own if one.kind is OperationKind.REFUND)
    releases = sum(one.amount_minor for one in own if one.kind is not OperationKind.REFUND)
    released = payment.cancel_reserved_minor + payment.capture_reserved_minor - releases
    refunded = payment.refund_reserved_minor - refunds
    return replace(
        facts,
        cancelled_minor=facts.cancelled_minor + released,
        refunded_minor=facts.refunded_minor + refunded,
    )
