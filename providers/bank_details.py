"""Which bank details for a refund by transfer are in order, for the form and the adapter alike."""

from __future__ import annotations

import re

from providers.port import BankDetails

ACCOUNT_TYPES = ("normal", "checking", "savings")

RULES = {
    # As registered at the bank: half-width katakana, with the capitals, digits and signs that banks write.
    "customer_name": re.compile(r"[\uff66-\uff9fA-Z0-9 ().,/\uff62\uff63-]{1,100}"),
    "bank_name": re.compile(r"\S(.{0,98}\S)?"),
    "bank_code": re.compile(r"([0-9]{4})?"),
    "branch_name": re.compile(r"(\S(.{0,98}\S)?)?"),
    "branch_number": re.compile(r"[0-9]{3}"),
    "account_type": re.compile("|".join(ACCOUNT_TYPES)),
    "account_number": re.compile(r"[0-9]{7}"),
}
"""Rules of KOMOJU's page, section 6; bank code and branch name may be empty."""


def wrong_fields(details: BankDetails) -> list[str]:
    """Names of the fields of `details` that break their rule, in the order of the form."""
    return [name for name, rule in RULES.items() if not rule.fullmatch(getattr(details, name))]
