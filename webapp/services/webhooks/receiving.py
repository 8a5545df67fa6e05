"""Take one message in: verify over the raw bytes, store once, answer (R34, R36). Nothing is fetched here."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Any

import structlog
from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError

from providers.errors import SignatureWrong
from providers.infos import WEBHOOK_SECRET, WEBHOOK_SECRET_BEFORE
from providers.snapshots import Notification
from webapp.models import ProviderAccount, WebhookMessage, WebhookState
from webapp.models.base import new_id, table_of
from webapp.services import accounts, runtime, wake_ups
from webapp.services.accounts import Account
from webapp.services.errors import NotFound
from webapp.services.kill_points import KillPoint, reached
from webapp.services.unit_of_work import Tx, in_transaction, reading
from webapp.services.vault import VaultError, credential_place, webhook_place

log = structlog.get_logger()
PROCESS = "tasks.webhooks.process"
BEFORE_IS_GOOD = timedelta(days=3)  # the longest that a provider is known to repeat a message (R37)
MOST_REFUSED = 60  # rows an hour and account for messages whose signature does not fit
KEPT_HEADERS = ("content-type", "user-agent")  # of any provider; its own stand in the registry
LONGEST = 200

_ADD = insert(table_of(WebhookMessage))


class Verdict(Enum):
    """What became of a message at the door."""

    STORED = auto()
    REPEATED = auto()
    REFUSED = auto()


@dataclass(frozen=True, slots=True)
class Delivery:
    """One request as it came; nothing of it is believed yet."""

    provider: str
    token: str
    headers: Mapping[str, str] = field(repr=False)
    raw: bytes = field(repr=False)
    query: Mapping[str, str] = field(default_factory=dict, repr=False)


def receive(delivery: Delivery) -> Verdict:
    """Verify and store one message; committed when this returns (R36).

    Raises NotFound for an address of no account; what the database raises means "not stored, send again".
    """
    ear = _ear(delivery)
    try:
        notification = accounts.adapter(ear.account).read_notification(
            delivery.headers, delivery.raw, ear.secrets, delivery.query
        )
    except SignatureWrong:
        log.warning("webhook_refused", account_id=str(ear.account.id))
        _note_refused(ear, delivery)
        return Verdict.REFUSED
    return _store(ear, delivery, notification)


@dataclass(frozen=True, slots=True)
class _Ear:
    """The account that a message came to, with the secrets that may have signed it."""

    account: Account
    shop_id: uuid.UUID
    secrets: Sequence[str] = field(repr=False)


def _ear(delivery: Delivery) -> _Ear:
    with reading() as tx:
        row = tx.scalars(
            select(ProviderAccount).where(
                ProviderAccount.webhook_token == delivery.token, ProviderAccount.provider == delivery.provider
            )
        ).one_or_none()
        if row is None:
            raise NotFound("webhook address")
        return _Ear(accounts.account_of(row), row.shop_id, _secrets(row, runtime.current().clock.now(tx)))


def _secrets(account: ProviderAccount, now: datetime) -> Sequence[str]:
    """The secret in force, and the one before for as long as the provider may still repeat messages (R34)."""
    names = [WEBHOOK_SECRET]
    since = account.webhook_secret_since
    if since is not None and now - since < BEFORE_IS_GOOD:
        names.append(WEBHOOK_SECRET_BEFORE)
    vault, found = runtime.current().vault, []
    for name in names:
        sealed = account.credentials.get(name)
        if sealed is None:
            continue
        try:
            found.append(vault.open(sealed, credential_place(account.id, account.provider, name)))
        except VaultError:
            log.error("credentials_unreadable", account_id=str(account.id), field=name)
    return found


def _store(ear: _Ear, delivery: Delivery, notification: Notification) -> Verdict:
    row = _row(ear, delivery, notification.event_id)
    is_waiting = notification.payment_ref is not None
    row |= {
        "event": notification.event[:LONGEST],
        "delivery_id": notification.delivery_id and notification.delivery_id[:LONGEST],
        "payment_ref": notification.payment_ref,
        "body": runtime.current().vault.seal(delivery.raw.decode("utf-8", "replace"), webhook_place(row["id"])),
        "state": WebhookState.WAITING if is_waiting else WebhookState.IGNORED,
        "result": None if is_waiting else "nothing_to_fetch",
    }

    def work(tx: Tx) -> None:
        now = runtime.current().clock.now(tx)
        row["received_at"], row["due_at"] = now, now if is_waiting else None
        tx.execute(_ADD, row)
        if is_waiting:
            wake_ups.add(tx, PROCESS, row["id"], queue=wake_ups.DEFAULT_QUEUE, not_before=now)
        reached(KillPoint.TAKING_WEBHOOK)

    if not _added(work):
        return Verdict.REPEATED
    reached(KillPoint.TAKING_WEBHOOK)
    return Verdict.STORED


def _note_refused(ear: _Ear, delivery: Delivery) -> None:
    """Keep a line about it, without the body; no more of them than a flood could fill a disk with."""
    row = _row(ear, delivery, f"refused:{hashlib.sha256(delivery.raw).hexdigest()}")
    row |= {"event": "", "state": WebhookState.REFUSED, "result": "signature_wrong", "body": None}

    def work(tx: Tx) -> None:
        row["received_at"] = now = runtime.current().clock.now(tx)
        refused = tx.execute(
            select(func.count())
            .select_from(WebhookMessage)
            .where(WebhookMessage.account_id == ear.account.id, WebhookMessage.state == WebhookState.REFUSED)
            .where(WebhookMessage.received_at > now - timedelta(hours=1))
        ).scalar_one()
        if refused < MOST_REFUSED:
            tx.execute(_ADD, row)

    _added(work)


def _row(ear: _Ear, delivery: Delivery, dedupe: str) -> dict[str, Any]:
    lower = {name.lower(): value for name, value in delivery.headers.items()}
    kept = (*KEPT_HEADERS, *runtime.current().providers.webhook_headers(delivery.provider))
    return {
        "id": new_id(),
        "shop_id": ear.shop_id,
        "account_id": ear.account.id,
        "dedupe": dedupe[:LONGEST],
        "headers": {name: lower[name][:LONGEST] for name in kept if name in lower},
        "size": len(delivery.raw),
        "delivery_id": None,
        "payment_ref": None,
        "due_at": None,
    }


def _added(work: Callable[[Tx], None]) -> bool:
    """False when the unique key says that the message is here already (R36)."""
    try:
        in_transaction(work)
    except IntegrityError as refusal:
        if "dedupe" not in str(refusal.orig) and "uq_webhook_messages" not in str(refusal.orig):
            raise
        return False
    return True
