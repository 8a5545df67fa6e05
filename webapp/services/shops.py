"""Shops, their settings and their list of refund reasons; the reasons belong to the shop's version."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import func, select

from webapp.domain.permissions import Permission, Role
from webapp.domain.shop_defaults import REASONS, STATUSES
from webapp.models import Grant, Order, OrderStatus, RefundReason, Shop, StatusKind, Via
from webapp.services import audit, runtime
from webapp.services.audit import personal, write
from webapp.services.editing import change, differences
from webapp.services.errors import NoRight, NotFound, RuleBroken
from webapp.services.jobs import schedules
from webapp.services.sessions import SignedIn
from webapp.services.unit_of_work import Tx, in_transaction


@dataclass(frozen=True, slots=True)
class ShopCommand:
    """What a shop is made of; `stop_window_s` in seconds."""

    code: str
    name: str
    currency: str
    language: str
    time_zone: str
    stop_window_s: int
    manager_email: str | None
    failure_emails: tuple[str, ...]
    failure_mails_on: bool = True


@dataclass(frozen=True, slots=True)
class ReasonCommand:
    """One reason; an empty `name` shows the translated code."""

    code: str
    name: str | None
    provider_code: str | None
    comment_required: bool


def visible(tx: Tx, shops: Collection[uuid.UUID]) -> Sequence[Shop]:
    """The shops of that list, by name."""
    return tx.scalars(select(Shop).where(Shop.id.in_(shops)).order_by(Shop.name)).all()


def get_by_code(tx: Tx, code: str, shops: Collection[uuid.UUID]) -> uuid.UUID:
    """The id of the shop of that code, among these. Raises NotFound (I18)."""
    found = tx.scalar(select(Shop.id).where(Shop.code == code, Shop.id.in_(shops)))
    if found is None:
        raise NotFound(f"shop {code}")
    return found


def has_orders(tx: Tx, shop_id: uuid.UUID) -> bool:
    """Whether the currency is fixed."""
    return tx.scalar(select(Order.id).where(Order.shop_id == shop_id).limit(1)) is not None


def reasons(tx: Tx, shop_id: uuid.UUID) -> Sequence[RefundReason]:
    """All reasons of a shop, those in use first."""
    order = RefundReason.retired_at.is_not(None), RefundReason.position, RefundReason.code
    return tx.scalars(select(RefundReason).where(RefundReason.shop_id == shop_id).order_by(*order)).all()


def add_shop(tx: Tx, command: ShopCommand) -> uuid.UUID:
    """A new shop with the usual lists and schedules, in the caller's transaction. RuleBroken("code_taken")."""
    if tx.scalar(select(Shop.id).where(Shop.code == command.code)):
        raise RuleBroken("code_taken")
    values = asdict(command) | {"failure_emails": list(command.failure_emails)}
    shop = Shop(**values, created_at=runtime.current().clock.now(tx))
    tx.add(shop)
    tx.flush()
    for position, (code, name) in enumerate(STATUSES):
        kind = StatusKind(code)
        tx.add(OrderStatus(shop_id=shop.id, code=code, name=name, kind=kind, position=position))
    for position, (code, needs) in enumerate(REASONS):
        tx.add(RefundReason(shop_id=shop.id, code=code, comment_required=needs, position=position))
    tx.flush()
    schedules.add_for_shop(tx, shop.id)
    return shop.id


def create(actor: SignedIn, command: ShopCommand) -> uuid.UUID:
    """A new shop whose first owner is the person who makes it. Raises RuleBroken or NoRight."""
    if not actor.shops_with(Permission.MANAGE_OWNERS):
        raise NoRight(Permission.MANAGE_OWNERS)

    def work(tx: Tx) -> uuid.UUID:
        shop_id = add_shop(tx, command)
        now = runtime.current().clock.now(tx)
        tx.add(Grant(user_id=actor.user_id, shop_id=shop_id, role=Role.OWNER, granted_by=actor.user_id, granted_at=now))
        tx.flush()
        _note(tx, actor, "shop.created", shop_id, {"code": command.code, "currency": command.currency})
        return shop_id

    return in_transaction(work)


def edit(actor: SignedIn, shop_id: uuid.UUID, version: int, command: ShopCommand) -> None:
    """Change a shop's settings; its code stays. Raises StaleVersion, NoRight, RuleBroken("currency_fixed")."""
    _check(actor, shop_id)

    def work(tx: Tx) -> None:
        shop = tx.get_one(Shop, shop_id)
        if command.currency != shop.currency and has_orders(tx, shop_id):
            raise RuleBroken("currency_fixed")
        values = asdict(command) | {"failure_emails": list(command.failure_emails)}
        del values["code"]
        changed = differences(shop, values)
        for name in {"manager_email", "failure_emails"} & changed.keys():
            changed[name] = [personal(str(each)) for each in changed[name]]
        change(tx, Shop, shop_id, version, **values)
        _note(tx, actor, "shop.changed", shop_id, changed)

    in_transaction(work)


def add_reason(actor: SignedIn, shop_id: uuid.UUID, version: int, command: ReasonCommand) -> None:
    """Put a reason at the end of the shop's list. Raises StaleVersion, NoRight, RuleBroken("code_taken")."""
    _check(actor, shop_id)

    def work(tx: Tx) -> None:
        change(tx, Shop, shop_id, version)
        mine = RefundReason.shop_id == shop_id
        if tx.scalar(select(RefundReason.id).where(mine, RefundReason.code == command.code)):
            raise RuleBroken("code_taken")
        position = (tx.scalar(select(func.max(RefundReason.position)).where(mine)) or 0) + 1
        tx.add(RefundReason(shop_id=shop_id, position=position, **asdict(command)))
        tx.flush()
        _note(tx, actor, "reason.added", shop_id, {"code": command.code})

    in_transaction(work)


def use_reason(actor: SignedIn, shop_id: uuid.UUID, version: int, reason_id: uuid.UUID, *, in_use: bool) -> None:
    """Retire a reason or bring it back; reasons are never deleted. Raises StaleVersion, NoRight, RuleBroken("gone")."""
    _check(actor, shop_id)

    def work(tx: Tx) -> None:
        change(tx, Shop, shop_id, version)
        reason = tx.get(RefundReason, reason_id)
        if reason is None or reason.shop_id != shop_id:
            raise RuleBroken("gone")
        reason.retired_at = None if in_use else runtime.current().clock.now(tx)
        tx.flush()
        _note(tx, actor, "reason.used" if in_use else "reason.retired", shop_id, {"code": reason.code})

    in_transaction(work)


def _check(actor: SignedIn, shop_id: uuid.UUID) -> None:
    if not actor.may(Permission.MANAGE_SHOP, shop_id):
        raise NoRight(Permission.MANAGE_SHOP, shop_id)


def _note(tx: Tx, actor: SignedIn, action: str, shop_id: uuid.UUID, details: dict[str, object]) -> None:
    who, now = audit.Actor(actor.user_id, Via.WEB), runtime.current().clock.now(tx)
    write(tx, who, action, ("shop", shop_id), shop_id=shop_id, details=details, at=now)
