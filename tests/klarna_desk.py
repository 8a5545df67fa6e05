"""A desk whose account is Klarna's: amounts that change, success without amounts, levels in place of movements."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from tests import factories
from tests.desk import Desk
from tests.providers.klarna.desk import PASSWORD, SETTINGS, USERNAME, klarna_account, klarna_order
from webapp.models import Payment, ProviderAccount
from webapp.models.base import new_id
from webapp.services import runtime
from webapp.services.payments.adding import Addition, add_payment
from webapp.services.unit_of_work import in_transaction
from webapp.services.vault import credential_place


def use_klarna(desk: Desk) -> Desk:
    """Put a Klarna account in the place of the desk's own."""
    klarna_account(desk.emulator)
    return put_account(desk, "klarna", {"username": USERNAME, "password": PASSWORD}, SETTINGS)


def put_account(desk: Desk, provider: str, keys: Mapping[str, str], settings: Mapping[str, Any]) -> Desk:
    """Put an account of a provider of the emulator in the place of the desk's own."""
    account_id, vault = new_id(), runtime.current().vault
    factories.add(
        ProviderAccount(
            id=account_id,
            shop_id=desk.shop_id,
            provider=provider,
            mode=desk.account().mode,
            name=provider.title(),
            host="emulator",
            credentials={
                name: vault.seal(value, credential_place(account_id, provider, name)) for name, value in keys.items()
            },
            webhook_token=uuid.uuid4().hex,
            settings=dict(settings),
            created_at=factories.LONG_AGO,
        )
    )
    desk.account_id = account_id
    return desk


def order(desk: Desk, amount_minor: int = 1000, *, settled: bool = True, **fields: Any) -> uuid.UUID:
    """An order in SEK, authorised by default, taken into the desk; answers the payment's id.

    `settled` lets a minute pass, so that the next change of its level is believed at once (R26).
    """
    return take_in(desk, klarna_order(desk.emulator, amount_minor, **fields), settled=settled)


def take_in(desk: Desk, ref: str, *, settled: bool = True) -> uuid.UUID:
    """Take a payment of the account into the desk; answers its id."""
    add_payment(
        Addition(
            actor=desk.actor,
            shop_id=desk.shop_id,
            account_id=desk.account_id,
            provider_ref=ref,
            order_number=uuid.uuid4().hex[:10],
        )
    )
    if settled:
        desk.later(seconds=61)
    return in_transaction(lambda tx: tx.execute(select(Payment.id).where(Payment.provider_ref == ref)).scalar_one())
