"""The form that throws a kill switch."""

from __future__ import annotations

import uuid

from wtforms import SelectField, StringField

from providers.kinds import OperationKind
from webapp.formatting.lazy import _l
from webapp.forms.base import Form, at_most, needed, stripped
from webapp.forms.choices import pairs
from webapp.services.switches import SwitchCommand

KINDS = {
    OperationKind.REFUND: _l("Refunds"),
    OperationKind.CANCEL: _l("Cancellations"),
    OperationKind.CAPTURE: _l("Captures"),
    OperationKind.UPDATE: _l("Amount changes"),
}


class SwitchForm(Form):
    """What to stop, and why."""

    shop_id = SelectField(_l("Shop"))
    provider = SelectField(_l("Provider"))
    kind = SelectField(
        _l("What"), choices=pairs([("", _l("Everything")), *((kind.value, word) for kind, word in KINDS.items())])
    )
    reason = StringField(_l("Why"), [needed(_l("Enter why sending has to stop")), at_most(200)], [stripped])

    def command(self) -> SwitchCommand:
        """What the service needs."""
        return SwitchCommand(
            shop_id=uuid.UUID(self.shop_id.data) if self.shop_id.data else None,
            provider=self.provider.data or None,
            kind=OperationKind(self.kind.data) if self.kind.data else None,
            reason=self.reason.data or "",
        )
