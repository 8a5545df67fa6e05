"""From a provider's name, host entry and credentials to its adapter; the one module that names adapters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import httpx

from providers.http import HttpClient, basic_auth
from providers.komoju.adapter import VERSION, KomojuProvider
from providers.komoju.capabilities import PARTIAL_REFUND_WITH_TAX, KomojuCapabilities
from providers.network import Reach
from providers.port import Capabilities, PaymentProvider

WEBHOOK_SECRET = "webhook_secret"  # noqa: S105 - the name of a field
WEBHOOK_SECRET_BEFORE = "webhook_secret_before"  # noqa: S105 - the name of a field
EMULATOR = "emulator"
"""Host entry of development; its base address is configuration, and production refuses to start with it."""


class UnknownProvider(LookupError):
    """No provider, host entry or emulator address of that name; the text may be shown to an operator."""


class WrongCredentials(ValueError):
    """Credential fields are missing, unknown or cannot be sent; the text names fields, never values."""


@dataclass(frozen=True, slots=True)
class CredentialField:
    """A field of the account's form; a secret one is write-only and kept encrypted."""

    name: str
    secret: bool
    required: bool


@dataclass(frozen=True, slots=True)
class ProviderInfo:
    """What pages need to know of a provider; `hosts` maps entries to base addresses, without the emulator."""

    name: str
    title: str
    hosts: Mapping[str, str]
    emulator_path: str  # where the API stands below the emulator's base address
    credentials: tuple[CredentialField, ...]
    switches: tuple[str, ...]  # yes/no settings of an account, all off by default
    webhook_headers: tuple[str, ...]  # of its messages, in lower case; harmless, and kept with them
    capabilities: Capabilities


BeforeSend = Callable[[], None]

KOMOJU = ProviderInfo(
    name="komoju",
    title="KOMOJU",
    hosts={"komoju": "https://komoju.com/api/v1"},
    emulator_path="/api/v1",
    credentials=(
        CredentialField("secret_key", secret=True, required=True),
        CredentialField("publishable_key", secret=False, required=False),
        CredentialField(WEBHOOK_SECRET, secret=True, required=False),
    ),
    switches=(PARTIAL_REFUND_WITH_TAX,),
    webhook_headers=("x-komoju-id", "x-komoju-event"),
    capabilities=KomojuCapabilities(),
)
PROVIDERS: Mapping[str, ProviderInfo] = {KOMOJU.name: KOMOJU}


def describe(provider: str) -> ProviderInfo:
    """What is known of a provider without keys. Raises UnknownProvider."""
    if provider not in PROVIDERS:
        raise UnknownProvider(f"No such provider: {provider!r}")
    return PROVIDERS[provider]


def capabilities(provider: str) -> Capabilities:
    """What a provider can do. Raises UnknownProvider."""
    return describe(provider).capabilities


def base_address(provider: str, host: str, emulator_base: str | None = None) -> tuple[str, Reach]:
    """Base address of a host entry, and which addresses it may lead to.

    `emulator_base` is the emulator's part for this provider, `http://127.0.0.1:PORT/komoju`; without it the
    entry `emulator` does not exist. Raises UnknownProvider.
    """
    info = describe(provider)
    if host == EMULATOR and emulator_base:
        return emulator_base.rstrip("/") + info.emulator_path, Reach.LOOPBACK
    if host not in info.hosts:
        raise UnknownProvider(f"{info.title} has no host entry {host!r}")
    return info.hosts[host], Reach.PUBLIC


def build(
    provider: str,
    host: str,
    credentials: Mapping[str, str],
    *,
    emulator_base: str | None = None,
    before_send: BeforeSend | None = None,
    transport: httpx.BaseTransport | None = None,
) -> PaymentProvider:
    """The adapter of one account; it opens no connection before its first call.

    `before_send` runs before the first byte of every write (R9) and stops it by raising ProviderUnavailable.
    `transport` replaces the network in tests. Raises UnknownProvider, WrongCredentials.
    """
    base, reach = base_address(provider, host, emulator_base)
    _check_credentials(describe(provider), credentials)
    try:
        authorization = basic_auth(credentials["secret_key"], "")
    except ValueError:
        authorization = None
    if authorization is None:  # raised here, so that no trace holds the value
        raise WrongCredentials("secret_key holds characters that cannot be sent")
    headers = {"Authorization": authorization, "X-KOMOJU-API-VERSION": VERSION}
    return KomojuProvider(HttpClient(base, headers, reach=reach, transport=transport), before_send)


def _check_credentials(info: ProviderInfo, credentials: Mapping[str, str]) -> None:
    names = {field.name for field in info.credentials} | {WEBHOOK_SECRET_BEFORE}
    missing = [field.name for field in info.credentials if field.required and not credentials.get(field.name)]
    if missing:
        raise WrongCredentials(f"Missing: {', '.join(missing)}")
    if not names.issuperset(credentials):
        raise WrongCredentials(f"Only these fields are known: {', '.join(sorted(names))}")
