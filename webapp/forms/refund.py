"""The form that asks for a refund: how much, why, and to which bank account where the method needs one."""

from __future__ import annotations

from typing import Any

from flask_babel import get_locale
from flask_babel import gettext as _
from wtforms import RadioField, StringField

from providers.kinds import OperationKind
from webapp.domain.amounts import AmountWrong, parse_amount
from webapp.formatting import money
from webapp.formatting.lazy import _l
from webapp.formatting.money_words import rule_words
from webapp.forms.bank_details import BankFields
from webapp.forms.base import stripped
from webapp.forms.choices import pairs
from webapp.forms.money import MoneyForm, amount_words, too_much_words
from webapp.services.audit import Actor
from webapp.services.operations.filing import Wish
from webapp.services.operations.wishes import WishFacts

REST, PART = "rest", "part"
ORDER = ("how_much", "amount", "reason", "comment")


class RefundForm(BankFields, MoneyForm):
    """A refund of one payment."""

    how_much = RadioField(_l("How much?"), validate_choice=False)
    amount = StringField(_l("Amount"), filters=[stripped])

    def __init__(self, facts: WishFacts, **values: Any) -> None:
        """The fields that this payment needs, in the order of the page."""
        super().__init__(facts, **values)
        rest = money(facts.available_minor, facts.payment.currency)
        options = [(REST, _("All that is left, %(amount)s", amount=rest)), (PART, _("A part"))]
        self.how_much.choices = pairs(options)
        if not facts.availability.partial:
            self.how_much.data = REST
        if not facts.availability.needs_bank_details:
            self.drop_bank_fields()
        self._fields = {name: self._fields[name] for name in (*ORDER, *self._fields)}
        self.amount_minor = 0

    @property
    def is_part(self) -> bool:
        """Whether a part of what is left is to be refunded."""
        return bool(self.how_much.data == PART)

    def validate(self, extra_validators: Any = None) -> bool:
        """As MoneyForm; afterwards `amount_minor` is the amount in minor units."""
        super().validate(extra_validators)
        self._check_amount()
        if self.reason_id is None:
            self.refuse("reason", rule_words("reason_missing"))
        if self.facts.availability.needs_bank_details:
            self.check_bank_details()
        return not self.errors

    def command(self, actor: Actor) -> Wish:
        """What the service needs. Call it after `validate`."""
        bank_details = self.bank_details() if self.facts.availability.needs_bank_details else None
        if self.wish_id is None:
            raise ValueError("the form has no request id")
        return Wish(
            actor=actor,
            shop_id=self.facts.payment.shop_id,
            payment_id=self.facts.payment.id,
            kind=OperationKind.REFUND,
            request_id=self.wish_id,
            amount_minor=self.amount_minor if self.is_part else None,
            expected_available_minor=self.seen_available_minor,
            reason_id=self.reason_id,
            comment=self.comment.data or "",
            bank_details=bank_details,
        )

    def _check_amount(self) -> None:
        available = self.facts.available_minor
        self.amount_minor = available
        if self.how_much.data not in {REST, PART}:
            self.refuse("how_much", _("Choose how much to refund"))
        if not self.is_part:
            return
        currency = self.facts.payment.currency
        try:
            self.amount_minor = parse_amount(self.amount.data or "", currency, str(get_locale()))
        except AmountWrong as wrong:
            self.refuse("amount", amount_words(wrong.fault, self.facts))
            return
        if self.amount_minor > available:
            self.refuse("amount", too_much_words(self.facts))
