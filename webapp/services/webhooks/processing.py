"""Act on a stored message: read its payment and book what the read shows (R36-R40, I13).

A message is claimed with lease and fence, so that a worker that dies leaves it due. One read serves every message
about the payment that came before the read began.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

import structlog
from sqlalchemy import func, or_, select, update

from providers.errors import ProviderError
from webapp.models import LedgerMovement, Payment, Via, WebhookMessage, WebhookState
from webapp.services import runtime, wake_ups
from webapp.services.audit import Actor
from webapp.services.errors import RuleBroken
from webapp.services.kill_points import KillPoint, reached
from webapp.services.payments.adding import Addition, add_payment
from webapp.services.payments.reading import read_payment
from webapp.services.unit_of_work import Tx, in_transaction
from webapp.services.vault import VaultError
from webapp.services.webhooks.receiving import PROCESS

log = structlog.get_logger()
LEASE = timedelta(seconds=120)  # longer than a read may take (R7)
ONE_READ_IN = timedelta(seconds=10)  # of the same payment, however many messages come (R40)
TRIED_FOR = timedelta(hours=24)
WAITS = (30, 120, 600, 1800, 3600)  # seconds; the last one repeats
AT_ONCE = 200


class Pause(Enum):
    """Why a look for work brought no read."""

    NOTHING_DUE = auto()
    LATER = auto()


@dataclass(frozen=True, slots=True)
class Work:
    """A claimed message with what is needed to act on it."""

    id: uuid.UUID
    fence: int
    shop_id: uuid.UUID
    account_id: uuid.UUID
    payment_ref: str
    payment_id: uuid.UUID | None
    received_at: datetime
    tries: int
    claimed_at: datetime


def process(message_id: uuid.UUID) -> bool:
    """Act on one message; False when it was not due or somebody else has it."""
    return _process(message_id) is None


def run_due() -> int:
    """Act on whatever is due, for the poll; answers how many were looked at."""
    done = 0
    while done < AT_ONCE and _process(None) is not Pause.NOTHING_DUE:
        done += 1
    return done


def _process(message_id: uuid.UUID | None) -> Pause | None:
    claimed = in_transaction(lambda tx: _claim(tx, message_id))
    if isinstance(claimed, Pause):
        return claimed
    reached(KillPoint.PROCESSING_WEBHOOK)
    try:
        result = _act(claimed)
    except (ProviderError, VaultError) as failure:
        why = type(failure).__name__
        in_transaction(lambda tx: _again(tx, claimed, why))
        return None
    except RuleBroken as refusal:
        why = refusal.code
        if why == "order_coming_in":
            in_transaction(lambda tx: _again(tx, claimed, why))
        else:
            in_transaction(lambda tx: _end(tx, claimed, WebhookState.FAILED, why))
        return None
    reached(KillPoint.PROCESSING_WEBHOOK)
    if result is None:
        in_transaction(lambda tx: _again(tx, claimed, "unknown_payment"))
    else:
        in_transaction(lambda tx: _end(tx, claimed, WebhookState.DONE, result))
    return None


def _claim(tx: Tx, message_id: uuid.UUID | None) -> Work | Pause:
    now = runtime.current().clock.now(tx)
    free = or_(WebhookMessage.lease_until.is_(None), WebhookMessage.lease_until < now)
    query = (
        select(WebhookMessage, Payment.id, Payment.last_read_at)
        .outerjoin(
            Payment,
            (Payment.account_id == WebhookMessage.account_id) & (Payment.provider_ref == WebhookMessage.payment_ref),
        )
        .where(WebhookMessage.due_at <= now, WebhookMessage.state == WebhookState.WAITING, free)
        .order_by(WebhookMessage.due_at)
        .limit(1)
        .with_for_update(of=WebhookMessage, skip_locked=True)
    )
    if message_id is not None:
        query = query.where(WebhookMessage.id == message_id)
    row = tx.execute(query).one_or_none()
    if row is None:
        return Pause.NOTHING_DUE
    message, payment_id, last_read_at = row
    if last_read_at is not None and now - last_read_at < ONE_READ_IN:
        _set(tx, message.id, message.fence, due_at=last_read_at + ONE_READ_IN)
        wake_ups.add(tx, PROCESS, message.id, queue=wake_ups.DEFAULT_QUEUE, not_before=last_read_at + ONE_READ_IN)
        return Pause.LATER
    fence, until = message.fence + 1, now + LEASE
    if not _set(tx, message.id, message.fence, fence=fence, lease_until=until, due_at=until):
        return Pause.LATER
    return Work(
        message.id,
        fence,
        message.shop_id,
        message.account_id,
        message.payment_ref or "",
        payment_id,
        message.received_at,
        message.tries,
        now,
    )


def _act(work: Work) -> str | None:
    """Read the payment; a code for what came of it, None while the desk does not know the payment yet (R38)."""
    if work.payment_id is not None:
        read_payment(work.payment_id)
        return "read"
    if work.claimed_at - work.received_at < TRIED_FOR:
        return None
    addition = Addition(
        actor=Actor(None, Via.SYSTEM),
        shop_id=work.shop_id,
        account_id=work.account_id,
        provider_ref=work.payment_ref,
    )
    add_payment(addition)
    return "payment_added"


def _again(tx: Tx, work: Work, why: str) -> None:
    """Try later by the timetable; an unknown payment is taken in after a day, a failing read ends there."""
    now = runtime.current().clock.now(tx)
    over = work.received_at + TRIED_FOR
    if now >= over and why not in {"unknown_payment", "order_coming_in"}:
        _end(tx, work, WebhookState.FAILED, why)
        return
    due_at = now + timedelta(seconds=WAITS[min(work.tries, len(WAITS) - 1)])
    if now < over < due_at:
        due_at = over
    changed = _set(
        tx, work.id, work.fence, fence=work.fence + 1, lease_until=None, due_at=due_at, tries=work.tries + 1, result=why
    )
    if changed:
        wake_ups.add(tx, PROCESS, work.id, queue=wake_ups.DEFAULT_QUEUE, not_before=due_at)


def _end(tx: Tx, work: Work, state: WebhookState, result: str) -> None:
    now = runtime.current().clock.now(tx)
    ended = {"state": state, "result": result, "processed_at": now, "due_at": None, "lease_until": None}
    mine = _set(tx, work.id, work.fence, fence=work.fence + 1, movements=_booked(tx, work), **ended)
    if not mine or state is not WebhookState.DONE:
        return
    tx.execute(  # one read for all that came before it (R40)
        update(WebhookMessage)
        .where(WebhookMessage.account_id == work.account_id, WebhookMessage.payment_ref == work.payment_ref)
        .where(WebhookMessage.state == WebhookState.WAITING, WebhookMessage.received_at <= work.claimed_at)
        .values(**ended, fence=WebhookMessage.fence + 1)
        .execution_options(synchronize_session=False)
    )


def _booked(tx: Tx, work: Work) -> int:
    """How many movements of the payment were booked since the claim."""
    count = (
        select(func.count())
        .select_from(LedgerMovement)
        .join(Payment, Payment.id == LedgerMovement.payment_id)
        .where(Payment.account_id == work.account_id, Payment.provider_ref == work.payment_ref)
        .where(LedgerMovement.booked_at >= work.claimed_at)
    )
    return int(tx.execute(count).scalar_one())


def _set(tx: Tx, message_id: uuid.UUID, seen_fence: int, **changes: object) -> bool:
    """Change the row if nobody else did meanwhile (I11)."""
    changed = tx.execute(
        update(WebhookMessage)
        .where(WebhookMessage.id == message_id, WebhookMessage.fence == seen_fence)
        .values(**changes)
        .execution_options(synchronize_session=False)
        .returning(WebhookMessage.id)
    ).one_or_none()
    return changed is not None
