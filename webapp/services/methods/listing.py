"""The methods of accounts for pages, and the list that a shop's checkout offers."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from webapp.domain.method_list import new_methods_start_on
from webapp.models import Mode, PaymentMethod, ProviderAccount
from webapp.services.errors import NotFound
from webapp.services.unit_of_work import Tx


@dataclass(frozen=True, slots=True)
class AccountMethods:
    """An account with all the methods that it ever offered, in the merchant's order."""

    account: ProviderAccount
    methods: Sequence[PaymentMethod]

    @property
    def new(self) -> Sequence[PaymentMethod]:
        """What the provider offers and nobody has looked at yet."""
        return [method for method in self.methods if method.is_new and method.is_offered]

    @property
    def new_start_on(self) -> bool:
        """Whether methods that appear start switched on."""
        return new_methods_start_on(self.account.settings)

    @property
    def is_waiting(self) -> bool:
        """Whether somebody asked for a sync that has not ended."""
        return self.account.method_sync_asked_at is not None


def in_order(tx: Tx, account_ids: Collection[uuid.UUID]) -> Sequence[PaymentMethod]:
    """The methods of those accounts; within an account in its order of display."""
    place = PaymentMethod.position, PaymentMethod.slug, PaymentMethod.currency
    return tx.scalars(select(PaymentMethod).where(PaymentMethod.account_id.in_(account_ids)).order_by(*place)).all()


def of_shops(tx: Tx, shops: Collection[uuid.UUID], mode: Mode) -> Sequence[AccountMethods]:
    """The accounts of those shops in one mode."""
    query = select(ProviderAccount).where(ProviderAccount.shop_id.in_(shops), ProviderAccount.mode == mode)
    return _with_methods(tx, tx.scalars(query.order_by(ProviderAccount.shop_id, ProviderAccount.name)).all())


def of_account(tx: Tx, shops: Collection[uuid.UUID], account_id: uuid.UUID) -> AccountMethods:
    """One account of those shops, in either mode. Raises NotFound."""
    query = select(ProviderAccount).where(ProviderAccount.id == account_id, ProviderAccount.shop_id.in_(shops))
    account = tx.scalars(query).one_or_none()
    if account is None:
        raise NotFound(f"provider account {account_id}")
    return _with_methods(tx, [account])[0]


def _with_methods(tx: Tx, accounts: Sequence[ProviderAccount]) -> Sequence[AccountMethods]:
    found = in_order(tx, [account.id for account in accounts])
    return [AccountMethods(account, [row for row in found if row.account_id == account.id]) for account in accounts]


def enabled_methods(tx: Tx, shop_id: uuid.UUID, mode: Mode) -> Sequence[PaymentMethod]:
    """What a checkout may offer: switched on and offered by the provider; by account, in the merchant's order."""
    return tx.scalars(
        select(PaymentMethod)
        .join(ProviderAccount, ProviderAccount.id == PaymentMethod.account_id)
        .where(ProviderAccount.shop_id == shop_id, ProviderAccount.mode == mode)
        .where(PaymentMethod.enabled, PaymentMethod.gone_since.is_(None))
        .order_by(
            ProviderAccount.name,
            ProviderAccount.id,
            PaymentMethod.position,
            PaymentMethod.slug,
            PaymentMethod.currency,
        )
    ).all()
