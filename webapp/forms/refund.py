"""The form that asks for a refund: how much, why, and to which bank account where the method needs one."""

from __future__ import annotations

from typing import Any

from providers.port import BankDetails
from webapp.formatting.money_words import rule_words
from webapp.forms.bank_details import BankFields
from webapp.forms.how_much import HowMuchForm
from webapp.services.operations.wishes import WishFacts


class RefundForm(BankFields, HowMuchForm):
    """A refund of one payment."""

    def __init__(self, facts: WishFacts, **values: Any) -> None:
        """The fields that this payment needs."""
        super().__init__(facts, **values)
        if not facts.availability.needs_bank_details:
            self.drop_bank_fields()

    def validate(self, extra_validators: Any = None) -> bool:
        """As HowMuchForm, and the reason."""
        super().validate(extra_validators)
        if self.reason_id is None:
            self.refuse("reason", rule_words("reason_missing"))
        if self.facts.availability.needs_bank_details:
            self.check_bank_details()
        return not self.errors

    def given_bank_details(self) -> BankDetails | None:
        """What was entered; None where the method needs none."""
        return self.bank_details() if self.facts.availability.needs_bank_details else None
