"""The form that asks for a refund: how much, why, and to which bank account where the method needs one."""

from __future__ import annotations

from typing import Any

from webapp.forms.by_lines import ByLinesForm, with_lines
from webapp.forms.giving_back import GivingBackForm
from webapp.services.operations.wishes import WishFacts


class RefundForm(GivingBackForm, ByLinesForm):
    """A refund of one payment."""

    @property
    def needs_reason(self) -> bool:
        """Always: whoever looks at it later has to know why."""
        return True


def refund_form(facts: WishFacts, **values: Any) -> RefundForm:
    """The form for one payment."""
    return with_lines(RefundForm, facts, **values)
