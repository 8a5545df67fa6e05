"""The shop's own list of order statuses: added, renamed, moved, retired; it belongs to the shop's version (R32)."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import func, select

from webapp.domain.permissions import Permission
from webapp.models import Mode, Order, OrderStatus, Shop, StatusKind, Via
from webapp.services import audit, runtime
from webapp.services.audit import Actor
from webapp.services.editing import change, differences
from webapp.services.errors import NoRight, RuleBroken
from webapp.services.sessions import SignedIn
from webapp.services.unit_of_work import Tx, in_transaction


@dataclass(frozen=True, slots=True)
class StatusCommand:
    """One status; `code` is what files and the REST API call it, and stays for ever."""

    code: str
    name: str
    kind: StatusKind


@dataclass(frozen=True, slots=True)
class StatusLine:
    """A status on the list; `is_used`: orders stand in it, so its kind is fixed."""

    status: OrderStatus
    is_used: bool


def listed(tx: Tx, shop_id: uuid.UUID) -> Sequence[StatusLine]:
    """All statuses of the shop, those in use first."""
    order = OrderStatus.retired_at.is_not(None), OrderStatus.position, OrderStatus.code
    rows = tx.scalars(select(OrderStatus).where(OrderStatus.shop_id == shop_id).order_by(*order)).all()
    return [StatusLine(status, _is_used(tx, status)) for status in rows]


def add(actor: SignedIn, shop_id: uuid.UUID, version: int, command: StatusCommand) -> None:
    """Put a status at the end. Raises StaleVersion, NoRight, RuleBroken `code_taken` or `status_name_taken`."""

    def work(tx: Tx) -> None:
        mine = OrderStatus.shop_id == shop_id
        if tx.scalar(select(OrderStatus.id).where(mine, OrderStatus.code == command.code)):
            raise RuleBroken("code_taken")
        _check_name(tx, shop_id, command.name, None)
        position = (tx.scalar(select(func.max(OrderStatus.position)).where(mine)) or 0) + 1
        tx.add(OrderStatus(shop_id=shop_id, position=position, **asdict(command)))
        tx.flush()
        _note(tx, actor, "status.added", shop_id, asdict(command))

    _in_shop(actor, shop_id, version, work)


def edit(actor: SignedIn, shop_id: uuid.UUID, version: int, status_id: uuid.UUID, name: str, kind: StatusKind) -> None:
    """Give a status another name or kind.

    Raises StaleVersion, NoRight, RuleBroken `gone`, `status_name_taken`, `new_needed` or `kind_fixed` (orders stand in
    it, and rules would read them anew).
    """

    def work(tx: Tx) -> None:
        status = _get(tx, shop_id, status_id)
        if kind is not status.kind and _is_used(tx, status):
            raise RuleBroken("kind_fixed")
        _check_name(tx, shop_id, name, status.id)
        changed = differences(status, {"name": name, "kind": kind})
        status.name, status.kind = name, kind
        tx.flush()
        _check_new(tx, shop_id)
        _note(tx, actor, "status.changed", shop_id, {"code": status.code} | changed)

    _in_shop(actor, shop_id, version, work)


def move(actor: SignedIn, shop_id: uuid.UUID, version: int, status_id: uuid.UUID, *, up: bool) -> None:
    """One place up or down among those in use. Raises StaleVersion, NoRight, RuleBroken `gone`."""

    def work(tx: Tx) -> None:
        _get(tx, shop_id, status_id)
        rows = [line.status for line in listed(tx, shop_id) if line.status.retired_at is None]
        here = next((place for place, row in enumerate(rows) if row.id == status_id), None)
        there = None if here is None else here + (-1 if up else 1)
        if here is None or there is None or not 0 <= there < len(rows):
            return
        rows[here], rows[there] = rows[there], rows[here]
        for position, row in enumerate(rows):
            row.position = position
        tx.flush()
        _note(tx, actor, "status.moved", shop_id, {"code": rows[there].code, "position": there})

    _in_shop(actor, shop_id, version, work)


def use(actor: SignedIn, shop_id: uuid.UUID, version: int, status_id: uuid.UUID, *, in_use: bool) -> None:
    """Retire a status or bring it back; none is ever deleted. Raises as `edit`."""

    def work(tx: Tx) -> None:
        status = _get(tx, shop_id, status_id)
        status.retired_at = None if in_use else runtime.current().clock.now(tx)
        tx.flush()
        _check_new(tx, shop_id)
        _note(tx, actor, "status.used" if in_use else "status.retired", shop_id, {"code": status.code})

    _in_shop(actor, shop_id, version, work)


def _in_shop(actor: SignedIn, shop_id: uuid.UUID, version: int, work: Callable[[Tx], None]) -> None:
    if not actor.may(Permission.MANAGE_SHOP, shop_id):
        raise NoRight(Permission.MANAGE_SHOP, shop_id)

    def with_version(tx: Tx) -> None:
        change(tx, Shop, shop_id, version)
        work(tx)

    in_transaction(with_version)


def _get(tx: Tx, shop_id: uuid.UUID, status_id: uuid.UUID) -> OrderStatus:
    status = tx.get(OrderStatus, status_id)
    if status is None or status.shop_id != shop_id:
        raise RuleBroken("gone")
    return status


def _is_used(tx: Tx, status: OrderStatus) -> bool:
    stands_in_it = Order.shop_id == status.shop_id, Order.mode.in_([*Mode]), Order.status_id == status.id
    return tx.scalar(select(Order.id).where(*stands_in_it).limit(1)) is not None


def _check_name(tx: Tx, shop_id: uuid.UUID, name: str, own_id: uuid.UUID | None) -> None:
    """Files and the API may say the name, so two statuses never share one, nor one the code of another."""
    rows = tx.execute(select(OrderStatus.id, OrderStatus.code, OrderStatus.name).where(OrderStatus.shop_id == shop_id))
    wanted = name.lower()
    if any(wanted in (code.lower(), other.lower()) for status_id, code, other in rows if status_id != own_id):
        raise RuleBroken("status_name_taken")


def _check_new(tx: Tx, shop_id: uuid.UUID) -> None:
    """New orders get the first status of the kind new, so one must be left."""
    new = OrderStatus.shop_id == shop_id, OrderStatus.kind == StatusKind.NEW, OrderStatus.retired_at.is_(None)
    if tx.scalar(select(OrderStatus.id).where(*new).limit(1)) is None:
        raise RuleBroken("new_needed")


def _note(tx: Tx, actor: SignedIn, action: str, shop_id: uuid.UUID, details: Mapping[str, object]) -> None:
    who, now = Actor(actor.user_id, Via.WEB), runtime.current().clock.now(tx)
    audit.write(tx, who, action, ("shop", shop_id), shop_id=shop_id, details=details, at=now)
