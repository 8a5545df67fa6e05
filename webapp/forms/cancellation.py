"""The forms that undo a payment: release what it holds, or release and give back everything."""

from __future__ import annotations

from typing import Any

from webapp.forms.giving_back import GivingBackForm
from webapp.forms.money import MoneyForm
from webapp.services.operations.wishes import WishFacts


class CancellationForm(MoneyForm):
    """A release of the whole hold; the reason may be left out."""

    def __init__(self, facts: WishFacts, **values: Any) -> None:
        """As MoneyForm."""
        super().__init__(facts, **values)
        self.amount_minor = facts.available_minor


class CancelOrRefundForm(GivingBackForm):
    """Everything back to the buyer; a reason is needed where a refund is a part of it.

    It names no amount: what is released and what is given back is decided from the state that is fetched (R6).
    """
