"""What a list of payment methods changes: added, vanished, returned. It decides nothing about switches (R30)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from providers.snapshots import MethodOffer

NEW_METHODS_ON = "new_methods_on"
"""Account setting: whether a method that appears starts switched on; on where nothing is said."""

MOST_OFFERS = 500
"""A longer list is not believed: KOMOJU knows some 60 methods, and an account offers a few dozen in all its
currencies. It also keeps the transaction that takes a list in short (R21)."""

LONGEST_SLUG, LONGEST_NAME, MOST_SUBTYPES = 100, 200, 100

Key: TypeAlias = tuple[str, str]
"""(slug, currency)"""


@dataclass(frozen=True, slots=True)
class ListChange:
    """What a list says that was not known; `still` are those offered before and now."""

    added: Sequence[MethodOffer]
    vanished: Collection[Key]
    returned: Collection[Key]
    still: Collection[Key]


def new_methods_start_on(settings: Mapping[str, Any]) -> bool:
    """Whether a method that appears starts switched on."""
    return bool(settings.get(NEW_METHODS_ON, True))


def is_sane(offer: MethodOffer) -> bool:
    """Whether the key of an offer can be a method's: short, printable, three letters of currency."""
    slug, currency = offer.slug, offer.currency
    is_currency = len(currency) == 3 and currency.isascii() and currency.isalpha()
    return is_currency and 0 < len(slug) <= LONGEST_SLUG and slug.isprintable()


def cleaned(text: str) -> str:
    """A text of the provider's as one printable line of sane length; what cannot be shown is left out."""
    shown = "".join(letter for letter in text if letter.isprintable() or letter.isspace())
    return " ".join(shown.split())[:LONGEST_NAME]


def without_repeats(offers: Sequence[MethodOffer]) -> list[MethodOffer]:
    """One offer per key, the first one, in the provider's order."""
    found: dict[Key, MethodOffer] = {}
    for offer in offers:
        found.setdefault((offer.slug, offer.currency), offer)
    return list(found.values())


def compare(known: Mapping[Key, bool], offers: Sequence[MethodOffer]) -> ListChange:
    """`known` tells of each kept method whether it was offered until now; `offers` repeat nothing."""
    offered = {(offer.slug, offer.currency) for offer in offers}
    return ListChange(
        added=[offer for offer in offers if (offer.slug, offer.currency) not in known],
        vanished={key for key, was_offered in known.items() if was_offered and key not in offered},
        returned={key for key, was_offered in known.items() if not was_offered and key in offered},
        still={key for key, was_offered in known.items() if was_offered and key in offered},
    )
