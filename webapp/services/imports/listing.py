"""Imports as their pages show them."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from webapp.models import ImportFault, ImportRow, Mode, OrderImport, Shop, User
from webapp.services.errors import NotFound
from webapp.services.unit_of_work import Tx

MOST_LISTED = 50
MOST_PROBLEMS = 200


@dataclass(frozen=True, slots=True)
class ImportLine:
    """One import in the list."""

    row: OrderImport
    shop: str
    by: str | None


@dataclass(frozen=True, slots=True)
class ImportFacts:
    """One import with what is wrong in its file and with its payments."""

    row: OrderImport
    shop: Shop
    by: str | None
    faults: Sequence[ImportFault]
    problems: Sequence[ImportRow]  # lines whose payment is not read, or of which something was left


def list_imports(tx: Tx, shop_ids: Collection[uuid.UUID], mode: Mode) -> Sequence[ImportLine]:
    """The newest imports of these shops."""
    found = tx.execute(
        select(OrderImport, Shop.name, User.name)
        .join(Shop, Shop.id == OrderImport.shop_id)
        .outerjoin(User, User.id == OrderImport.created_by)
        .where(OrderImport.shop_id.in_(shop_ids), OrderImport.mode == mode)
        .order_by(OrderImport.created_at.desc(), OrderImport.id)
        .limit(MOST_LISTED)
    )
    return [ImportLine(*row) for row in found]


def get_import(tx: Tx, import_id: uuid.UUID, shop_ids: Collection[uuid.UUID]) -> ImportFacts:
    """One import. NotFound when it is in none of those shops (I18)."""
    found = tx.execute(
        select(OrderImport, Shop, User.name)
        .join(Shop, Shop.id == OrderImport.shop_id)
        .outerjoin(User, User.id == OrderImport.created_by)
        .where(OrderImport.id == import_id, OrderImport.shop_id.in_(shop_ids))
    ).one_or_none()
    if found is None:
        raise NotFound(f"import {import_id}")
    row, shop, by = found
    faults = tx.scalars(
        select(ImportFault).where(ImportFault.import_id == row.id).order_by(ImportFault.line, ImportFault.number)
    ).all()
    problems = tx.scalars(
        select(ImportRow)
        .where(ImportRow.import_id == row.id, ImportRow.problem.is_not(None))
        .order_by(ImportRow.line)
        .limit(MOST_PROBLEMS)
    ).all()
    return ImportFacts(row, shop, by, faults, problems)
