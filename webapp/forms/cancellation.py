"""The forms that undo a payment: release what it holds, or release and give back everything."""

from __future__ import annotations

from typing import Any

from providers.port import BankDetails
from webapp.formatting.money_words import rule_words
from webapp.forms.bank_details import BankFields
from webapp.forms.money import MoneyForm
from webapp.services.operations.wishes import WishFacts


class CancellationForm(MoneyForm):
    """A release of the whole hold; the reason may be left out."""

    def __init__(self, facts: WishFacts, **values: Any) -> None:
        """As MoneyForm."""
        super().__init__(facts, **values)
        self.amount_minor = facts.available_minor


class CancelOrRefundForm(BankFields, MoneyForm):
    """Everything back to the buyer; a reason is needed where a refund is a part of it.

    It names no amount: what is released and what is given back is decided from the state that is fetched (R6).
    """

    def __init__(self, facts: WishFacts, **values: Any) -> None:
        """The fields that this payment needs."""
        super().__init__(facts, **values)
        if not facts.availability.needs_bank_details:
            self.drop_bank_fields()

    def validate(self, extra_validators: Any = None) -> bool:
        """As MoneyForm, and the reason."""
        super().validate(extra_validators)
        if self.facts.gives_back and self.reason_id is None:
            self.refuse("reason", rule_words("reason_missing"))
        if self.facts.availability.needs_bank_details:
            self.check_bank_details()
        return not self.errors

    def given_bank_details(self) -> BankDetails | None:
        """What was entered; None where the method needs none."""
        return self.bank_details() if self.facts.availability.needs_bank_details else None
