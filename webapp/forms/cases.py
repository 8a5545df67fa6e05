"""The form in which somebody sets a case aside."""

from __future__ import annotations

from wtforms import TextAreaField

from webapp.formatting.lazy import _l
from webapp.forms.base import VersionedForm, at_most, needed, stripped

MOST_NOTE = 1000


class CaseForm(VersionedForm):
    """Why nothing more is to be done."""

    note = TextAreaField(
        _l("Why is this settled?"), [needed(_l("Enter why this is settled")), at_most(MOST_NOTE)], [stripped]
    )
