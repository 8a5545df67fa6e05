"""What the forms of all money actions share: one-time id, seen amount, comment, and how refusals are worded."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from flask_babel import get_locale
from flask_babel import gettext as _
from wtforms import HiddenField, SelectField, TextAreaField

from providers.lines import OrderLine
from providers.money import exponent
from providers.planning import WishKind
from providers.port import BankDetails
from webapp.domain.amounts import AmountFault, plain_amount
from webapp.formatting import day, money
from webapp.formatting.lazy import _l
from webapp.formatting.money_words import rule_words
from webapp.formatting.words import reason_name
from webapp.forms.base import Form, stripped
from webapp.forms.choices import pairs
from webapp.services.audit import Actor
from webapp.services.errors import AvailableChanged, NotEnough, RuleBroken
from webapp.services.operations.asking import MOST_COMMENT
from webapp.services.operations.planning import PlannedWish
from webapp.services.operations.wishes import WishFacts

FIELD_OF_RULE = {
    "reason_missing": "reason",
    "comment_missing": "comment",
    "comment_too_long": "comment",
    "bank_details_missing": "customer_name",
    "not_enough": "amount",
}


class MoneyForm(Form):
    """Root of the forms that file a wish. `request_id` marks one rendered form (R16).

    `amount_minor` is what `command` asks for, in minor units; None for everything, whatever that is when it is sent.
    `lines` are the order lines that it is about.
    """

    amount_minor: int | None = None
    lines: Sequence[OrderLine] = ()

    reason = SelectField(_l("Reason"), validate_choice=False)
    comment = TextAreaField(_l("Comment for colleagues"), filters=[stripped])
    request_id = HiddenField()
    expected_available = HiddenField()

    def __init__(self, facts: WishFacts, **values: Any) -> None:
        """A form about one payment; what the request sends is read in."""
        super().__init__(**values)
        self.facts = facts
        reasons = [(str(reason.id), reason_name(reason)) for reason in facts.reasons]
        self.reason.choices = pairs([("", _("Choose a reason")), *reasons])
        self.has_wish_id = self.wish_id is not None  # else a double click would file twice
        if not self.has_wish_id:
            self.renew()

    @property
    def needs_reason(self) -> bool:
        """Whether a reason has to be chosen."""
        return False

    @property
    def wish_id(self) -> uuid.UUID | None:
        """The one-time id that travels with the form; None where it was tampered with."""
        try:
            return uuid.UUID(self.request_id.data or "")
        except ValueError:
            return None

    @property
    def seen_available_minor(self) -> int:
        """The available amount that the person saw, in minor units; -1, which fits nothing, when tampered with."""
        text = self.expected_available.data or ""
        return int(text) if text.isascii() and text.isdecimal() and len(text) <= 16 else -1

    @property
    def reason_words(self) -> str:
        """The chosen reason in words, "" without one."""
        return next((reason_name(each) for each in self.facts.reasons if each.id == self.reason_id), "")

    @property
    def reason_id(self) -> uuid.UUID | None:
        """The chosen reason, if it is one of the shop's."""
        return next((reason.id for reason in self.facts.reasons if str(reason.id) == self.reason.data), None)

    def renew(self) -> None:
        """A fresh one-time id and the present amount: the next sending is a new wish."""
        self.request_id.data = str(uuid.uuid4())
        self.show_present_amount()

    def show_present_amount(self) -> None:
        """From now on the form speaks of the amount that is available at present."""
        self.expected_available.data = str(self.facts.available_minor)

    def validate(self, extra_validators: Any = None) -> bool:
        """Whether every field is in order; the rules themselves stand in the service that files the wish."""
        is_good = bool(super().validate(extra_validators))
        self._check_comment()
        if not self.has_wish_id:
            self.refuse("", rule_words("request_id_taken"))
        return is_good and not self.errors

    def command(self, actor: Actor) -> PlannedWish:
        """What the service needs. Call it after `validate`."""
        if self.wish_id is None:
            raise ValueError("the form has no request id")
        return PlannedWish(
            actor=actor,
            shop_id=self.facts.payment.shop_id,
            payment_id=self.facts.payment.id,
            kind=self.facts.kind,
            request_id=self.wish_id,
            amount_minor=self.amount_minor,
            expected_available_minor=self.seen_available_minor,
            reason_id=self.reason_id,
            comment=self.comment.data or "",
            bank_details=self.given_bank_details(),
            lines=self.lines,
        )

    def given_bank_details(self) -> BankDetails | None:
        """The customer's bank account, where the form asks for one."""
        return None

    def _check_comment(self) -> None:
        reason = next((each for each in self.facts.reasons if str(each.id) == self.reason.data), None)
        if len(self.comment.data or "") > MOST_COMMENT:
            self.refuse("comment", rule_words("comment_too_long"))
        elif reason is not None and reason.comment_required and not self.comment.data:
            self.refuse("comment", _("Enter a comment, because the reason is %(reason)s", reason=reason_name(reason)))

    def has_fresh_amount(self) -> bool:
        """Whether the person saw the present amount; if not, a sentence says what happened meanwhile (R16)."""
        if self.seen_available_minor == self.facts.available_minor:
            return True
        self.refuse("", changed_words(self.facts))
        self.show_present_amount()
        return False

    def take_refusal(self, refusal: RuleBroken) -> int:
        """Put the refusal of the service on its field and answer the page's status: 409 for changed numbers."""
        if isinstance(refusal, AvailableChanged):
            self.show_present_amount()
            self.refuse("", changed_words(self.facts))
            return 409
        if refusal.code == "request_id_taken":
            self.renew()
        text = too_much_words(self.facts) if isinstance(refusal, NotEnough) else rule_words(refusal.code)
        self.refuse(FIELD_OF_RULE.get(refusal.code, ""), text)
        return 422


