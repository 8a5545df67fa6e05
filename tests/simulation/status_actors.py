"""A shop with both tables of status actions, and people who give its order other statuses (ADR 18, R17)."""

from __future__ import annotations

import uuid
from contextlib import suppress
from typing import TYPE_CHECKING

from sqlalchemy import select

from tests import factories
from tests.simulation.database import PROVIDER_OF, template
from webapp.domain.status_actions import FollowedState, StatusAct
from webapp.models import FiredAction, Order, OrderStatus, StatusAction, StatusFollow, StatusKind, Via
from webapp.models.status_action import EVERY_PROVIDER
from webapp.services import runtime
from webapp.services.audit import Actor
from webapp.services.errors import RuleBroken, StaleVersion
from webapp.services.kill_points import KillPoint, reached
from webapp.services.orders import statuses
from webapp.services.orders.statuses import Move, Setting
from webapp.services.status_actions import carrying, firing
from webapp.services.unit_of_work import Tx, in_transaction, reading

if TYPE_CHECKING:
    from tests.simulation.world import World

ACTS = (*StatusAct, StatusAct.CAPTURE, StatusAct.CANCEL_OR_REFUND, StatusAct.CANCEL_OR_REFUND)
FOLLOWED = 0.4  # per state of a payment
DIFFERS = 0.15  # per status: the payments' provider has a line of its own


def begin(world: World) -> None:
    """Give the shop its two tables, and the order a status that it may be moved on from."""
    here, random = template(), world.random
    with runtime.using(world.runtime("setup")):
        known = list(world.database.rows("select id, kind from order_statuses order by position"))
        for status_id, _kind in known:
            _line(world, status_id, EVERY_PROVIDER, random.choice(ACTS))
            if random.random() < DIFFERS:
                _line(world, status_id, PROVIDER_OF[world.weights.resolution], random.choice(ACTS))
        for event in FollowedState:
            if random.random() < FOLLOWED:
                status = uuid.UUID(random.choice(known)[0])
                factories.add(StatusFollow(shop_id=here.shop_id, event=event, status_id=status))
    if random.random() < 0.5:
        new = next(status_id for status_id, kind in known if kind == StatusKind.NEW.value)
        world.database.rows("update orders set status_id = ? where id = ?", (new, here.order_id.hex))


def _line(world: World, status_id: str, provider: str, act: StatusAct) -> None:
    world.acts[status_id, provider] = act.value
    row = {"shop_id": template().shop_id, "status_id": uuid.UUID(status_id), "provider": provider, "act": act}
    factories.add(StatusAction(**row))


def change_status(world: World) -> None:
    """Somebody gives the order another status: by the page, by one that shows an old version, or by a file."""
    here = template()
    ((status_id, version),) = world.database.rows(
        "select status_id, version from orders where id = ?", (here.order_id.hex,)
    )
    others = [row[0] for row in world.database.rows("select id from order_statuses order by position")]
    wanted = uuid.UUID(world.random.choice([other for other in others if other != status_id]))
    if world.random.random() < world.weights.by_file:
        _by_file(world, wanted)
        return
    seen_version = version if world.random.random() < 0.5 else None
    if seen_version is not None:
        world.scheduler.sleep(world.random.choice((0.0, 60.0)))
    setting = Setting(
        actor=Actor(here.user_id, Via.WEB),
        shop_ids=[here.shop_id],
        order_id=here.order_id,
        status_id=wanted,
        seen_version=seen_version,
    )
    with suppress(StaleVersion):
        for _click in range(1 + (world.random.random() < world.weights.double_submit)):
            statuses.set_status(setting)


def _by_file(world: World, wanted: uuid.UUID) -> None:
    """As `imports.finishing`: the rows are written with the change, and carried out by whoever comes to it."""
    here = template()

    def change(tx: Tx) -> None:
        firing.lock_payments_of(tx, [here.order_id], [here.shop_id])
        order = tx.scalars(select(Order).where(Order.id == here.order_id).with_for_update()).one()
        if order.status_id == wanted:
            return
        move = Move(
            shop_id=order.shop_id,
            order_id=order.id,
            from_status_id=order.status_id,
            to_status_id=wanted,
            to_kind=tx.get_one(OrderStatus, wanted).kind,
            acts=True,
            undo_change_id=order.undo_change_id,
        )
        statuses.write_moves(tx, Actor(here.user_id, Via.WEB), [move], runtime.current().clock.now(tx))

    in_transaction(change)
    reached(KillPoint.IMPORTING)
    if world.random.random() < 0.5:
        carrying.carry_out_orders([here.order_id])


def try_again(world: World) -> None:
    """Somebody does not wait for the job."""
    here = template()
    query = select(FiredAction.id).where(FiredAction.payment_id.is_not(None)).order_by(FiredAction.id)
    with reading() as tx:
        found = tx.scalars(query).all()
    if found:
        with suppress(RuleBroken):
            carrying.try_again(here.order_id, world.random.choice(found), [here.shop_id])
