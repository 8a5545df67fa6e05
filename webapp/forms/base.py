"""What every form shares: texts are stripped, messages are ours, and a refusal goes to the field it speaks of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask_wtf import FlaskForm
from wtforms import Field, HiddenField, SelectMultipleField
from wtforms.validators import StopValidation
from wtforms.widgets import CheckboxInput, ListWidget

from webapp.formatting.lazy import _l


def stripped(value: Any) -> Any:
    """Text without space around it."""
    return value.strip() if isinstance(value, str) else value


class TickBoxesField(SelectMultipleField):
    """Tick boxes, one per choice; none, some or all may be ticked."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class Form(FlaskForm):
    """Root of all forms. `form.refuse("amount", message)` adds an error after validation."""

    def __init__(self, *args: Any, **values: Any) -> None:
        """As FlaskForm: reads the request when it is a post."""
        super().__init__(*args, **values)  # type: ignore[no-untyped-call]  # no types there

    def is_submitted(self) -> bool:
        """Whether the request sends this form."""
        return bool(super().is_submitted())  # type: ignore[no-untyped-call]  # the same

    def validate_on_submit(self, extra_validators: Any = None) -> bool:
        """Whether the request sends this form and every field is in order."""
        return bool(super().validate_on_submit(extra_validators))  # type: ignore[no-untyped-call]  # the same

    def refuse(self, field: str, message: str) -> None:
        """Add `message` to `field`; an unknown name or "" makes it an error of the whole form."""
        known = self._fields.get(field)
        if known is None:
            self.form_errors.append(message)
        else:
            known.errors = [*known.errors, message]


class VersionedForm(Form):
    """A form that edits a row; the version it was made from travels along (R32)."""

    version = HiddenField()

    @property
    def seen_version(self) -> int:
        """The version the person saw; 0, which fits no row, when it was left out or tampered with.

        Only what was sent counts: the field's data may come from the row as it is now.
        """
        text = str((self.version.raw_data or [""])[0])
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 18 else 0


def needed(message: str) -> Callable[[Form, Field], None]:
    """Validator: something was entered; stops with `message` otherwise."""

    def check(_form: Form, field: Field) -> None:
        if not (field.data.strip() if isinstance(field.data, str) else field.data):
            field.errors = []
            raise StopValidation(str(message))

    return check


def at_most(count: int) -> Callable[[Form, Field], None]:
    """Validator: no more than `count` characters."""
    message = _l("Use %(count)d characters or fewer", count=count)

    def check(_form: Form, field: Field) -> None:
        if field.data and len(field.data) > count:
            raise StopValidation(str(message))

    return check
