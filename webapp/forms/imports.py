"""The form that takes a file of orders."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from contextlib import suppress

from flask_wtf.file import FileField
from wtforms import BooleanField, HiddenField, SelectField

from webapp.formatting.lazy import _l
from webapp.forms.base import Form, needed
from webapp.forms.choices import pairs
from webapp.models import Shop


class ImportForm(Form):
    """A file for one shop; `request_id` is made with the form, so that the same form sent twice is one import."""

    shop_id = SelectField(_l("Shop"), [needed(_l("Choose a shop"))])
    file = FileField(_l("CSV file"), [needed(_l("Choose a file"))])
    act = BooleanField(_l("Also act on the first status of new orders"))
    keep_good = BooleanField(_l("Take the good lines and leave the bad ones"))
    request_id = HiddenField()

    def offer(self, shops: Iterable[Shop]) -> None:
        """Fill the list of shops; with only one there is nothing to choose."""
        found = pairs((str(shop.id), shop.name) for shop in shops)
        self.shop_id.choices = found if len(found) == 1 else [*pairs([("", str(_l("Choose a shop")))]), *found]

    def chosen_id(self) -> uuid.UUID:
        """The import's id; a new one when the field was tampered with."""
        with suppress(ValueError):
            return uuid.UUID(self.request_id.data or "")
        return uuid.uuid4()
