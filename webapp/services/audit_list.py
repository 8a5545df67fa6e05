"""The audit chain as a list for pages."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import islice

from sqlalchemy import ColumnElement, or_, select

from webapp.models import ApiKey, AuditEntry, User
from webapp.services import audit
from webapp.services.unit_of_work import Tx, reading

PAGE = 50
MOST_BREAKS = 20


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """What to show; None or empty shows all. `before` is the number under which the page begins."""

    action: str = ""
    actor_id: uuid.UUID | None = None
    subject_id: uuid.UUID | None = None
    before: int | None = None


def entries(
    tx: Tx, shops: Collection[uuid.UUID], wanted: AuditFilter, *, with_shopless: bool
) -> tuple[Sequence[AuditEntry], bool]:
    """One page, newest first, and whether there are older ones.

    `with_shopless` adds what belongs to no shop (sign-ins, the installation).
    """
    here: ColumnElement[bool] = AuditEntry.shop_id.in_(shops)
    query = select(AuditEntry).where(or_(here, AuditEntry.shop_id.is_(None)) if with_shopless else here)
    if wanted.action:
        query = query.where(AuditEntry.action == wanted.action)
    if wanted.actor_id:
        query = query.where(AuditEntry.actor_id == wanted.actor_id)
    if wanted.subject_id:
        query = query.where(AuditEntry.subject_id == wanted.subject_id)
    if wanted.before is not None:
        query = query.where(AuditEntry.number < wanted.before)
    rows = tx.scalars(query.order_by(AuditEntry.number.desc()).limit(PAGE + 1)).all()
    return rows[:PAGE], len(rows) > PAGE


def actions(tx: Tx) -> Sequence[str]:
    """Every kind of deed that was ever noted."""
    return tx.scalars(select(AuditEntry.action).distinct().order_by(AuditEntry.action)).all()


def names(tx: Tx, people: Collection[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Names of those people and API keys."""
    people_rows = select(User.id, User.name).where(User.id.in_(people))
    rows = tx.execute(people_rows.union_all(select(ApiKey.id, ApiKey.name).where(ApiKey.id.in_(people))))
    return {row.id: row.name for row in rows}


def tamper_check() -> Sequence[str]:
    """What is wrong with the chain, twenty findings at most; empty when it is whole."""
    with reading() as tx:
        return list(islice(audit.breaks(tx), MOST_BREAKS))
