"""One read of an account's methods at its provider, and what a failure of it is called."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from providers import registry
from providers.errors import CredentialsRefused, ProviderError, ProviderUnavailable
from providers.infos import WrongCredentials
from providers.snapshots import MethodOffer
from webapp.services import accounts
from webapp.services.accounts import Account
from webapp.services.vault import VaultError


class SyncCode(StrEnum):
    """What came of asking for the methods; pages have words for each."""

    GOOD = "good"
    CREDENTIALS = "credentials"  # the provider refused the keys
    UNREADABLE_KEYS = "unreadable_keys"  # no key of ours opens what is stored
    UNREACHABLE = "unreachable"  # nothing was sent
    UNCLEAR = "unclear"  # time-out, an error of the provider's, an answer that is not what was asked for
    BROKEN = "broken"  # a list, but with something in it that can be no method
    EMPTY = "empty"
    HUGE = "huge"
    OVERTAKEN = "overtaken"  # another sync that began later was quicker


class NoOffers(Exception):
    """The methods could not be read; `code` says why."""

    def __init__(self, code: SyncCode) -> None:
        super().__init__(code.value)
        self.code = code


def fetch_offers(account: Account) -> Sequence[MethodOffer]:
    """What the account offers now, by one call on a connection of its own. Raises NoOffers.

    Call it outside of every transaction (I4).
    """
    try:
        adapter = accounts.open_adapter(account)
    except (VaultError, WrongCredentials, registry.UnknownProvider) as failure:
        raise NoOffers(SyncCode.UNREADABLE_KEYS) from failure
    try:
        return adapter.fetch_methods()
    except CredentialsRefused as failure:
        raise NoOffers(SyncCode.CREDENTIALS) from failure
    except ProviderUnavailable as failure:
        raise NoOffers(SyncCode.UNREACHABLE) from failure
    except ProviderError as failure:
        raise NoOffers(SyncCode.UNCLEAR) from failure
    finally:
        adapter.close()
