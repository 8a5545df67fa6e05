"""The form that asks for another amount of a payment, with the order lines where the provider is told them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import request
from flask_babel import get_locale
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict
from wtforms import HiddenField, StringField

from providers.lines import OrderLine, RateSum, sums_by_rate
from webapp.domain.amounts import AmountFault, AmountWrong, parse_amount
from webapp.domain.order_lines import sum_of
from webapp.formatting import money
from webapp.formatting.lazy import _l
from webapp.formatting.money_words import why_not
from webapp.forms.base import stripped
from webapp.forms.money import MoneyForm, amount_fault_words, changed_words
from webapp.forms.order_lines import LineReader, keys_in, line_fields, typed
from webapp.services.errors import NotAvailable, RuleBroken, TooLow
from webapp.services.operations.amounts import AmountFacts

ORDER = ("amount", "reason", "comment")


class AmountForm(MoneyForm):
    """Another amount; a subclass made by `amount_form` has the fields of the lines."""

    keys: Sequence[int] = ()
    facts: AmountFacts
    amount = StringField(_l("New amount"), filters=[stripped])
    expected_free = HiddenField()

    def __init__(self, facts: AmountFacts, **values: Any) -> None:
        """As MoneyForm; errors are told in the order of the page."""
        super().__init__(facts, **values)
        lines = [name for name in self._fields if name.startswith("line_")]
        self._fields = {name: self._fields[name] for name in dict.fromkeys((*lines, *ORDER, *self._fields))}
        self.amount_minor: int = 0
        self.lines: Sequence[OrderLine] = ()
        self.readable = self._readable()

    @property
    def lines_minor(self) -> int | None:
        """What the lines come to; None while one of them cannot be read."""
        return None if None in self.readable.values() else sum_of([line for line in self.readable.values() if line])

    @property
    def rates(self) -> Sequence[RateSum]:
        """What the readable lines come to for each VAT rate."""
        return sums_by_rate([line for line in self.readable.values() if line])

    @property
    def raises(self) -> bool:
        """Whether the new amount is more than the present one. Call it after `validate`."""
        return self.amount_minor > self.facts.available_minor

    def show_present_amount(self) -> None:
        """From now on the form speaks of the present amount, and of what is free of it."""
        super().show_present_amount()
        self.expected_free.data = str(self.facts.sums.can_be_captured_or_released)

    def has_fresh_amount(self) -> bool:
        """As MoneyForm; promises to others count too, for they bound how far down the amount may go (R16)."""
        if not super().has_fresh_amount():
            return False
        if self.expected_free.data == str(self.facts.sums.can_be_captured_or_released):
            return True
        self.refuse("", changed_words(self.facts))
        self.show_present_amount()
        return False

    def validate(self, extra_validators: Any = None) -> bool:
        """As MoneyForm; afterwards `amount_minor` is the new amount in minor units, and `lines` come to it."""
        super().validate(extra_validators)
        if self.facts.takes_lines:
            self._check_lines()
        self._check_amount()
        return not self.errors

    def take_refusal(self, refusal: RuleBroken) -> int:
        """As MoneyForm; what is wrong with the amount goes to its field."""
        if isinstance(refusal, TooLow):
            self.refuse("amount", too_low_words(self.facts))
            return 422
        if isinstance(refusal, NotAvailable):
            self.refuse("amount", why_not(refusal.why))
            return 422
        return super().take_refusal(refusal)

    def _readable(self) -> dict[int, OrderLine | None]:
        reader = self._reader()
        return {key: reader.read(key, quietly=True) for key in self.keys}

    def _reader(self) -> LineReader:
        whole_pieces = self.facts.availability.whole_pieces
        return LineReader(self, self.facts.payment.currency, whole_pieces=whole_pieces)

    def _check_lines(self) -> None:
        reader = self._reader()
        read = [reader.read(key) for key in self.keys]
        self.lines = [line for line in read if line is not None]
        if not self.keys:
            self.refuse("", _("Add a line: the provider needs the order lines for this"))

    def _check_amount(self) -> None:
        currency, text = self.facts.payment.currency, self.amount.data or ""
        total = self.lines_minor if self.facts.takes_lines and self.keys else None
        if not text and total is not None:
            self.amount_minor = total
        else:
            try:
                self.amount_minor = parse_amount(text, currency, str(get_locale()))
            except AmountWrong as wrong:
                if wrong.fault is not AmountFault.MISSING or not self.keys:
                    self.refuse("amount", _fault_words(wrong.fault, currency))
                return  # with lines that cannot be read yet, no sum can be missed
        if total not in (None, self.amount_minor):
            values = {"sum": money(total or 0, currency), "amount": money(self.amount_minor, currency)}
            self.refuse("amount", _("The lines come to %(sum)s, not to %(amount)s. Change one of both", **values))
            return
        self._check_bounds()

    def _check_bounds(self) -> None:
        present, currency = self.facts.available_minor, self.facts.payment.currency
        if self.amount_minor == present:
            text = _("%(amount)s is the amount already. Enter another one", amount=money(present, currency))
            self.refuse("amount", text)
        elif self.raises and not self.facts.availability.can_raise:
            most = money(present, currency)
            self.refuse("amount", _("The amount of this payment can only go down. Enter less than %(most)s", most=most))
        elif self.amount_minor < max(self.facts.least_minor, 1):
            self.refuse("amount", too_low_words(self.facts))


def amount_form(facts: AmountFacts, formdata: MultiDict[str, str] | None = None) -> AmountForm:
    """The form with the lines that were sent; a fresh one begins with the order's, or with those of the provider."""
    sent = formdata
    if sent is None and request.method == "POST":
        sent = request.form
    if not facts.takes_lines:
        return AmountForm(facts, formdata=sent)
    first = {} if sent is not None else typed(facts.first_lines, facts.payment.currency)
    keys = keys_in(first if sent is None else sent)
    made = type("AmountFormWithLines", (AmountForm,), {"keys": keys, **line_fields(keys)})
    found: AmountForm = made(facts, formdata=sent, data=first)
    return found


def too_low_words(facts: AmountFacts) -> str:
    """The least amount that can be asked for, and why it is not less."""
    payment, sums = facts.payment, facts.sums
    if not facts.least_minor:
        return _(
            "Amount must be more than %(amount)s. To release all of it, cancel the payment",
            amount=money(0, payment.currency),
        )
    words = [_("Amount must be %(least)s or more.", least=money(facts.least_minor, payment.currency))]
    if sums.captured:
        words.append(_("%(amount)s is captured.", amount=money(sums.captured, payment.currency)))
    if facts.promised_minor:
        words.append(
            _("%(amount)s is promised to requests under way.", amount=money(facts.promised_minor, payment.currency))
        )
    return " ".join(words)


def _fault_words(fault: AmountFault, currency: str) -> str:
    if fault is AmountFault.MISSING:
        return _("Enter the new amount")
    if fault is AmountFault.NOT_POSITIVE:
        zero = money(0, currency)
        return _("Amount must be more than %(amount)s. To release all of it, cancel the payment", amount=zero)
    return amount_fault_words(fault, currency)
