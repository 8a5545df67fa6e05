"""The way from an account to its adapter, over the registry; what pages may know of a provider stands here too."""

from __future__ import annotations

from collections.abc import Mapping

from providers import registry
from providers.infos import EMULATOR, ProviderInfo
from providers.port import Capabilities, PaymentProvider
from webapp.services.operations import first_byte
from webapp.services.runtime import AccountKeys


class RegistryProviders:
    """The real providers; `emulators` maps a provider to its emulator's base address, and is empty in production."""

    def __init__(self, emulators: Mapping[str, str]) -> None:
        self._emulators = dict(emulators)

    def open(self, keys: AccountKeys) -> PaymentProvider:
        """A ready adapter; the caller closes it. Raises what the registry raises for a wrong account."""
        emulator = self._emulators.get(keys.provider)
        return registry.build(
            keys.provider,
            keys.host,
            keys.credentials,
            emulator_base=emulator,
            before_send=first_byte.check,
            settings=keys.settings,
        )

    def capabilities(self, provider: str) -> Capabilities:
        """What the provider can do, without keys."""
        return registry.capabilities(provider)

    def hosts(self, provider: str) -> tuple[str, ...]:
        """The host entries an account may name; the emulator's only where it has an address."""
        entries = tuple(registry.describe(provider).hosts)
        return (*entries, EMULATOR) if provider in self._emulators else entries

    def webhook_headers(self, provider: str) -> tuple[str, ...]:
        """The headers of its messages that may be kept, in lower case."""
        return registry.describe(provider).webhook_headers


def known() -> tuple[ProviderInfo, ...]:
    """Every provider that an account can be made for, by title."""
    return tuple(sorted(registry.PROVIDERS.values(), key=lambda info: info.title))
