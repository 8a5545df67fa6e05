"""The customer's bank account, for refunds that a person at the provider sends by transfer (KOMOJU page, section 6)."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any

from wtforms import BooleanField, RadioField, StringField

from providers.bank_details import ACCOUNT_TYPES, wrong_fields
from providers.port import BankDetails
from webapp.formatting.lazy import _l
from webapp.forms.base import stripped
from webapp.forms.choices import pairs

if TYPE_CHECKING:
    from wtforms import Form as Fields
else:
    Fields = object

WRONG = {
    "customer_name": (
        _l("Enter the name of the account's holder"),
        _l("Enter the name in half-width katakana, like ﾔﾏﾀﾞ ﾊﾅｺ"),
    ),
    "bank_name": (_l("Enter the name of the bank"), _l("Bank must be 100 characters or fewer")),
    "bank_code": ("", _l("Bank code must have 4 digits, like 0001")),
    "branch_name": ("", _l("Branch must be 100 characters or fewer")),
    "branch_number": (_l("Enter the number of the branch"), _l("Branch number must have 3 digits, like 001")),
    "account_type": (_l("Choose the kind of account"), _l("Choose the kind of account")),
    "account_number": (_l("Enter the account number"), _l("Account number must have 7 digits, like 0123456")),
}
TYPES = {"normal": _l("Ordinary (futsu)"), "checking": _l("Current (toza)"), "savings": _l("Savings (chochiku)")}
NAMES = (*WRONG, "include_payment_method_fee")


def _narrow(value: Any) -> Any:
    """Digits and katakana as banks write them: full-width signs and hiragana are turned, not refused."""
    if not isinstance(value, str):
        return value
    text = unicodedata.normalize("NFKC", value.strip()).upper()
    text = "".join(chr(ord(sign) + 0x60) if "ぁ" <= sign <= "ゖ" else sign for sign in text)
    return "".join(_HALF.get(part, part) for sign in text for part in unicodedata.normalize("NFD", sign))


def _half_width() -> dict[str, str]:
    table = {unicodedata.normalize("NFKC", chr(code)): chr(code) for code in range(0xFF66, 0xFF9E)}
    table |= {"\u3099": "ﾞ", "\u309a": "ﾟ", "ヮ": "ﾜ", "ヰ": "ｲ", "ヱ": "ｴ", "ヵ": "ｶ", "ヶ": "ｹ"}
    return table | {"「": "｢", "」": "｣"}


_HALF = _half_width()


class BankFields(Fields):
    """Fields to mix into a form; `drop_bank_fields` takes them out where no bank account is needed."""

    customer_name = StringField(_l("Holder of the account"), filters=[_narrow])
    bank_name = StringField(_l("Bank"), filters=[stripped])
    bank_code = StringField(_l("Bank code"), filters=[_narrow])
    branch_name = StringField(_l("Branch"), filters=[stripped])
    branch_number = StringField(_l("Branch number"), filters=[_narrow])
    account_type = RadioField(_l("Kind of account"), choices=pairs(TYPES.items()), validate_choice=False)
    account_number = StringField(_l("Account number"), filters=[_narrow])
    include_payment_method_fee = BooleanField(
        _l("Also give back the fee that the customer paid for the payment method")
    )

    def drop_bank_fields(self) -> None:
        """Take the bank fields out of this form."""
        for name in NAMES:
            del self._fields[name]
            setattr(self, name, None)

    def bank_details(self) -> BankDetails:
        """What was entered."""
        texts = {name: getattr(self, name).data or "" for name in WRONG}
        return BankDetails(**texts, include_payment_method_fee=bool(self.include_payment_method_fee.data))

    @property
    def bank_words(self) -> str:
        """The account on one line, for the check page."""
        given = self.bank_details()
        kind = str(TYPES.get(given.account_type, ""))
        parts = (given.bank_name, given.branch_name, given.branch_number, kind, given.account_number)
        return f"{given.customer_name}: " + " ".join(part for part in parts if part)

    def check_bank_details(self) -> None:
        """Put a message on each field that breaks its rule."""
        for name in wrong_fields(self.bank_details()):
            empty, wrong = WRONG[name]
            field = getattr(self, name)
            field.errors = [*field.errors, str(wrong if field.data else empty)]


assert set(ACCOUNT_TYPES) == set(TYPES)  # noqa: S101 - the two lists must change together
