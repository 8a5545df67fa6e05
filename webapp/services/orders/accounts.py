"""The provider accounts that a payment can be added from."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence

from sqlalchemy import select

from webapp.models import Mode, ProviderAccount, Shop
from webapp.services.unit_of_work import Tx


def accounts_of(tx: Tx, shop_ids: Collection[uuid.UUID], mode: Mode) -> Sequence[tuple[ProviderAccount, str]]:
    """Accounts of these shops in one mode with their shops' names, by name."""
    found = tx.execute(
        select(ProviderAccount, Shop.name)
        .join(Shop, Shop.id == ProviderAccount.shop_id)
        .where(ProviderAccount.shop_id.in_(shop_ids), ProviderAccount.mode == mode)
        .order_by(Shop.name, ProviderAccount.name)
    )
    return [(account, shop) for account, shop in found]
