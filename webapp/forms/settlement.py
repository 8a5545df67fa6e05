"""The form in which somebody says what became of an operation that needs a decision."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from flask_babel import gettext as _
from wtforms import HiddenField, RadioField, StringField, TextAreaField

from webapp.formatting.lazy import _l
from webapp.formatting.money_words import rule_words
from webapp.forms.base import Form, at_most, needed, stripped
from webapp.forms.choices import pairs
from webapp.models import SettleAs
from webapp.services.audit import Actor
from webapp.services.errors import RuleBroken
from webapp.services.operations.settling import MOST_EVIDENCE, Proposal

CHOICES = {
    SettleAs.DONE: _l("It was carried out"),
    SettleAs.NOT_DONE: _l("It was not carried out, and shall not be"),
    SettleAs.SEND_AGAIN: _l("It was not carried out, and shall be sent once more"),
}
FIELD_OF_RULE = {
    "reference_missing": "provider_ref",
    "reference_taken": "provider_ref",
    "not_in_books": "provider_ref",
    "evidence_missing": "evidence",
}


class SettlementForm(Form):
    """What was seen at the provider, where, and what follows from it."""

    settle_as = RadioField(_l("What became of it?"), validate_choice=False)
    provider_ref = StringField(
        _l("Provider's reference"), [needed(_l("Enter the provider's reference")), at_most(200)], [stripped]
    )
    evidence = TextAreaField(
        _l("What did you see?"), [needed(_l("Enter what you saw at the provider")), at_most(MOST_EVIDENCE)], [stripped]
    )

    def __init__(self) -> None:
        """The three ways out."""
        super().__init__()
        self.settle_as.choices = pairs([(kind.value, str(text)) for kind, text in CHOICES.items()])

    def validate_settle_as(self, field: RadioField) -> None:
        """One of the three."""
        if field.data not in set(SettleAs):
            field.errors = [*field.errors, _("Choose what became of it")]

    def command(self, actor: Actor, operation_id: uuid.UUID, shop_ids: Collection[uuid.UUID]) -> Proposal:
        """What the service needs."""
        return Proposal(
            actor=actor,
            operation_id=operation_id,
            shop_ids=shop_ids,
            settle_as=SettleAs(self.settle_as.data),
            provider_ref=self.provider_ref.data or "",
            evidence=self.evidence.data or "",
        )

    def take_refusal(self, refusal: RuleBroken) -> None:
        """Put the refusal of the service on its field."""
        self.refuse(FIELD_OF_RULE.get(refusal.code, ""), rule_words(refusal.code))


class ConfirmationForm(Form):
    """The second person's word on the proposal that they read."""

    settlement = HiddenField()

    @property
    def settlement_id(self) -> uuid.UUID:
        """The proposal that was shown; one that fits none when tampered with."""
        try:
            return uuid.UUID(self.settlement.data or "")
        except ValueError:
            return uuid.UUID(int=0)
