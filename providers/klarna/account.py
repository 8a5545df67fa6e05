"""Klarna as the registry lists it: hosts, credentials, settings, and how an adapter is made (section 1)."""

from __future__ import annotations

from collections.abc import Mapping

from providers.http import HttpClient, Limits, basic_auth
from providers.infos import Connection, CredentialField, ProviderInfo, TextSetting
from providers.klarna.adapter import KlarnaProvider
from providers.klarna.capabilities import UPDATE_PART_CAPTURED, KlarnaCapabilities

HOSTS = {
    "klarna-eu-playground": "https://api.playground.klarna.com",  # the form offers the first one
    "klarna-eu": "https://api.klarna.com",
    "klarna-na-playground": "https://api-na.playground.klarna.com",
    "klarna-na": "https://api-na.klarna.com",
    "klarna-oc-playground": "https://api-oc.playground.klarna.com",
    "klarna-oc": "https://api-oc.klarna.com",
    "kustom-playground": "https://api.playground.kustom.co",
    "kustom": "https://api.kustom.co",
}
PLAYGROUND = "-playground"
LIMITS = Limits(read_s=35.0)


def connect(connection: Connection, credentials: Mapping[str, str]) -> KlarnaProvider:
    """The adapter of one account. Raises ValueError where the credentials cannot be sent."""
    authorization = basic_auth(credentials["username"], credentials["password"])
    http = HttpClient(
        connection.base,
        {"Authorization": authorization, "User-Agent": "Paydesk"},
        reach=connection.reach,
        limits=LIMITS,
        transport=connection.transport,
    )
    return KlarnaProvider(http, connection.settings, connection.before_send)


def likely_hosts(credentials: Mapping[str, str]) -> frozenset[str]:
    """The host entries that these credentials look made for; none where the user name is not given.

    The patterns are from practice (sections 1.1 and 1.2): Kustom's passwords begin with `kco_` and its user names
    with M, on the playground PM; Klarna's with K, on the playground PK.
    """
    username, password = credentials.get("username", ""), credentials.get("password", "")
    if not username:
        return frozenset()
    is_kustom = password.startswith("kco_") or username.startswith(("M", "PM"))
    of_company = {host for host in HOSTS if host.startswith("kustom") == is_kustom}
    if not username.startswith(("K", "M", "PK", "PM")):
        return frozenset(of_company)
    is_test = username.startswith("P")
    return frozenset(host for host in of_company if host.endswith(PLAYGROUND) == is_test)


INFO = ProviderInfo(
    name="klarna",
    title="Klarna",
    hosts=HOSTS,
    emulator_path="",
    credentials=(
        CredentialField("username", secret=False, required=True),
        CredentialField("password", secret=True, required=True),
    ),
    switches=(UPDATE_PART_CAPTURED,),
    webhook_headers=(),
    capabilities=KlarnaCapabilities(),
    connect=connect,
    webhook_query="?order_id={checkout.order.id}",  # the checkout puts the order in, section 6
    texts=(TextSetting("country", "[A-Z]{2}"), TextSetting("currency", "[A-Z]{3}")),
    likely_hosts=likely_hosts,
)
