"""Forms of the order pages: a note, and taking a payment in."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from contextlib import suppress

from wtforms import HiddenField, SelectField, StringField, TextAreaField
from wtforms.validators import Regexp

from webapp.formatting.lazy import _l
from webapp.forms.base import Form, VersionedForm, at_most, needed, stripped
from webapp.forms.choices import pairs
from webapp.models import OrderStatus
from webapp.services.orders.notes import LONGEST_NOTE


class NoteForm(Form):
    """A note; `note_id` is made with the form, so that the same form sent twice is one note."""

    text = TextAreaField(_l("Note for colleagues"), [needed(_l("Enter a note")), at_most(LONGEST_NOTE)], [stripped])
    note_id = HiddenField(default=lambda: str(uuid.uuid4()))

    def chosen_id(self) -> uuid.UUID:
        """The note's id; a new one when the field was tampered with."""
        with suppress(ValueError):
            return uuid.UUID(self.note_id.data or "")
        return uuid.uuid4()


class StatusForm(VersionedForm):
    """The order's new status."""

    status = SelectField(_l("Status"), [needed(_l("Choose a status"))])

    def offer(self, statuses: Iterable[OrderStatus]) -> None:
        """Fill the list with the shop's own statuses."""
        self.status.choices = pairs((str(status.id), status.name) for status in statuses)


class AddPaymentForm(Form):
    """Which payment to fetch from which account; the order's number where the provider's is not wanted."""

    account_id = SelectField(_l("Provider account"), [needed(_l("Choose a provider account"))])
    provider_ref = StringField(
        _l("Provider's reference of the payment"),
        [
            needed(_l("Enter the provider's reference")),
            at_most(200),
            Regexp(r"[!-~]+\Z", message=_l("Use letters, digits and signs without spaces, as the provider shows them")),
        ],
        [stripped],
    )
    order_number = StringField(_l("Order number"), [at_most(100)], [stripped])
