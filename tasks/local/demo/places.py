"""The desk's side of the demo's shops: shop, provider accounts, people."""

from __future__ import annotations

import uuid

from sqlalchemy import insert, select

from tasks.local.demo.people import add_people
from tasks.local.demo.shapes import DemoAccount, DemoShop
from webapp.domain.status_actions import StatusAct
from webapp.models import OrderStatus, ProviderAccount, Shop, StatusAction, StatusKind
from webapp.models.base import new_id
from webapp.models.status_action import EVERY_PROVIDER
from webapp.services import runtime
from webapp.services.shops import add_shop
from webapp.services.status_actions.tables import acts_of, history
from webapp.services.unit_of_work import Tx, in_transaction
from webapp.services.vault import credential_place

Key = tuple[str, str]


def make_shop(shop: DemoShop) -> tuple[uuid.UUID, dict[Key, uuid.UUID]]:
    """The shop's id, and its accounts' by provider and mode; made when they are missing."""

    def work(tx: Tx) -> tuple[uuid.UUID, dict[Key, uuid.UUID]]:
        found = tx.scalars(select(Shop.id).where(Shop.code == shop.command.code)).one_or_none()
        if found is not None:
            return found, _accounts(tx, found)
        shop_id = add_shop(tx, shop.command)
        add_people(tx, shop_id, runtime.current().clock.now(tx))
        for account in shop.accounts:
            _add_account(tx, shop_id, account)
        return shop_id, _accounts(tx, shop_id)

    return in_transaction(work)


def act_on_statuses(shop_id: uuid.UUID) -> None:
    """Have shipped orders captured; a table that people have changed stays as it is."""

    def work(tx: Tx) -> None:
        mine = OrderStatus.shop_id == shop_id, OrderStatus.kind == StatusKind.SHIPPED
        status_id = tx.execute(select(OrderStatus.id).where(*mine).order_by(OrderStatus.position).limit(1)).scalar_one()
        if not acts_of(tx, shop_id).cells and not history(tx, shop_id):
            act = StatusAct.CAPTURE
            tx.add(StatusAction(shop_id=shop_id, status_id=status_id, provider=EVERY_PROVIDER, act=act))

    in_transaction(work)


def key_of(account: DemoAccount) -> Key:
    """What `make_shop` finds the account's id under."""
    return account.provider, account.mode.value


def _accounts(tx: Tx, shop_id: uuid.UUID) -> dict[Key, uuid.UUID]:
    columns = ProviderAccount.provider, ProviderAccount.mode, ProviderAccount.id
    rows = tx.execute(select(*columns).where(ProviderAccount.shop_id == shop_id))
    return {(row.provider, row.mode.value): row.id for row in rows}


def _add_account(tx: Tx, shop_id: uuid.UUID, account: DemoAccount) -> None:
    account_id, here = new_id(), runtime.current()
    sealed = {
        name: here.vault.seal(value, credential_place(account_id, account.provider, name))
        for name, value in account.credentials.items()
    }
    tx.execute(
        insert(ProviderAccount).values(
            id=account_id,
            shop_id=shop_id,
            provider=account.provider,
            mode=account.mode,
            name=account.name,
            host="emulator",
            credentials=sealed,
            webhook_token=uuid.uuid4().hex,
            settings=dict(account.settings),
            created_at=here.clock.now(tx),
        )
    )
