"""Payment methods (section 9): no call lists them, so a catalogue of our own, with what Svea's campaigns prove.

The key of a method is the slug of its `PaymentMethodType`, as payments carry it; `subtypes` are the Checkout's
words for it, and for part payment the codes of the campaigns on offer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from providers.reading import Unreadable, an_array, an_object, text
from providers.snapshots import MethodOffer
from providers.svea.mapping import slug

PART_PAYMENT = "PaymentPlan"
CATALOGUE: tuple[tuple[str, dict[str, str], tuple[str, ...]], ...] = (
    ("Invoice", {"en": "Invoice", "sv": "Faktura"}, ("INVOICE", "ADMININVOICE")),
    (PART_PAYMENT, {"en": "Part payment", "sv": "Delbetalning"}, ("PAYMENTPLAN",)),
    ("AccountCredit", {"en": "Account credit", "sv": "Kontokredit"}, ("ACCOUNTCREDIT",)),
    ("Card", {"en": "Card", "sv": "Kort"}, ("SVEACARDPAY", "SVEACARDPAY_PF", "APPLEPAY", "APPLEPAY_PF")),
    ("Swish", {"en": "Swish", "sv": "Swish"}, ("SWISH", "SWISH_PF")),
    ("Vipps", {"en": "Vipps", "sv": "Vipps"}, ("VIPPS",)),
    ("MobilePay", {"en": "MobilePay", "sv": "MobilePay"}, ("MOBILEPAY",)),
    ("Trustly", {"en": "Trustly", "sv": "Trustly"}, ("TRUSTLY",)),
    ("DirectBank", {"en": "Direct bank", "sv": "Direktbank"}, ()),
    ("Leasing", {"en": "Leasing", "sv": "Leasing"}, ("LEASING",)),
    ("ZeroSum", {"en": "Nothing to pay", "sv": "Inget att betala"}, ("ZEROSUM",)),
)


def campaigns(answer: Any) -> list[str]:
    """Codes of the part-payment campaigns; names of `answer` are in lower case. Raises Unreadable."""
    if answer is None:
        raise Unreadable("campaigns are missing")
    rows = [an_object(one, "campaign") for one in an_array(answer, "campaigns")]
    return [
        str(row["campaigncode"]) if type(row.get("campaigncode")) is int else text(row, "campaigncode") for row in rows
    ]


def offers(codes: Sequence[str], currency: str) -> list[MethodOffer]:
    """The catalogue in the account's currency; campaigns stand with part payment."""
    return [
        MethodOffer(
            slug=slug(word),
            currency=currency,
            names=names,
            subtypes=(*subtypes, *(codes if word == PART_PAYMENT else ())),
        )
        for word, names, subtypes in CATALOGUE
    ]
