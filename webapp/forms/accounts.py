"""The form of a provider account, made from what the registry knows of the provider."""

from __future__ import annotations

import uuid
from typing import Any

from wtforms import BooleanField, Field, PasswordField, SelectField, StringField
from wtforms.validators import Regexp

from providers.infos import ProviderInfo
from webapp.domain.method_list import NEW_METHODS_ON, new_methods_start_on
from webapp.formatting.lazy import _l
from webapp.forms.base import VersionedForm, at_most, needed, stripped
from webapp.forms.choices import pairs
from webapp.models import Mode, ProviderAccount
from webapp.services.provider_accounts import AccountCommand

CREDENTIAL, SWITCH, TEXT = "credential_", "switch_", "text_"
LONGEST_CREDENTIAL = 500
LABELS = {
    "secret_key": _l("Secret key"),
    "publishable_key": _l("Publishable key"),
    "webhook_secret": _l("Webhook secret"),
    "username": _l("User name"),
    "password": _l("Password"),
    "country": _l("Country of purchase, as two letters (SE)"),
    "currency": _l("Currency, as three letters (SEK)"),
    "merchant_id": _l("Merchant ID"),
    "shared_secret": _l("Shared secret"),
    "event_signature_header": _l("Header that holds the signature of events; empty if they are not signed"),
    "event_signature_algorithm": _l("Algorithm of that signature (sha256 or sha512)"),
    "update_part_captured": _l("The amount may also be changed after a part was captured"),
    "partial_refund_with_tax": _l("Partial refunds of payments with tax are agreed with the provider"),
}


class AccountForm(VersionedForm):
    """Common fields; `account_form` adds one per credential, text and switch of the provider."""

    needed_credentials: frozenset[str] = frozenset()

    shop_id = SelectField(_l("Shop"))
    mode = SelectField(_l("Mode"), choices=pairs([(Mode.TEST.value, _l("Test")), (Mode.LIVE.value, _l("Live"))]))
    name = StringField(_l("Name"), [needed(_l("Enter a name for the account")), at_most(60)], [stripped])
    host = SelectField(_l("Server"))
    new_methods_on = BooleanField(_l("New payment methods start switched on"), default=True)

    def credential_fields(self) -> list[Field]:
        """One write-only field per credential."""
        return [field for field in self if field.short_name.startswith(CREDENTIAL)]

    def switch_fields(self) -> list[Field]:
        """One tick box per yes/no setting."""
        return [field for field in self if field.short_name.startswith(SWITCH)]

    def is_optional(self, credential: Field) -> bool:
        """Whether a new account can do without that credential."""
        return credential.short_name not in self.needed_credentials

    def text_fields(self) -> list[Field]:
        """One field per text in the settings."""
        return [field for field in self if field.short_name.startswith(TEXT)]

    def command(self, provider: str, kept: ProviderAccount | None = None) -> AccountCommand:
        """What the service needs; shop and mode of an existing account never change."""
        settings: dict[str, Any] = {
            field.short_name.removeprefix(SWITCH): bool(field.data) for field in self.switch_fields()
        }
        settings |= {field.short_name.removeprefix(TEXT): field.data for field in self.text_fields()}
        return AccountCommand(
            shop_id=kept.shop_id if kept else uuid.UUID(self.shop_id.data),
            provider=provider,
            mode=kept.mode if kept else Mode(self.mode.data),
            name=self.name.data or "",
            host=self.host.data,
            credentials={
                field.short_name.removeprefix(CREDENTIAL): (field.data or "").strip()
                for field in self.credential_fields()
            },
            settings={**(kept.settings if kept else {}), **settings, NEW_METHODS_ON: bool(self.new_methods_on.data)},
        )


def account_form(
    info: ProviderInfo, hosts: tuple[str, ...], shops: list[tuple[str, str]], account: ProviderAccount | None = None
) -> AccountForm:
    """The form for that provider, filled from `account`; stored credentials are never put in."""
    fields: dict[str, Any] = {}
    for each in info.credentials:
        label = LABELS.get(each.name, each.name)
        fields[CREDENTIAL + each.name] = PasswordField(label, [at_most(LONGEST_CREDENTIAL)])
    for text in info.texts:
        fits = Regexp(f"(?:{text.pattern})$", message=_l("Enter it in the form that is asked for"))
        fields[TEXT + text.name] = StringField(LABELS.get(text.name, text.name), [fits], [stripped])
    for switch in info.switches:
        fields[SWITCH + switch] = BooleanField(LABELS.get(switch, switch))
    fields["needed_credentials"] = frozenset(CREDENTIAL + each.name for each in info.credentials if each.required)
    kind = type("ProviderAccountForm", (AccountForm,), fields)
    kept = account.settings if account else {}
    filled: dict[str, Any] = {SWITCH + name: bool(kept.get(name)) for name in info.switches}
    filled |= {TEXT + text.name: kept.get(text.name, "") for text in info.texts}
    filled[NEW_METHODS_ON] = new_methods_start_on(kept)
    form: AccountForm = kind(obj=account, data=filled) if account else kind()
    form.host.choices = pairs((host, host) for host in hosts)
    form.shop_id.choices = pairs(shops)
    if account is not None:
        form.shop_id.validate_choice = form.mode.validate_choice = False
    return form
