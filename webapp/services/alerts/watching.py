"""What is wrong at this moment: one query for each kind of alert, over indexes, looking only at what is open or new."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import Select, func, select

from webapp.domain.alerts import MOST_REFUSED, OUTBOX_LAG, REFUSED_WITHIN, UNKNOWN_FOR, AlertKind
from webapp.domain.operations import OperationState
from webapp.models import Mode, Operation, Payment, ProviderAccount, Shop, WakeUp, WebhookMessage, WebhookState
from webapp.services import verify
from webapp.services.jobs import listing
from webapp.services.unit_of_work import Tx


@dataclass(frozen=True, slots=True)
class Place:
    """A mode of a shop; the whole desk without either."""

    shop_id: uuid.UUID | None = None
    mode: Mode | None = None


DESK = Place()
Wrong = Mapping[Place, datetime]
"""Where it is wrong, and since when (UTC)."""


def _in_doubt(tx: Tx, now: datetime) -> Wrong:
    since = func.min(func.coalesce(Operation.doubt_since, Operation.state_since))
    return _by_place(tx, _operations(OperationState.UNKNOWN, since).having(since < now - UNKNOWN_FOR))


def _to_settle(tx: Tx, _now: datetime) -> Wrong:
    return _by_place(tx, _operations(OperationState.REVIEW, func.min(Operation.state_since)))


def _operations(state: OperationState, since: Any) -> Select[uuid.UUID, Mode, Any]:
    """Shop by shop, because that is the order of the index; so it is for messages."""
    query = select(Payment.shop_id, Payment.mode, since).join(Operation, Operation.payment_id == Payment.id)
    here = Operation.shop_id.in_(select(Shop.id)), Operation.state == state
    return query.where(*here).group_by(Payment.shop_id, Payment.mode)


def _frozen(tx: Tx, _now: datetime) -> Wrong:
    query = select(Payment.shop_id, Payment.mode, func.min(Payment.frozen_at))
    return _by_place(tx, query.where(Payment.frozen_at.is_not(None)).group_by(Payment.shop_id, Payment.mode))


def _refused(tx: Tx, now: datetime) -> Wrong:
    shop, mode = WebhookMessage.shop_id, ProviderAccount.mode
    query = select(shop, mode, func.min(WebhookMessage.received_at))
    of_late = shop.in_(select(Shop.id)), WebhookMessage.received_at > now - REFUSED_WITHIN
    joined = query.join(ProviderAccount, ProviderAccount.id == WebhookMessage.account_id)
    joined = joined.where(*of_late, WebhookMessage.state == WebhookState.REFUSED)
    return _by_place(tx, joined.group_by(shop, mode).having(func.count() > MOST_REFUSED))


def _books(tx: Tx, _now: datetime) -> Wrong:
    found = listing.last_words(tx, "verify")
    return {DESK: found.ended_at} if found and verify.is_about_books(found.words) else {}


def _audit(tx: Tx, _now: datetime) -> Wrong:
    found = listing.last_words(tx, "verify")
    return {DESK: found.ended_at} if found and verify.is_about_audit(found.words) else {}


def _outbox(tx: Tx, now: datetime) -> Wrong:
    late = WakeUp.published_at.is_(None), WakeUp.not_before < now - OUTBOX_LAG
    oldest = tx.execute(select(func.min(WakeUp.not_before)).where(*late)).scalar_one_or_none()
    return {} if oldest is None else {DESK: oldest}


def _by_place(tx: Tx, query: Select[uuid.UUID, Mode, Any]) -> Wrong:
    return {Place(shop_id, mode): since for shop_id, mode, since in tx.execute(query)}


WATCHES: Mapping[AlertKind, Callable[[Tx, datetime], Wrong]] = MappingProxyType(
    {
        AlertKind.UNKNOWN: _in_doubt,
        AlertKind.REVIEW: _to_settle,
        AlertKind.FROZEN: _frozen,
        AlertKind.SIGNATURES: _refused,
        AlertKind.BOOKS: _books,
        AlertKind.AUDIT: _audit,
        AlertKind.OUTBOX: _outbox,
    }
)
"""One statement each; what it answers is wrong at the moment that it is given."""
