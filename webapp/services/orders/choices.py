"""What the filters of the order list can be set to, read in one statement over indexes only."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, Text, bindparam, cast, func, literal, select, union_all

from webapp.models import Mode, OrderStatus, Payment, ProviderAccount, Shop
from webapp.services.unit_of_work import Tx


@dataclass(frozen=True, slots=True)
class Choices:
    """Pairs of what stands in the address and how it reads; methods and providers are the providers' own words."""

    shops: Sequence[tuple[str, str]]
    statuses: Sequence[tuple[str, str]]
    providers: Sequence[str]
    methods: Sequence[str]


def choices(tx: Tx, shop_ids: Collection[uuid.UUID], mode: Mode) -> Choices:
    """What occurs in these shops."""
    if not shop_ids:
        return Choices([], [], [], [])
    found = tx.execute(_statement(), {"of_shops": list(shop_ids), "of_mode": mode}).all()
    rows = sorted((tuple(row) for row in found), key=lambda row: (row[3], row[2]))
    of = {kind: [row[1:3] for row in rows if row[0] == kind] for kind in ("shop", "status", "provider", "method")}
    return Choices(
        [(str(uuid.UUID(value)), name) for value, name in of["shop"]],
        [(value, name) for value, name in of["status"]],
        [value for value, _name in of["provider"]],
        [value for value, _name in of["method"]],
    )


@cache  # built once: making it took longer than asking it
def _statement() -> Any:
    of_shops: BindParameter[Any] = bindparam("of_shops", expanding=True)
    shops = select(literal("shop"), cast(Shop.id, Text), Shop.name, literal(0)).where(Shop.id.in_(of_shops))
    statuses = (
        select(literal("status"), OrderStatus.code, func.min(OrderStatus.name), func.min(OrderStatus.position))
        .where(OrderStatus.shop_id.in_(of_shops))
        .group_by(OrderStatus.code)
    )
    providers = (
        select(literal("provider"), ProviderAccount.provider, ProviderAccount.provider, literal(0))
        .where(ProviderAccount.shop_id.in_(of_shops), ProviderAccount.mode == bindparam("of_mode"))
        .distinct()
    )
    return union_all(shops, statuses, providers, _methods(of_shops))


def _methods(of_shops: BindParameter[Any]) -> Any:
    """The distinct methods of each shop, hopping along the index from one to the next."""
    mode: BindParameter[Any] = bindparam("of_mode")
    of_shop = Payment.shop_id == Shop.id, Payment.mode == mode
    first = select(func.min(Payment.method)).where(*of_shop).correlate(Shop).scalar_subquery()
    hop = (
        select(Shop.id.label("shop_id"), first.label("method")).where(Shop.id.in_(of_shops)).cte("hop", recursive=True)
    )
    further = (
        select(func.min(Payment.method))
        .where(Payment.shop_id == hop.c.shop_id, Payment.mode == mode, Payment.method > hop.c.method)
        .correlate(hop)
        .scalar_subquery()
    )
    hop = hop.union_all(select(hop.c.shop_id, further).where(hop.c.method.is_not(None)))
    named = select(hop.c.method).where(hop.c.method.is_not(None)).distinct().subquery()
    return select(literal("method"), named.c.method, named.c.method, literal(0))
