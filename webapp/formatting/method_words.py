"""Payment methods in words: their names in the reader's language, and how a sync went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask_babel import get_locale
from flask_babel import gettext as _
from markupsafe import Markup, escape

from webapp.formatting.lazy import _l
from webapp.formatting.money_words import BY_BANK, METHODS, method_title
from webapp.models import PaymentMethod
from webapp.services.methods.fetching import SyncCode

ENGLISH = "en"

BRANDS: Mapping[str, str] = {
    "visa": "Visa",
    "master": "Mastercard",
    "jcb": "JCB",
    "american_express": "American Express",
    "diners_club": "Diners Club",
    "lawson": "Lawson",
    "family-mart": "FamilyMart",
    "seven-eleven": "7-Eleven",
    "ministop": "Ministop",
    "seicomart": "Seicomart",
}
"""Names of cards and shops as they write themselves; others keep the provider's word."""

SYNC_RESULTS: Mapping[SyncCode, str] = {
    SyncCode.CREDENTIALS: _l("The provider refused the keys. Enter them again at the provider account."),
    SyncCode.UNREADABLE_KEYS: _l("The stored keys cannot be read. Enter them again at the provider account."),
    SyncCode.UNREACHABLE: _l("The provider could not be reached. Nothing was sent."),
    SyncCode.UNCLEAR: _l("The provider gave no clear answer. Try again later."),
    SyncCode.BROKEN: _l("The provider's list holds something that can be no payment method."),
    SyncCode.EMPTY: _l("The provider's list was empty."),
    SyncCode.HUGE: _l("The provider's list was too long to be believed."),
    SyncCode.OVERTAKEN: _l("Another sync was quicker."),
    SyncCode.GOOD: _l("The list is taken over."),
}


def sync_words(code: str) -> str:
    """What came of a sync, as a sentence."""
    return str(SYNC_RESULTS[SyncCode(code)])


def method_label(method: PaymentMethod) -> Markup:
    """The provider's name in the reader's language, else ours, else the provider's English one, marked as English."""
    language = str(get_locale() or ENGLISH)
    own = method.names.get(language)
    if own or method.slug in METHODS:
        return escape(own or method_title(method.slug))
    english = method.names.get(ENGLISH)
    if not english:
        return escape(method_title(method.slug))
    return escape(english) if language == ENGLISH else Markup('<span lang="en">{}</span>').format(english)


def method_facts(method: PaymentMethod) -> str:
    """What is known of it, in one line; "" when that is nothing."""
    kept = method.capabilities.get("can_be_kept", [])
    parts = [
        _brands(method.subtypes),
        _("can be kept for later payments: %(brands)s", brands=_brands(kept)) if kept else "",
        _("refunds need the customer's bank account") if method.slug in BY_BANK else "",
    ]
    return " · ".join(part for part in parts if part)


def _brands(subtypes: Sequence[str]) -> str:
    return ", ".join(BRANDS.get(each) or each.replace("-", " ").replace("_", " ") for each in subtypes)
