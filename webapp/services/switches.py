"""Kill switches: thrown, they stop fresh sends for everything that they match (R46)."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import func, or_, select

from providers.kinds import OperationKind
from webapp.domain.permissions import Permission
from webapp.models import KillSwitch, Shop, Via
from webapp.services import audit, runtime
from webapp.services.errors import NoRight, RuleBroken
from webapp.services.sessions import SignedIn
from webapp.services.unit_of_work import Tx, in_transaction


@dataclass(frozen=True, slots=True)
class SwitchCommand:
    """What to stop; None matches every shop, provider or kind."""

    shop_id: uuid.UUID | None
    provider: str | None
    kind: OperationKind | None
    reason: str


def thrown(tx: Tx, shops: Collection[uuid.UUID]) -> Sequence[KillSwitch]:
    """The switches that stop something in those shops, newest first."""
    here = or_(KillSwitch.shop_id.in_(shops), KillSwitch.shop_id.is_(None))
    return tx.scalars(select(KillSwitch).where(here).order_by(KillSwitch.thrown_at.desc())).all()


def may_flip(tx: Tx, actor: SignedIn, shop_id: uuid.UUID | None) -> bool:
    """Whether the actor may stop that shop; stopping all needs the right in every shop there is."""
    if shop_id is not None:
        return actor.may(Permission.FLIP_KILL_SWITCH, shop_id)
    return covers_all_shops(tx, actor, Permission.FLIP_KILL_SWITCH)


def covers_all_shops(tx: Tx, actor: SignedIn, permission: Permission) -> bool:
    """Whether the actor has the right in every shop of this installation."""
    count = tx.execute(select(func.count()).select_from(Shop)).scalar_one()
    return len(actor.shops_with(permission)) == count


def throw(actor: SignedIn, command: SwitchCommand) -> uuid.UUID:
    """Stop fresh sends; what is under way is still looked up. Raises NoRight."""

    def work(tx: Tx) -> uuid.UUID:
        _check(tx, actor, command.shop_id)
        now = runtime.current().clock.now(tx)
        kind = command.kind.value if command.kind else None
        switch = KillSwitch(
            shop_id=command.shop_id,
            provider=command.provider,
            kind=kind,
            reason=command.reason,
            thrown_by=actor.user_id,
            thrown_at=now,
        )
        tx.add(switch)
        tx.flush()
        _note(tx, actor, "switch.thrown", switch)
        return switch.id

    return in_transaction(work)


def release(actor: SignedIn, switch_id: uuid.UUID) -> None:
    """Let sends go on. Raises NoRight, RuleBroken("gone") when somebody did it already."""

    def work(tx: Tx) -> None:
        switch = tx.get(KillSwitch, switch_id, with_for_update=True)
        if switch is None:
            raise RuleBroken("gone")
        _check(tx, actor, switch.shop_id)
        tx.delete(switch)
        tx.flush()
        _note(tx, actor, "switch.released", switch)

    in_transaction(work)


def _check(tx: Tx, actor: SignedIn, shop_id: uuid.UUID | None) -> None:
    if not may_flip(tx, actor, shop_id):
        raise NoRight(Permission.FLIP_KILL_SWITCH, shop_id)


def _note(tx: Tx, actor: SignedIn, action: str, switch: KillSwitch) -> None:
    who, now = audit.Actor(actor.user_id, Via.WEB), runtime.current().clock.now(tx)
    details = {"provider": switch.provider, "kind": switch.kind}
    audit.write(tx, who, action, ("kill_switch", switch.id), shop_id=switch.shop_id, details=details, at=now)
