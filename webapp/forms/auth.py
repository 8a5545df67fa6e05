"""The form to sign in."""

from __future__ import annotations

from wtforms import PasswordField, StringField

from webapp.formatting.lazy import _l
from webapp.forms.base import Form, at_most, needed, stripped
from webapp.services.passwords import LONGEST
from webapp.services.sign_in import SignInCommand


class SignInForm(Form):
    """E-mail, password, and the code of the second step for those who set one up."""

    email = StringField(_l("E-mail address"), [needed(_l("Enter your e-mail address")), at_most(254)], [stripped])
    password = PasswordField(_l("Password or one-time code"), [needed(_l("Enter your password")), at_most(LONGEST)])
    code = StringField(_l("Code from your app"), [at_most(12)], [stripped])

    def command(self, address: str) -> SignInCommand:
        """What the service needs; `address` is where the request came from."""
        return SignInCommand(self.email.data or "", self.password.data or "", self.code.data or "", address)
