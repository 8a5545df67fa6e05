"""The form that asks to release what a payment holds reserved."""

from __future__ import annotations

from typing import Any

from providers.kinds import OperationKind
from webapp.forms.money import MoneyForm
from webapp.services.audit import Actor
from webapp.services.operations.filing import Wish
from webapp.services.operations.wishes import WishFacts


class CancellationForm(MoneyForm):
    """A release of the whole hold; the reason may be left out."""

    def __init__(self, facts: WishFacts, **values: Any) -> None:
        """As MoneyForm."""
        super().__init__(facts, **values)
        self.amount_minor = facts.available_minor

    def command(self, actor: Actor) -> Wish:
        """What the service needs. Call it after `validate`."""
        if self.wish_id is None:
            raise ValueError("the form has no request id")
        return Wish(
            actor=actor,
            shop_id=self.facts.payment.shop_id,
            payment_id=self.facts.payment.id,
            kind=OperationKind.CANCEL,
            request_id=self.wish_id,
            expected_available_minor=self.seen_available_minor,
            reason_id=self.reason_id,
            comment=self.comment.data or "",
        )
