"""What the forms that give money back share: a reason, and a bank account where the method needs one."""

from __future__ import annotations

from typing import Any

from providers.port import BankDetails
from webapp.formatting.money_words import rule_words
from webapp.forms.bank_details import BankFields
from webapp.forms.money import MoneyForm
from webapp.services.operations.wishes import WishFacts


class GivingBackForm(BankFields, MoneyForm):
    """A form of which a refund is, or may be, a part."""

    def __init__(self, facts: WishFacts, **values: Any) -> None:
        """The fields that this payment needs."""
        super().__init__(facts, **values)
        if not facts.availability.needs_bank_details:
            self.drop_bank_fields()

    @property
    def needs_reason(self) -> bool:
        """Whether a reason has to be chosen."""
        return self.facts.gives_back

    def validate(self, extra_validators: Any = None) -> bool:
        """As MoneyForm, with the reason and the bank account."""
        super().validate(extra_validators)
        if self.needs_reason and self.reason_id is None:
            self.refuse("reason", rule_words("reason_missing"))
        if self.facts.availability.needs_bank_details:
            self.check_bank_details()
        return not self.errors

    def given_bank_details(self) -> BankDetails | None:
        """What was entered; None where the method needs none."""
        return self.bank_details() if self.facts.availability.needs_bank_details else None
