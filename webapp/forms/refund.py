"""The form that asks for a refund: how much, why, and to which bank account where the method needs one."""

from __future__ import annotations

from webapp.forms.giving_back import GivingBackForm
from webapp.forms.how_much import HowMuchForm


class RefundForm(GivingBackForm, HowMuchForm):
    """A refund of one payment."""

    @property
    def needs_reason(self) -> bool:
        """Always: whoever looks at it later has to know why."""
        return True
