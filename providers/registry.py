"""From a provider's name, host entry and credentials to its adapter; the one module that names adapters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import httpx

from providers.infos import EMULATOR, WEBHOOK_SECRET_BEFORE, Connection, ProviderInfo, WrongCredentials
from providers.klarna import account as klarna
from providers.komoju import account as komoju
from providers.network import Reach
from providers.port import Capabilities, PaymentProvider
from providers.svea import account as svea

PROVIDERS: Mapping[str, ProviderInfo] = {info.name: info for info in (klarna.INFO, komoju.INFO, svea.INFO)}


class UnknownProvider(LookupError):
    """No provider, host entry or emulator address of that name; the text may be shown to an operator."""


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
    before_send: Callable[[], None] | None = None,
    transport: httpx.BaseTransport | None = None,
    settings: Mapping[str, Any] | None = None,
) -> PaymentProvider:
    """The adapter of one account; it opens no connection before its first call.

    The keywords are those of `infos.Connection`. Raises UnknownProvider, WrongCredentials.
    """
    base, reach = base_address(provider, host, emulator_base)
    info = describe(provider)
    _check_credentials(info, credentials)
    try:
        return info.connect(Connection(base, reach, before_send, transport, settings or {}), credentials)
    except ValueError:
        names = ", ".join(field.name for field in info.credentials if credentials.get(field.name))
    # raised here, so that no trace holds a value
    raise WrongCredentials(f"One of these holds characters that cannot be sent: {names}")


def _check_credentials(info: ProviderInfo, credentials: Mapping[str, str]) -> None:
    names = {field.name for field in info.credentials} | {WEBHOOK_SECRET_BEFORE}
    missing = [field.name for field in info.credentials if field.required and not credentials.get(field.name)]
    if missing:
        raise WrongCredentials(f"Missing: {', '.join(missing)}")
    if not names.issuperset(credentials):
        raise WrongCredentials(f"Only these fields are known: {', '.join(sorted(names))}")
