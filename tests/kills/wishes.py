"""Accounts at providers that need several calls for one wish, and payments there, for kill runs."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from providers.planning import WishKind
from tests import factories, klarna_desk, svea_desk
from tests.kills.world import World
from tests.providers.klarna import desk as klarna
from tests.providers.svea import desk as svea
from webapp.services.operations.planning import PlannedWish, file_wish

A_WHILE = timedelta(minutes=5)


@dataclass(frozen=True)
class Place:
    """A provider's account in a world."""

    world: World
    provider: str

    def payment(self, minor: int = 74900, capture: int = 0, **fields: Any) -> uuid.UUID:
        """A payment in SEK, `capture` of it captured in the provider's portal before the desk reads it."""
        emulator = self.world.desk.emulator
        make = klarna.klarna_order if self.provider == "klarna" else svea.svea_order
        reference = make(emulator, minor, order_number=uuid.uuid4().hex[:10], **fields)
        if capture:
            emulator.portal(reference, "capture", provider=self.provider, amount_minor=capture)
        desk = self.world.desk
        desk.clock.ahead -= A_WHILE  # a changed level is believed a minute after the last one (R26)
        payment = klarna_desk.take_in(desk, reference, settled=False)
        desk.clock.ahead += A_WHILE
        return payment

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
    """Have the desk work with an account there."""
    use = klarna_desk.use_klarna if provider == "klarna" else svea_desk.use_svea
    use(world.desk)
    return Place(world, provider)
