"""The form that asks for a capture: all that is left, a part by its amount, or so many pieces of order lines."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _

from webapp.forms.by_lines import ByLinesForm, with_lines
from webapp.services.operations.wishes import WishFacts


class CaptureForm(ByLinesForm):
    """A capture of one payment."""

    def nothing_chosen_words(self) -> str:
        """What to do where none of the ways was chosen."""
        return str(_("Choose how much to capture"))

    def no_lines_words(self) -> str:
        """What to do where lines were asked for and none was chosen."""
        return str(_("Enter how many pieces of which lines to capture"))


def capture_form(facts: WishFacts, **values: Any) -> CaptureForm:
    """The form for one payment."""
    return with_lines(CaptureForm, facts, **values)
