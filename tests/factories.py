"""Rows that tests stand on, made the way the desk makes them where that is cheap."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from webapp.domain.permissions import Role
from webapp.models import (
    AuditHead,
    Grant,
    Installation,
    Mode,
    Order,
    OrderStatus,
    ProviderAccount,
    RefundReason,
    Shop,
    StatusChange,
    StatusKind,
    User,
    Via,
)
from webapp.models.base import new_id
from webapp.services import audit, runtime
from webapp.services.unit_of_work import Tx, in_transaction
from webapp.services.vault import credential_place

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def add(row: Any) -> Any:
    """Store one row and give it back, detached."""

    def work(tx: Tx) -> None:
        tx.add(row)

    in_transaction(work)
    return row


def ensure_single_rows() -> None:
    """The rows of which there is exactly one; the first migration makes them."""

    def work(tx: Tx) -> None:
        if tx.get(AuditHead, 1) is None:
            tx.add(AuditHead(id=1, number=0, hash=audit.START))
        if tx.get(Installation, 1) is None:
            tx.add(Installation(id=1))

    in_transaction(work)


def shop(code: str = "tea", **fields: Any) -> Shop:
    """A shop with a status of each kind and the reasons `returned`, `other` (with comment) and the jobs' own."""
    values: dict[str, Any] = {
        "code": code,
        "name": code.title(),
        "currency": "JPY",
        "language": "ja",
        "time_zone": "Asia/Tokyo",
        "created_at": LONG_AGO,
        "failure_emails": [],
    }
    made: Shop = add(Shop(id=new_id(), **(values | fields)))
    for position, kind in enumerate(StatusKind):
        add(OrderStatus(shop_id=made.id, code=kind.value, name=kind.value, kind=kind, position=position))
    add(RefundReason(shop_id=made.id, code="returned", position=0))
    add(RefundReason(shop_id=made.id, code="other", comment_required=True, position=1))
    add(RefundReason(shop_id=made.id, code="order_cancelled", position=2))
    return made


def reason(shop_id: uuid.UUID, code: str = "returned") -> uuid.UUID:
    """The id of one of the shop's reasons."""
    query = select(RefundReason.id).where(RefundReason.shop_id == shop_id, RefundReason.code == code)
    return in_transaction(lambda tx: tx.execute(query).scalar_one())


def account(shop_id: uuid.UUID, secret_key: str, **fields: Any) -> ProviderAccount:
    """A KOMOJU account at the emulator."""
    account_id = fields.pop("id", None) or new_id()
    sealed = runtime.current().vault.seal(secret_key, credential_place(account_id, "komoju", "secret_key"))
    values: dict[str, Any] = {
        "shop_id": shop_id,
        "provider": "komoju",
        "mode": Mode.TEST,
        "name": "KOMOJU",
        "host": "emulator",
        "credentials": {"secret_key": sealed},
        "webhook_token": uuid.uuid4().hex,
        "settings": {},
        "created_at": LONG_AGO,
    }
    made: ProviderAccount = add(ProviderAccount(id=account_id, **(values | fields)))
    return made


def user(shop_id: uuid.UUID | None = None, role: Role = Role.MERCHANT, **fields: Any) -> User:
    """A person, with a role in a shop when one is given. The password cannot be used to sign in."""
    user_id = new_id()
    values: dict[str, Any] = {
        "email": f"{user_id.hex[:12]}@example.test",
        "name": "Ana",
        "password_hash": "!",
        "language": "en",
        "time_zone": "UTC",
        "created_at": LONG_AGO,
    }
    made: User = add(User(id=user_id, **(values | fields)))
    if shop_id is not None:
        grant(user_id, shop_id, role)
    return made


def grant(user_id: uuid.UUID, shop_id: uuid.UUID, role: Role = Role.MERCHANT) -> None:
    """A role of a person in a shop."""
    add(Grant(user_id=user_id, shop_id=shop_id, role=role, granted_at=LONG_AGO))


def cancelled(order_id: uuid.UUID) -> uuid.UUID:
    """Put an order into the shop's cancelled status by a change that asks for action; answers the change's id."""

    def work(tx: Tx) -> uuid.UUID:
        order = tx.get_one(Order, order_id)
        status = select(OrderStatus.id).where(
            OrderStatus.shop_id == order.shop_id, OrderStatus.kind == StatusKind.CANCELLED
        )
        to_status = tx.execute(status).scalar_one()
        change = StatusChange(
            id=new_id(),
            shop_id=order.shop_id,
            order_id=order.id,
            from_status_id=order.status_id,
            to_status_id=to_status,
            changed_at=runtime.current().clock.now(tx),
            via=Via.WEB,
            acts=True,
        )
        tx.add(change)
        order.status_id, order.undo_change_id = to_status, change.id
        return change.id

    return in_transaction(work)
