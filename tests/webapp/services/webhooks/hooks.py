"""Messages as KOMOJU signs them, and the desk's ear for them."""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from collections.abc import Sequence

from sqlalchemy import select

from tests.desk import Desk
from webapp.models import ProviderAccount, WebhookMessage
from webapp.services import runtime
from webapp.services.unit_of_work import in_transaction
from webapp.services.vault import credential_place
from webapp.services.webhooks.receiving import Delivery, Verdict, receive

SECRET = "whsec-of-the-account"


def give_secret(desk: Desk, secret: str = SECRET, name: str = "webhook_secret") -> None:
    """Store a webhook secret at the desk's account."""
    account = desk.account()
    place = credential_place(account.id, account.provider, name)
    credentials = {**account.credentials, name: runtime.current().vault.seal(secret, place)}
    desk.change(ProviderAccount, account.id, credentials=credentials, version=account.version + 1)


def body(desk: Desk, payment_id: uuid.UUID | None, event: str = "payment.refunded", **more: object) -> bytes:
    """An event about a payment; about one that the desk does not have when `data` names it."""
    data = {"resource": "payment", "id": desk.row(payment_id).provider_ref} if payment_id else {}
    return json.dumps({"id": uuid.uuid4().hex, "type": event, "data": data} | more).encode()


def headers(raw: bytes, secret: str = SECRET, **more: str) -> dict[str, str]:
    """What KOMOJU sends with it."""
    signature = hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
    return {
        "X-Komoju-Signature": signature,
        "X-Komoju-ID": uuid.uuid4().hex,
        "Content-Type": "application/json",
        "Authorization": "Bearer canary",
    } | more


def tell(desk: Desk, raw: bytes, secret: str = SECRET) -> Verdict:
    """Deliver a message to the desk's account."""
    return receive(Delivery("komoju", desk.account().webhook_token, headers(raw, secret), raw))


def messages() -> Sequence[WebhookMessage]:
    """All that is stored, first one first."""
    return in_transaction(lambda tx: tx.scalars(select(WebhookMessage).order_by(WebhookMessage.received_at)).all())
