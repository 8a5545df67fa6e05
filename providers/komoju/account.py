"""KOMOJU as the registry lists it: hosts, credentials, settings, and how an adapter is made (section 1)."""

from __future__ import annotations

from collections.abc import Mapping

from providers.http import HttpClient, basic_auth
from providers.infos import WEBHOOK_SECRET, Connection, CredentialField, ProviderInfo
from providers.komoju.adapter import VERSION, KomojuProvider
from providers.komoju.capabilities import PARTIAL_REFUND_WITH_TAX, KomojuCapabilities


def connect(connection: Connection, credentials: Mapping[str, str]) -> KomojuProvider:
    """The adapter of one account. Raises ValueError where the key cannot be sent."""
    headers = {"Authorization": basic_auth(credentials["secret_key"], ""), "X-KOMOJU-API-VERSION": VERSION}
    http = HttpClient(connection.base, headers, reach=connection.reach, transport=connection.transport)
    return KomojuProvider(http, connection.before_send)


INFO = ProviderInfo(
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
    connect=connect,
)
