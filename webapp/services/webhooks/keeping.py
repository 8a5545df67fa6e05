"""How long messages are kept (R37), the list of them, and processing one again."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, tuple_, update

from webapp.models import Mode, ProviderAccount, WebhookMessage, WebhookState
from webapp.services import audit, runtime, wake_ups
from webapp.services.audit import Actor
from webapp.services.errors import NotFound, RuleBroken
from webapp.services.unit_of_work import Tx, in_transaction
from webapp.services.webhooks.receiving import PROCESS

BODY_KEPT = timedelta(days=30)
ROW_KEPT = timedelta(days=90)
PAGE = 50
_AGAIN = frozenset({WebhookState.WAITING, WebhookState.DONE, WebhookState.FAILED})


@dataclass(frozen=True, slots=True)
class MessageFilter:
    """What to show. `before` is the last row of the page before."""

    state: WebhookState | None = None
    before: tuple[datetime, uuid.UUID] | None = None


def messages(
    tx: Tx, shops: Collection[uuid.UUID], mode: Mode, wanted: MessageFilter
) -> tuple[Sequence[tuple[WebhookMessage, str]], bool]:
    """One page of messages with the names of their accounts, newest first, and whether there are older ones."""
    query = (
        select(WebhookMessage, ProviderAccount.name)
        .join(ProviderAccount, ProviderAccount.id == WebhookMessage.account_id)
        .where(WebhookMessage.shop_id.in_(shops), ProviderAccount.mode == mode)
    )
    if wanted.state is not None:
        query = query.where(WebhookMessage.state == wanted.state)
    if wanted.before is not None:
        query = query.where(tuple_(WebhookMessage.received_at, WebhookMessage.id) < tuple_(*wanted.before))
    newest = query.order_by(WebhookMessage.received_at.desc(), WebhookMessage.id.desc()).limit(PAGE + 1)
    rows = [(row[0], row[1]) for row in tx.execute(newest)]
    return rows[:PAGE], len(rows) > PAGE


def process_again(message_id: uuid.UUID, shops: Collection[uuid.UUID], actor: Actor) -> None:
    """Have a worker read the message's payment now. Raises NotFound, or RuleBroken `nothing_to_fetch`."""

    def work(tx: Tx) -> None:
        message = tx.scalars(
            select(WebhookMessage).where(WebhookMessage.id == message_id, WebhookMessage.shop_id.in_(shops))
        ).one_or_none()
        if message is None:
            raise NotFound(f"webhook message {message_id}")
        if message.state not in _AGAIN or message.payment_ref is None:
            raise RuleBroken("nothing_to_fetch")
        now = runtime.current().clock.now(tx)
        tx.execute(
            update(WebhookMessage)
            .where(WebhookMessage.id == message_id)
            .values(state=WebhookState.WAITING, due_at=now, lease_until=None, fence=WebhookMessage.fence + 1)
            .execution_options(synchronize_session=False)
        )
        wake_ups.add(tx, PROCESS, message_id, queue=wake_ups.DEFAULT_QUEUE, not_before=now)
        subject = ("webhook_message", message_id)
        audit.write(tx, actor, "webhook.again", subject, shop_id=message.shop_id, details={}, at=now)

    in_transaction(work)


def forget_old(tx: Tx, now: datetime) -> None:
    """Drop bodies after 30 days and rows after 90, longer than any sender repeats (R37)."""
    old = WebhookMessage.received_at < now - BODY_KEPT, WebhookMessage.body.is_not(None)
    tx.execute(update(WebhookMessage).where(*old).values(body=None).execution_options(synchronize_session=False))
    tx.execute(delete(WebhookMessage).where(WebhookMessage.received_at < now - ROW_KEPT))
