"""Accounts at providers that need several calls for one wish, and payments there, for kill runs."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from providers.planning import WishKind
from tests import factories
from tests.kills.world import World
from tests.providers.klarna import desk as klarna
from tests.providers.svea import desk as svea
from webapp.models import Payment
from webapp.models.base import new_id
from webapp.services import runtime
from webapp.services.operations.planning import PlannedWish, file_wish
from webapp.services.payments.adding import Addition, add_payment
from webapp.services.unit_of_work import in_transaction
from webapp.services.vault import credential_place

A_WHILE = timedelta(minutes=5)


@dataclass(frozen=True)
class Place:
    """A provider's account in a world."""

    world: World
    provider: str
    account_id: uuid.UUID

    def payment(self, minor: int = 74900, capture: int = 0, **fields: Any) -> uuid.UUID:
        """A payment in SEK, `capture` of it captured in the provider's portal before the desk reads it."""
        emulator = self.world.desk.emulator
        make = klarna.klarna_order if self.provider == "klarna" else svea.svea_order
        reference = make(emulator, minor, order_number=uuid.uuid4().hex[:10], **fields)
        if capture:
            emulator.portal(reference, "capture", provider=self.provider, amount_minor=capture)
        desk = self.world.desk
        desk.clock.ahead -= A_WHILE  # a changed level is believed a minute after the last one (R26)
        add_payment(
            Addition(
                actor=desk.actor,
                shop_id=desk.shop_id,
                account_id=self.account_id,
                provider_ref=reference,
                order_number=uuid.uuid4().hex[:10],
            )
        )
        desk.clock.ahead += A_WHILE
        query = select(Payment.id).where(Payment.provider_ref == reference)
        return in_transaction(lambda tx: tx.execute(query).scalar_one())

    def ask(self, payment_id: uuid.UUID, kind: WishKind) -> list[uuid.UUID]:
        """File a wish for everything; its operations."""
        desk = self.world.desk
        wish = PlannedWish(
            actor=desk.actor,
            shop_id=desk.shop_id,
            payment_id=payment_id,
            kind=kind,
            request_id=uuid.uuid4(),
            reason_id=factories.reason(desk.shop_id),
        )
        return list(file_wish(wish).operation_ids)


def place_at(world: World, provider: str) -> Place:
    """Open an account at the emulator and in the desk."""
    emulator = world.desk.emulator
    if provider == "klarna":
        klarna.klarna_account(emulator)
        keys = {"username": klarna.USERNAME, "password": klarna.PASSWORD}
    else:
        svea.svea_account(emulator)
        keys = {"merchant_id": svea.MERCHANT, "shared_secret": svea.SECRET}
    account_id, vault = new_id(), runtime.current().vault
    factories.account(
        world.desk.shop_id,
        "",
        id=account_id,
        provider=provider,
        name=provider,
        credentials={
            name: vault.seal(value, credential_place(account_id, provider, name)) for name, value in keys.items()
        },
        settings={"country": "SE", "currency": "SEK"},
    )
    return Place(world, provider, account_id)
