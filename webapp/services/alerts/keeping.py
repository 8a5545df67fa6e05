"""Alerts as pages and metrics show them, and how long they are kept."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, false, func, or_, select

from webapp.domain.alerts import AlertKind
from webapp.models import Alert, Mode
from webapp.services.unit_of_work import Tx

KEPT = timedelta(days=90)


def count_open(tx: Tx, shops: Collection[uuid.UUID], mode: Mode, *, desk_too: bool) -> Mapping[AlertKind, int]:
    """How many alerts of each kind are open in that mode of those shops, and with `desk_too` of the whole desk."""
    of_desk = Alert.shop_id.is_(None) if desk_too else false()
    return _counts(tx, or_(and_(Alert.shop_id.in_(shops), Alert.mode == mode), of_desk))


def count_all_open(tx: Tx) -> Mapping[AlertKind, int]:
    """How many of each kind are open in the whole installation."""
    return _counts(tx)


def forget_old(tx: Tx, now: datetime) -> None:
    """Drop alerts that were over 90 days ago; their mails stay in the list without text."""
    tx.execute(delete(Alert).where(Alert.closed_at < now - KEPT))


def _counts(tx: Tx, *conditions: ColumnElement[bool]) -> Mapping[AlertKind, int]:
    query = select(Alert.kind, func.count()).where(Alert.closed_at.is_(None), *conditions).group_by(Alert.kind)
    found = {kind: count for kind, count in tx.execute(query)}  # noqa: C416 - dict() does not see that a row is a pair
    return {kind: found.get(kind, 0) for kind in AlertKind}