def amount_words(fault: AmountFault, facts: WishFacts) -> str:
    """What to do about an amount that cannot be read."""
    if fault is AmountFault.TOO_LARGE:
        return too_much_words(facts)
    if fault is AmountFault.MISSING:
        return _missing_words(facts)
    if fault is AmountFault.NOT_POSITIVE:
        return _("Amount must be more than %(amount)s", amount=money(0, facts.payment.currency))
    return amount_fault_words(fault, facts.payment.currency)


def amount_fault_words(fault: AmountFault, currency: str) -> str:
    """What to do about a text that is no amount of the currency; none and too low are up to the caller."""
    digits = exponent(currency)
    example = shown_as_typed(1050 if digits == 2 else 1200, currency)
    if fault is AmountFault.TOO_MANY_DECIMALS and digits == 0:
        return _("Amount must have no decimals, like %(example)s", example=example)
    texts = {
        AmountFault.TOO_LARGE: _("Amount is too large"),
        AmountFault.TOO_MANY_DECIMALS: _("Amount must have %(count)d decimals or fewer", count=digits),
        AmountFault.NOT_A_NUMBER: _("Enter the amount using numbers, like %(example)s", example=example),
        AmountFault.AMBIGUOUS: _(
            "This could be two amounts. Enter it without marks for thousands, like %(large)s or %(small)s",
            large=shown_as_typed(1200 * 10**digits, currency),
            small=shown_as_typed(12 * 10**digits // 10, currency),
        ),
    }
    return texts[fault]


def _missing_words(facts: WishFacts) -> str:
    if facts.kind is WishKind.CAPTURE:
        return _("Enter the amount to capture")
    return _("Enter the amount to refund")


def shown_as_typed(minor: int, currency: str) -> str:
    """An amount as people of this language type it."""
    return plain_amount(minor, currency, str(get_locale()))


def too_much_words(facts: WishFacts) -> str:
    """The most that can be asked for, and where the rest went."""
    payment = facts.payment
    words = [_("Amount must be %(most)s or less.", most=money(facts.available_minor, payment.currency))]
    if facts.kind is not WishKind.REFUND:
        return words[0]
    if payment.refunded_minor and facts.last_refund_at:
        amount = money(payment.refunded_minor, payment.currency)
        words.append(_("%(amount)s was refunded, last on %(date)s.", amount=amount, date=day(facts.last_refund_at)))
    if payment.refund_reserved_minor:
        words.append(_("%(amount)s is being refunded.", amount=money(payment.refund_reserved_minor, payment.currency)))
    return " ".join(words)


def changed_words(facts: WishFacts) -> str:
    """What happened while the form was open, and the present amount."""
    rest = money(facts.available_minor, facts.payment.currency)
    if facts.newest is None:
        return _("The amount changed while the form was open. It is now %(rest)s.", rest=rest)
    operation, name = facts.newest
    amount = money(operation.amount_minor, operation.currency)
    return _(
        "%(name)s asked for %(amount)s in the meantime. It is now %(rest)s.",
        name=name or _("The desk"),
        amount=amount,
        rest=rest,
    )
