"""What people decide about methods: the switch, the order, and that they have looked at new ones. All of it audited."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import update

from webapp.domain.permissions import Permission
from webapp.models import PaymentMethod, ProviderAccount, Via
from webapp.services import audit, runtime
from webapp.services.audit import Actor
from webapp.services.editing import change
from webapp.services.errors import NoRight, NotFound
from webapp.services.methods.listing import in_order
from webapp.services.sessions import SignedIn
from webapp.services.unit_of_work import Tx, in_transaction


def switch(actor: SignedIn, method_id: uuid.UUID, version: int, *, on: bool) -> None:
    """Switch one method; whoever switches it has looked at it. Raises NotFound, NoRight, StaleVersion.

    A wish that is fulfilled already changes nothing, whatever its version: the same form sent twice is one switch.
    """

    def work(tx: Tx) -> None:
        row = _method(tx, actor, method_id)
        if row.enabled is on and not row.is_new:
            return
        change(tx, PaymentMethod, row.id, version, enabled=on, is_new=False)
        _note(tx, actor, "method.switched", row, {"enabled": [row.enabled, on]})

    in_transaction(work)


def move(actor: SignedIn, method_id: uuid.UUID, version: int, *, up: bool) -> None:
    """One place up or down among the account's methods; at the end it stays. Raises as `switch`."""

    def work(tx: Tx) -> None:
        row = _method(tx, actor, method_id)
        _lock(tx, row.account_id)
        order = list(in_order(tx, [row.account_id]))
        place = order.index(row)
        to = place - 1 if up else place + 1
        if not 0 <= to < len(order):
            return
        change(tx, PaymentMethod, row.id, version)
        order[place], order[to] = order[to], order[place]
        _number(tx, order)
        _note(tx, actor, "method.moved", row, {"position": [place + 1, to + 1]})

    in_transaction(work)


def decide_new(actor: SignedIn, account_id: uuid.UUID, seen: Collection[uuid.UUID], *, on: bool | None) -> int:
    """Switch the new methods that the person saw, or only note that they looked (`on` None); answers how many.

    What came since is not among `seen` and stays new; what somebody else decided meanwhile is left alone (R32).
    Raises NotFound, NoRight.
    """

    def work(tx: Tx) -> int:
        account = _lock(tx, account_id)
        _check(actor, account.shop_id if account else None, account_id)
        values: dict[str, Any] = {"is_new": False} if on is None else {"is_new": False, "enabled": on}
        done = tx.execute(
            update(PaymentMethod)
            .where(PaymentMethod.account_id == account_id, PaymentMethod.id.in_(seen), PaymentMethod.is_new)
            .values(version=PaymentMethod.version + 1, **values)
            .returning(PaymentMethod.slug, PaymentMethod.currency)
            .execution_options(synchronize_session=False)
        ).all()
        if done:
            what = {None: "looked_at", True: "switched_on", False: "switched_off"}[on]
            details = {"methods": sorted(f"{slug} {currency}" for slug, currency in done)}
            now, who = runtime.current().clock.now(tx), Actor(actor.user_id, Via.WEB)
            subject = ("provider_account", account_id)
            shop_id = account.shop_id if account else None
            audit.write(tx, who, f"methods.new_{what}", subject, shop_id=shop_id, details=details, at=now)
        return len(done)

    return in_transaction(work)


def _method(tx: Tx, actor: SignedIn, method_id: uuid.UUID) -> PaymentMethod:
    row = tx.get(PaymentMethod, method_id)
    _check(actor, row.shop_id if row else None, method_id)
    assert row is not None  # noqa: S101 - checked in the line before; for the type checker
    return row


def _check(actor: SignedIn, shop_id: uuid.UUID | None, what: uuid.UUID) -> None:
    """A row of a shop that the person cannot see is not there for them (I18)."""
    if shop_id is None or not actor.may(Permission.VIEW, shop_id):
        raise NotFound(str(what))
    if not actor.may(Permission.SWITCH_METHODS, shop_id):
        raise NoRight(Permission.SWITCH_METHODS, shop_id)


def _lock(tx: Tx, account_id: uuid.UUID) -> ProviderAccount | None:
    """The account, locked against syncs and other moves; what refers to it may still be inserted."""
    return tx.get(ProviderAccount, account_id, with_for_update={"key_share": True}, populate_existing=True)


def _number(tx: Tx, order: Sequence[PaymentMethod]) -> None:
    """Give each method the place that it has in `order`; only places that change are written."""
    for place, row in enumerate(order):
        if row.position != place:
            tx.execute(
                update(PaymentMethod)
                .where(PaymentMethod.id == row.id)
                .values(position=place)
                .execution_options(synchronize_session=False)
            )


def _note(tx: Tx, actor: SignedIn, action: str, row: PaymentMethod, details: Mapping[str, object]) -> None:
    who, now = Actor(actor.user_id, Via.WEB), runtime.current().clock.now(tx)
    named = {"slug": row.slug, "currency": row.currency, **details}
    audit.write(tx, who, action, ("payment_method", row.id), shop_id=row.shop_id, details=named, at=now)
