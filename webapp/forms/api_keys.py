"""The form that makes a key of the REST API."""

from __future__ import annotations

import uuid

from wtforms import RadioField, StringField

from webapp.domain.permissions import Permission
from webapp.formatting.lazy import _l
from webapp.forms.base import Form, TickBoxesField, at_most, needed, stripped
from webapp.forms.choices import pairs
from webapp.models import Mode
from webapp.services.api.keys import KeyCommand


class KeyForm(Form):
    """Who gets it, where it reaches, and what it may do. Looking is in every key."""

    name = StringField(
        _l("Name"), [needed(_l("Enter a name, such as that of the system that uses it")), at_most(80)], [stripped]
    )
    mode = RadioField(_l("Mode"), choices=pairs([(Mode.TEST, _l("Test")), (Mode.LIVE, _l("Live"))]), default=Mode.TEST)
    shops = TickBoxesField(_l("Shops"), [needed(_l("Choose at least one shop"))])
    rights = TickBoxesField(_l("It may, beside looking"))

    def command(self) -> KeyCommand:
        """What the service needs."""
        return KeyCommand(
            name=self.name.data or "",
            mode=Mode(self.mode.data),
            shop_ids=frozenset(uuid.UUID(shop) for shop in self.shops.data or ()),
            rights=frozenset(Permission(right) for right in self.rights.data or ()),
        )
