"""Svea as the registry lists it: hosts, credentials, and how an adapter is made (section 1)."""

from __future__ import annotations

from collections.abc import Mapping

from providers.http import HttpClient
from providers.infos import WEBHOOK_SECRET, Connection, CredentialField, ProviderInfo, TextSetting
from providers.svea.adapter import Hosts, SveaProvider
from providers.svea.capabilities import CURRENCIES, SveaCapabilities
from providers.svea.notification import ALGORITHMS, Signing
from providers.svea.signing import Signer

LIVE, STAGE = "https://paymentadminapi.svea.com", "https://paymentadminapistage.svea.com"
CHECKOUT_OF = {LIVE: "https://checkoutapi.svea.com", STAGE: "https://checkoutapistage.svea.com"}
EMULATOR_PATH, EMULATOR_CHECKOUT_PATH = "/pa", "/checkout"


def checkout_base(admin_base: str) -> str:
    """Address of the Checkout API that belongs to a Payment Admin API; beside it in the emulator."""
    beside = admin_base.removesuffix(EMULATOR_PATH) + EMULATOR_CHECKOUT_PATH
    return CHECKOUT_OF.get(admin_base, beside)


def connect(connection: Connection, credentials: Mapping[str, str]) -> SveaProvider:
    """The adapter of one account. Raises ValueError where the credentials cannot be sent."""
    signer = Signer(credentials["merchant_id"], credentials["shared_secret"])
    currency, header, algorithm = (
        str(connection.settings.get(name) or "")
        for name in ("currency", "event_signature_header", "event_signature_algorithm")
    )
    signing = Signing(header, algorithm or ALGORITHMS[0])

    def client(base: str) -> HttpClient:
        return HttpClient(base, {}, reach=connection.reach, transport=connection.transport)

    hosts = Hosts(client(connection.base), client(checkout_base(connection.base)), connection.base)
    return SveaProvider(hosts, signer, currency, signing, connection.before_send)


INFO = ProviderInfo(
    name="svea",
    title="Svea",
    hosts={"svea": LIVE, "svea-stage": STAGE},
    emulator_path=EMULATOR_PATH,
    credentials=(
        CredentialField("merchant_id", secret=False, required=True),
        CredentialField("shared_secret", secret=True, required=True),
        CredentialField(WEBHOOK_SECRET, secret=True, required=False),
    ),
    switches=(),
    webhook_headers=(),
    capabilities=SveaCapabilities(),
    connect=connect,
    texts=(
        TextSetting("currency", "|".join(sorted(CURRENCIES))),
        TextSetting("event_signature_header", "([A-Za-z0-9-]{1,60})?"),
        TextSetting("event_signature_algorithm", f"({'|'.join(ALGORITHMS)})?"),
    ),
)
