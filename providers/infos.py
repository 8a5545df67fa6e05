"""What pages and the registry must know of a provider before there is an account; each adapter states its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import httpx

from providers.network import Reach
from providers.port import Capabilities, PaymentProvider

WEBHOOK_SECRET = "webhook_secret"  # noqa: S105 - the name of a field
WEBHOOK_SECRET_BEFORE = "webhook_secret_before"  # noqa: S105 - the name of a field
EMULATOR = "emulator"
"""Host entry of development; its base address is configuration, and production refuses to start with it."""


class WrongCredentials(ValueError):
    """Credential fields are missing, unknown or cannot be sent; the text names fields, never values."""


@dataclass(frozen=True, slots=True)
class CredentialField:
    """A field of the account's form; a secret one is write-only and kept encrypted."""

    name: str
    secret: bool
    required: bool


@dataclass(frozen=True, slots=True)
class TextSetting:
    """A text in an account's settings that is no secret, say a country; `pattern` fits the whole of it."""

    name: str
    pattern: str


@dataclass(frozen=True, slots=True)
class Connection:
    """Where one account's calls go, and what may look at them.

    `base` is the address of the host entry, without a slash at its end. `before_send` runs before the first byte
    of every write (R9) and stops it by raising ProviderUnavailable. `transport` replaces the network in tests.
    `settings` are the account's own.
    """

    base: str
    reach: Reach
    before_send: Callable[[], None] | None = None
    transport: httpx.BaseTransport | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)


def tell_no_hosts(credentials: Mapping[str, str]) -> frozenset[str]:
    """For a provider whose credentials do not show where they belong."""
    del credentials
    return frozenset()


class Connect(Protocol):
    """How an adapter is made; it opens no connection before its first call."""

    def __call__(self, connection: Connection, credentials: Mapping[str, str]) -> PaymentProvider:
        """The adapter of one account. Raises ValueError, without the values, for what cannot be sent."""


@dataclass(frozen=True, slots=True)
class ProviderInfo:
    """What pages need to know of a provider; `hosts` maps entries to base addresses, without the emulator.

    `likely_hosts` names the host entries that credentials look made for, none where they do not tell; good for a
    warning only. `webhook_query` is what the webhook address ends in when it is entered at the provider.
    """

    name: str
    title: str
    hosts: Mapping[str, str]
    emulator_path: str  # where the API stands below the emulator's base address
    credentials: tuple[CredentialField, ...]
    switches: tuple[str, ...]  # yes/no settings of an account, all off by default
    webhook_headers: tuple[str, ...]  # of its messages, in lower case; harmless, and kept with them
    capabilities: Capabilities
    connect: Connect
    texts: tuple[TextSetting, ...] = ()
    webhook_query: str = ""
    likely_hosts: Callable[[Mapping[str, str]], frozenset[str]] = tell_no_hosts
