"""How much: all that is left, a part by its amount, or by order lines; shared by the forms that move a part."""

from __future__ import annotations

from typing import Any

from flask_babel import get_locale
from flask_babel import gettext as _
from wtforms import RadioField, StringField

from webapp.domain.amounts import AmountWrong, parse_amount
from webapp.formatting import money
from webapp.formatting.lazy import _l
from webapp.forms.base import stripped
from webapp.forms.choices import pairs
from webapp.forms.money import MoneyForm, amount_words, too_much_words
from webapp.services.operations.wishes import WishFacts

REST, PART, LINES = "rest", "part", "lines"
ORDER = ("how_much", "amount", "reason", "comment")


class HowMuchForm(MoneyForm):
    """A form that asks how much of a payment is to move."""

    how_much = RadioField(_l("How much?"), validate_choice=False)
    amount = StringField(_l("Amount"), filters=[stripped])

    def __init__(self, facts: WishFacts, **values: Any) -> None:
        """The ways that this payment offers; where there is only one it is chosen."""
        super().__init__(facts, **values)
        rest = money(facts.available_minor, facts.payment.currency)
        options = [(REST, _("All that is left, %(amount)s", amount=rest))]
        if facts.takes_amounts:
            options.append((PART, _("A part")))
        if facts.open_lines:
            options.append((LINES, _("By order lines")))
        self.how_much.choices = pairs(options)
        self.ways = [way for way, _words in options]
        self.offers_choice = len(options) > 1
        if not self.offers_choice:
            self.how_much.data = REST
        self.amount_minor: int = facts.available_minor  # what was confirmed moves, and never more
        self._fields = {name: self._fields[name] for name in (*ORDER, *self._fields)}

    def validate(self, extra_validators: Any = None) -> bool:
        """As MoneyForm; afterwards `amount_minor` is the amount in minor units."""
        super().validate(extra_validators)
        if self.how_much.data not in self.ways:
            self.refuse("how_much", self.nothing_chosen_words())
        elif self.how_much.data == PART:
            self._check_amount()
        return not self.errors

    def nothing_chosen_words(self) -> str:
        """What to do where none of the ways was chosen."""
        return str(_("Choose how much to refund"))

    def _check_amount(self) -> None:
        currency = self.facts.payment.currency
        try:
            self.amount_minor = parse_amount(self.amount.data or "", currency, str(get_locale()))
        except AmountWrong as wrong:
            self.refuse("amount", amount_words(wrong.fault, self.facts))
            return
        if self.amount_minor > self.facts.available_minor:
            self.refuse("amount", too_much_words(self.facts))
