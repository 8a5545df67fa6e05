"""Forms of a shop: its settings, and one reason."""

from __future__ import annotations

import re

from wtforms import BooleanField, SelectField, StringField, TextAreaField
from wtforms.validators import StopValidation

from webapp.formatting.lazy import _l
from webapp.forms.base import Form, VersionedForm, at_most, needed, stripped
from webapp.forms.choices import currency_choices, language_choices, zone_choices
from webapp.models import Shop
from webapp.services.shops import ReasonCommand, ShopCommand

ADDRESS = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\"]+\.[^@\s,;<>\"]+", re.ASCII)
LONGEST_STOP_MIN = 24 * 60
MOST_ADDRESSES = 10


def _an_address(_form: Form, field: StringField) -> None:
    if field.data and not ADDRESS.fullmatch(field.data):
        raise StopValidation(str(_l("Enter an e-mail address in the format name@example.com")))


def _addresses(_form: Form, field: TextAreaField) -> None:
    lines = split_lines(field.data)
    for number, line in enumerate(lines, start=1):
        if not ADDRESS.fullmatch(line):
            text = _l("Line %(number)d: enter an e-mail address in the format name@example.com", number=number)
            raise StopValidation(str(text))
    if len(lines) > MOST_ADDRESSES:
        raise StopValidation(str(_l("Enter %(count)d addresses or fewer", count=MOST_ADDRESSES)))


def split_lines(text: str | None) -> tuple[str, ...]:
    """The lines that hold something."""
    return tuple(line.strip() for line in (text or "").splitlines() if line.strip())


class ShopForm(VersionedForm):
    """Settings of a shop; `code` only counts when the shop is made."""

    name = StringField(_l("Name"), [needed(_l("Enter the name of the shop")), at_most(80)], [stripped])
    currency = SelectField(_l("Currency"))
    language = SelectField(_l("Language"), choices=language_choices())
    time_zone = SelectField(_l("Time zone"), choices=zone_choices())
    stop_window = StringField(_l("Stop window in minutes"), [at_most(6)], [stripped])
    manager_email = StringField(_l("Manager's e-mail address"), [at_most(254), _an_address], [stripped])
    failure_mails_on = BooleanField(_l("Mail failures to these addresses"), default=True)
    failure_emails = TextAreaField(_l("Addresses for failure mail"), [_addresses])

    def __init__(self, shop: Shop | None = None) -> None:
        """Filled from `shop`, or empty for a new one."""
        if shop is None:
            super().__init__()
        else:
            lines = "\n".join(shop.failure_emails)
            super().__init__(obj=shop, data={"stop_window": str(shop.stop_window_s // 60), "failure_emails": lines})
            if not self.is_submitted():
                self.failure_emails.data = lines
        self.currency.choices = currency_choices(shop.currency if shop else None)

    def validate_stop_window(self, field: StringField) -> None:
        """Whole minutes within a day; nothing entered means none."""
        text = field.data or "0"
        if not (text.isascii() and text.isdecimal()):
            raise StopValidation(str(_l("Enter the minutes using numbers, like 10")))
        if int(text) > LONGEST_STOP_MIN:
            raise StopValidation(str(_l("Stop window must be between 0 and %(count)d minutes", count=LONGEST_STOP_MIN)))

    def command(self, code: str) -> ShopCommand:
        """What the service needs."""
        return ShopCommand(
            code=code,
            name=self.name.data or "",
            currency=self.currency.data,
            language=self.language.data,
            time_zone=self.time_zone.data,
            stop_window_s=int(self.stop_window.data or 0) * 60,
            manager_email=self.manager_email.data or None,
            failure_mails_on=bool(self.failure_mails_on.data),
            failure_emails=split_lines(self.failure_emails.data),
        )


class NewShopForm(ShopForm):
    """A shop that is made now."""

    code = StringField(_l("Short code"), [needed(_l("Enter a short code")), at_most(20)], [stripped])

    def validate_code(self, field: StringField) -> None:
        """The code stands in commands and files."""
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", field.data or ""):
            raise StopValidation(str(_l("Use small letters a to z, digits and hyphens")))


class ReasonForm(VersionedForm):
    """One more reason of a shop."""

    code = StringField(_l("Code"), [needed(_l("Enter a code")), at_most(40)], [stripped])
    label = StringField(_l("Name"), [needed(_l("Enter the name that colleagues see")), at_most(80)], [stripped])
    provider_code = StringField(_l("Provider's code"), [at_most(40)], [stripped])
    comment_required = BooleanField(_l("A comment is needed"))

    def validate_code(self, field: StringField) -> None:
        """Codes stand in reports."""
        if not re.fullmatch(r"[a-z0-9][a-z0-9_]*", field.data or ""):
            raise StopValidation(str(_l("Use small letters a to z, digits and underscores")))

    def command(self) -> ReasonCommand:
        """What the service needs."""
        return ReasonCommand(
            code=self.code.data or "",
            name=self.label.data or None,
            provider_code=self.provider_code.data or None,
            comment_required=bool(self.comment_required.data),
        )
