"""Forms about people: to invite one, to set roles, and what people change about themselves."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from wtforms import PasswordField, SelectField, StringField
from wtforms.validators import StopValidation

from webapp.domain.permissions import Role
from webapp.formatting import words
from webapp.formatting.lazy import _l
from webapp.forms.base import Form, TickBoxesField, VersionedForm, at_most, needed, stripped
from webapp.forms.choices import SelectChoice, language_choices, pairs, zone_choices
from webapp.forms.shops import ADDRESS
from webapp.services.passwords import LONGEST
from webapp.services.people import PersonCommand


def role_choices(roles: Sequence[Role]) -> list[SelectChoice]:
    """Each role with its sentence."""
    return pairs((role.value, f"{words.role_name(role)}: {words.role_sentence(role)}") for role in roles)


class InviteForm(Form):
    """A new colleague."""

    name = StringField(_l("Name"), [needed(_l("Enter the name")), at_most(80)], [stripped])
    email = StringField(_l("E-mail address"), [needed(_l("Enter the e-mail address")), at_most(254)], [stripped])
    language = SelectField(_l("Language"), choices=language_choices())
    time_zone = SelectField(_l("Time zone"), choices=zone_choices())
    shop_id = SelectField(_l("Shop"))
    roles = TickBoxesField(_l("Roles in this shop"), [needed(_l("Choose at least one role"))])

    def validate_email(self, field: StringField) -> None:
        """One address."""
        if not ADDRESS.fullmatch(field.data or ""):
            raise StopValidation(str(_l("Enter an e-mail address in the format name@example.com")))

    def command(self) -> PersonCommand:
        """What the service needs."""
        return PersonCommand(
            name=self.name.data or "",
            email=(self.email.data or "").lower(),
            language=self.language.data,
            time_zone=self.time_zone.data,
            shop_id=uuid.UUID(self.shop_id.data),
            roles=tuple(Role(role) for role in self.roles.data or ()),
        )


class RolesForm(VersionedForm):
    """The roles of a person in one shop; no tick takes the shop away."""

    roles = TickBoxesField(_l("Roles"))

    def chosen(self) -> frozenset[Role]:
        """The roles that are ticked."""
        return frozenset(Role(role) for role in self.roles.data or ())


class MeForm(VersionedForm):
    """Language and time zone."""

    language = SelectField(_l("Language"), choices=language_choices())
    time_zone = SelectField(_l("Time zone"), choices=zone_choices())


class PasswordForm(Form):
    """A new password, after the present one or the one-time code."""

    old = PasswordField(
        _l("Present password or one-time code"), [needed(_l("Enter the present one")), at_most(LONGEST)]
    )
    new = PasswordField(_l("New password"), [needed(_l("Enter a new password"))])
    again = PasswordField(_l("New password again"))

    def validate_again(self, field: PasswordField) -> None:
        """Typed twice alike."""
        if field.data != self.new.data:
            raise StopValidation(str(_l("The two new passwords differ")))


class CodeForm(Form):
    """The first code of a second step."""

    code = StringField(_l("Code from your app"), [needed(_l("Enter the code")), at_most(12)], [stripped])


class RemoveStepForm(CodeForm):
    """Taking the second step away needs both."""

    password = PasswordField(_l("Password"), [needed(_l("Enter your password")), at_most(LONGEST)])
