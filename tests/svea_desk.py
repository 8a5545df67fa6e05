"""A desk whose account is Svea's: sums in place of movements, and rows where other providers have amounts."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import select

from tests import factories
from tests.desk import Desk
from tests.providers.svea.desk import MERCHANT, SECRET, svea_account, svea_order
from webapp.models import Payment, ProviderAccount
from webapp.models.base import new_id
from webapp.services import runtime
from webapp.services.payments.adding import Addition, add_payment
from webapp.services.unit_of_work import in_transaction
from webapp.services.vault import credential_place


def use_svea(desk: Desk, **switches: Any) -> Desk:
    """Put a Svea account in the place of the desk's own."""
    svea_account(desk.emulator, **switches)
    account_id, vault = new_id(), runtime.current().vault
    keys = {"merchant_id": MERCHANT, "shared_secret": SECRET}
    factories.add(
        ProviderAccount(
            id=account_id,
            shop_id=desk.shop_id,
            provider="svea",
            mode=desk.account().mode,
            name="Svea",
            host="emulator",
            credentials={
                name: vault.seal(value, credential_place(account_id, "svea", name)) for name, value in keys.items()
            },
            webhook_token=uuid.uuid4().hex,
            settings={"currency": "SEK"},
            created_at=factories.LONG_AGO,
        )
    )
    desk.account_id = account_id
    return desk


def order(desk: Desk, minor: int = 3300, method: str = "Invoice", *, settled: bool = True, **fields: Any) -> uuid.UUID:
    """An order in SEK, reserved by default, taken into the desk; answers the payment's id.

    `settled` lets a minute pass, so that the next change of its level is believed at once (R26).
    """
    number = fields.pop("order_number", uuid.uuid4().hex[:10])
    ref = svea_order(desk.emulator, minor, method, **fields)
    add_payment(
        Addition(
            actor=desk.actor, shop_id=desk.shop_id, account_id=desk.account_id, provider_ref=ref, order_number=number
        )
    )
    if settled:
        desk.later(seconds=61)
    return in_transaction(lambda tx: tx.execute(select(Payment.id).where(Payment.provider_ref == ref)).scalar_one())
