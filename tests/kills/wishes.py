"""Accounts at providers that need several calls for one wish, and payments there, for kill runs."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from providers.lines import OrderLine
from providers.planning import WishKind
from tests import factories, klarna_desk, svea_desk
from tests.kills.world import World
from tests.providers.klarna import desk as klarna
from tests.providers.svea import desk as svea
from webapp.domain.operations import TERMINAL
from webapp.models import Payment
from webapp.services.operations import kept_lines
from webapp.services.operations.planning import PlannedWish, file_wish
from webapp.services.unit_of_work import in_transaction

MOST_LOOKS = 8
LAMP = {"Name": "Lamp", "ArticleNumber": "SKU-3", "Quantity": 100, "UnitPrice": 5000, "VatPercent": 2500}


@dataclass(frozen=True)
class Place:
    """A provider's account in a world."""

    world: World
    provider: str

    def payment(self, minor: int = 74900, capture: int = 0, give_back: int = 0, **fields: Any) -> uuid.UUID:
        """A payment in SEK, `capture` and `give_back` of it moved in the provider's portal before the desk reads it."""
        emulator = self.world.desk.emulator
        make = klarna.klarna_order if self.provider == "klarna" else svea.svea_order
        reference = make(emulator, minor, order_number=uuid.uuid4().hex[:10], **fields)
        for action, moved in (("capture", capture), ("refund", give_back)):
            if moved:
                emulator.portal(reference, action, provider=self.provider, amount_minor=moved)
        with self.world.a_while_ago():
            return klarna_desk.take_in(self.world.desk, reference, settled=False)

    def delivered_apart(self) -> uuid.UUID:
        """An invoice at Svea of a kettle, three mugs and a lamp, the first two delivered each by a task of its own."""
        payment = self.payment(85000, method="Invoice", rows=[svea_desk.KETTLE, svea_desk.MUGS, LAMP])
        with self.world.a_while_ago():
            for minor in (50000, 30000):
                first, *_rest = self._open_lines(payment)
                self._carry_out(self.ask(payment, WishKind.CAPTURE, amount_minor=minor, lines=[first]))
        return payment

    def ask(self, payment_id: uuid.UUID, kind: WishKind, **more: Any) -> list[uuid.UUID]:
        """File a wish, for everything unless `amount_minor` says otherwise; its operations."""
        desk = self.world.desk
        wish = PlannedWish(
            actor=desk.actor,
            shop_id=desk.shop_id,
            payment_id=payment_id,
            kind=kind,
            request_id=uuid.uuid4(),
            reason_id=None if kind is WishKind.UPDATE else factories.reason(desk.shop_id),
            **more,
        )
        return list(file_wish(wish).operation_ids)

    def _open_lines(self, payment_id: uuid.UUID) -> Sequence[OrderLine]:
        query = select(Payment.open_lines).where(Payment.id == payment_id)
        return kept_lines.load(in_transaction(lambda tx: tx.execute(query).scalar_one()))

    def _carry_out(self, operations: Sequence[uuid.UUID]) -> None:
        """From this process, before there are others."""
        desk = self.world.desk
        for operation in operations:
            for _ in range(MOST_LOOKS):
                if desk.run_now(operation).state in TERMINAL:
                    break
                desk.later(seconds=61)


def place_at(world: World, provider: str, **switches: Any) -> Place:
    """Have the desk work with an account there; `switches` are the emulator's, of Svea."""
    if provider == "klarna":
        klarna_desk.use_klarna(world.desk)
    else:
        svea_desk.use_svea(world.desk, **switches)
    return Place(world, provider)
