"""The shop's two tables: what a status fires, and which status an order takes from its payment; read and changed."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select

from webapp.domain.permissions import Permission
from webapp.domain.status_actions import FollowedState, StatusAct
from webapp.models import (
    AuditEntry,
    OrderStatus,
    ProviderAccount,
    Shop,
    StatusAction,
    StatusFollow,
    StatusKind,
    User,
    Via,
)
from webapp.models.status_action import EVERY_PROVIDER
from webapp.services import audit, runtime
from webapp.services.audit import Actor
from webapp.services.editing import change
from webapp.services.errors import NoRight, RuleBroken
from webapp.services.sessions import SignedIn
from webapp.services.unit_of_work import Tx, in_transaction

CHANGED = "status_actions.changed"
SHOWN = 50
Cell = tuple[uuid.UUID, str]
"""A status, and a provider or EVERY_PROVIDER."""


@dataclass(frozen=True, slots=True)
class Acts:
    """The first table; a cell that is not in it says nothing: NOTHING, or what stands for every provider."""

    cells: Mapping[Cell, StatusAct]

    def act(self, status_id: uuid.UUID, provider: str) -> StatusAct:
        """What the status fires on a payment of that provider."""
        everywhere = self.cells.get((status_id, EVERY_PROVIDER), StatusAct.NOTHING)
        return self.cells.get((status_id, provider), everywhere)

    @property
    def firing(self) -> frozenset[uuid.UUID]:
        """The statuses that fire anything at all."""
        return frozenset(status for (status, _provider), act in self.cells.items() if act is not StatusAct.NOTHING)


@dataclass(frozen=True, slots=True)
class Tables:
    """Both tables as a page shows them; `follows` has every state, None where the order keeps its status."""

    shop: Shop
    statuses: Sequence[OrderStatus]  # those in use
    providers: Sequence[str]  # of the shop's accounts, and such as the table speaks of
    acts: Acts
    follows: Mapping[FollowedState, uuid.UUID | None]


@dataclass(frozen=True, slots=True)
class TablesCommand:
    """Both tables as they shall be; cells and states that are left out stay as they are, `None` empties a cell."""

    acts: Mapping[Cell, StatusAct | None]
    follows: Mapping[FollowedState, uuid.UUID | None]
    reason: str


@dataclass(frozen=True, slots=True)
class Revision:
    """One change of the tables, as the audit has it."""

    entry: AuditEntry
    by: str | None


def acts_of(tx: Tx, shop_id: uuid.UUID) -> Acts:
    """The first table of a shop."""
    query = select(StatusAction.status_id, StatusAction.provider, StatusAction.act)
    rows = tx.execute(query.where(StatusAction.shop_id == shop_id))
    return Acts({(status_id, provider): act for status_id, provider, act in rows})


def follows_of(tx: Tx, shop_id: uuid.UUID) -> dict[FollowedState, uuid.UUID | None]:
    """The second table, filled up with what is usual: captured leads to the first status in use of the kind paid."""
    query = select(StatusFollow.event, StatusFollow.status_id).where(StatusFollow.shop_id == shop_id)
    kept: dict[FollowedState, uuid.UUID | None] = dict(tx.execute(query).all())
    found = {event: kept.get(event) for event in FollowedState}
    if FollowedState.CAPTURED not in kept:
        found[FollowedState.CAPTURED] = _usual(tx, shop_id)
    return found


def _usual(tx: Tx, shop_id: uuid.UUID) -> uuid.UUID | None:
    paid = OrderStatus.shop_id == shop_id, OrderStatus.kind == StatusKind.PAID, OrderStatus.retired_at.is_(None)
    return tx.scalar(select(OrderStatus.id).where(*paid).order_by(OrderStatus.position).limit(1))


def get_tables(tx: Tx, shop_id: uuid.UUID) -> Tables:
    """Both tables with all that belongs around them."""
    in_use = OrderStatus.shop_id == shop_id, OrderStatus.retired_at.is_(None)
    acts = acts_of(tx, shop_id)
    of_accounts = set(tx.scalars(select(ProviderAccount.provider).where(ProviderAccount.shop_id == shop_id).distinct()))
    named = {provider for _status, provider in acts.cells} - {EVERY_PROVIDER}
    return Tables(
        shop=tx.get_one(Shop, shop_id),
        statuses=tx.scalars(select(OrderStatus).where(*in_use).order_by(OrderStatus.position)).all(),
        providers=sorted(of_accounts | named),
        acts=acts,
        follows=follows_of(tx, shop_id),
    )


def save(actor: SignedIn, shop_id: uuid.UUID, version: int, command: TablesCommand) -> None:
    """Change both tables; the audit keeps what changed, why and by whom.

    Raises NoRight, StaleVersion, or RuleBroken `gone` (a status or provider that is not the shop's), `nothing_changed`.
    """
    if not actor.may(Permission.MANAGE_STATUS_ACTIONS, shop_id):
        raise NoRight(Permission.MANAGE_STATUS_ACTIONS, shop_id)

    def work(tx: Tx) -> None:
        change(tx, Shop, shop_id, version)
        before = get_tables(tx, shop_id)
        names = {status.id: status.name for status in before.statuses}
        _check(before, command, names)
        changed = _set_acts(tx, before, command, names)
        followed = _set_follows(tx, before, command, names)
        if not changed and not followed:
            raise RuleBroken("nothing_changed")
        tx.flush()
        details = {"reason": command.reason, "acts": changed, "follows": followed}
        who, now = Actor(actor.user_id, Via.WEB), runtime.current().clock.now(tx)
        audit.write(tx, who, CHANGED, ("shop", shop_id), shop_id=shop_id, details=details, at=now)

    in_transaction(work)


def history(tx: Tx, shop_id: uuid.UUID) -> Sequence[Revision]:
    """The last changes of the tables, newest first."""
    query = (
        select(AuditEntry, User.name)
        .outerjoin(User, User.id == AuditEntry.actor_id)
        .where(AuditEntry.subject_id == shop_id, AuditEntry.shop_id == shop_id, AuditEntry.action == CHANGED)
        .order_by(AuditEntry.number.desc())
        .limit(SHOWN)
    )
    return [Revision(entry, name) for entry, name in tx.execute(query)]


def _check(before: Tables, command: TablesCommand, names: Collection[uuid.UUID]) -> None:
    wanted = {status_id for status_id, _provider in command.acts}
    wanted |= {status_id for status_id in command.follows.values() if status_id is not None}
    providers = {provider for _status, provider in command.acts}
    if not wanted <= set(names) or not providers <= {EVERY_PROVIDER, *before.providers}:
        raise RuleBroken("gone")


def _set_acts(
    tx: Tx, before: Tables, command: TablesCommand, names: Mapping[uuid.UUID, str]
) -> list[dict[str, str | None]]:
    changed = []
    for (status_id, provider), wanted in command.acts.items():
        is_default = provider == EVERY_PROVIDER and wanted is StatusAct.NOTHING
        act = None if is_default else wanted
        was = before.acts.cells.get((status_id, provider))
        if act is was:
            continue
        cell = StatusAction.status_id == status_id, StatusAction.provider == provider
        tx.execute(delete(StatusAction).where(*cell).execution_options(synchronize_session=False))
        if act is not None:
            tx.add(StatusAction(shop_id=before.shop.id, status_id=status_id, provider=provider, act=act))
        told = {"from": was.value if was else None, "to": act.value if act else None}
        changed.append({"status": names[status_id], "provider": provider, **told})
    return changed


def _set_follows(
    tx: Tx, before: Tables, command: TablesCommand, names: Mapping[uuid.UUID, str]
) -> list[dict[str, Any]]:
    changed = []
    for event, status_id in command.follows.items():
        was = before.follows[event]
        if status_id == was:
            continue
        line = StatusFollow.shop_id == before.shop.id, StatusFollow.event == event
        tx.execute(delete(StatusFollow).where(*line).execution_options(synchronize_session=False))
        tx.add(StatusFollow(shop_id=before.shop.id, event=event, status_id=status_id))
        told = {"from": names.get(was) if was else None, "to": names[status_id] if status_id else None}
        changed.append({"event": event.value, **told})
    return changed
