"""Send what is due: claim, speak to the server outside of any transaction, write down what it said (R42).

A claimed mail stays `queued` until the server has taken its address; `sending` is committed just before the text goes
out. So a worker that dies earlier leaves it queued, and one that dies later leaves it "maybe sent" (K16).
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlsplit

import structlog
from sqlalchemy import or_, select, update

from webapp.domain.mails import MOST_TRIES, STATE_AFTER, Handover, MailState, next_try, states_before
from webapp.models import Installation, Mail
from webapp.services import runtime, wake_ups
from webapp.services.kill_points import KillPoint, reached
from webapp.services.mails.handing_over import Answer, Envelope, hand_over
from webapp.services.mails.queueing import SEND
from webapp.services.unit_of_work import Tx, in_transaction

log = structlog.get_logger()
LEASE = timedelta(seconds=180)  # longer than handing over may take
SERVER_AWAY = timedelta(seconds=60)  # how long the others wait when the server is not reached
MOST_AT_ONCE = 20
BEGIN_UNTIL_S = 20.0  # no further mail is begun after that, so that other work is not held up
_POLICY = SMTP.clone(cte_type="7bit")
_NO_LEASE: dict[str, Any] = {"lease_until": None}


@dataclass(frozen=True, slots=True)
class Work:
    """A claimed mail."""

    id: uuid.UUID
    fence: int
    tries: int
    recipient: str = field(repr=False)
    message: EmailMessage = field(repr=False)


def send(mail_id: uuid.UUID) -> bool:
    """Send one mail; False when it was not due or somebody else has it."""
    return _send(mail_id)


def run_due() -> int:
    """Send what is due, oldest first, for the poll; answers how many were tried. Bounded in number and time."""
    in_transaction(_give_up_lost)
    clock = runtime.current().clock
    done, until = 0, clock.monotonic() + BEGIN_UNTIL_S
    while done < MOST_AT_ONCE and clock.monotonic() < until and _send(None):
        done += 1
    return done


def _send(mail_id: uuid.UUID | None) -> bool:
    work = in_transaction(lambda tx: _claim(tx, mail_id))
    if work is None:
        return False
    reached(KillPoint.MAILING)
    post = runtime.post()
    envelope = Envelope(post.sender, work.recipient, work.message.as_bytes())
    host = urlsplit(post.public_url).hostname or "localhost"
    answer = hand_over(post.server, envelope, host, lambda: in_transaction(lambda tx: _begin(tx, work)))
    reached(KillPoint.MAILING)
    if answer.how is not Handover.LOST:
        in_transaction(lambda tx: _record(tx, work, answer))
    reached(KillPoint.MAILING)
    log.info("mail", mail_id=str(work.id), outcome=answer.how.value)
    return True


def _claim(tx: Tx, mail_id: uuid.UUID | None) -> Work | None:
    now = runtime.current().clock.now(tx)
    if _in_recovery(tx):
        return None
    free = or_(Mail.lease_until.is_(None), Mail.lease_until < now)
    query = select(Mail).where(Mail.due_at <= now, Mail.state == MailState.QUEUED, free)
    if mail_id is not None:
        query = query.where(Mail.id == mail_id)
    mail = tx.scalars(query.order_by(Mail.due_at).limit(1).with_for_update(skip_locked=True)).one_or_none()
    if mail is None:
        return None
    if mail.tries >= MOST_TRIES:  # workers died over it, each before the text went out
        _set(tx, mail.id, mail.fence, MailState.FAILED, ended_at=now, due_at=None, result="no_more_tries", **_NO_LEASE)
        return None
    fence, tries, until = mail.fence + 1, mail.tries + 1, now + LEASE
    leased: dict[str, Any] = {"fence": fence, "tries": tries, "lease_until": until, "due_at": until, "tried_at": now}
    _set(tx, mail.id, mail.fence, MailState.QUEUED, **leased)
    return Work(mail.id, fence, tries, mail.recipient, _message(mail))


def _message(mail: Mail) -> EmailMessage:
    """The whole mail, for one recipient; the policy refuses headers with line ends."""
    message = EmailMessage(policy=_POLICY)
    message["From"] = runtime.post().sender
    message["To"] = mail.recipient
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(mail.created_at)
    message["Message-ID"] = mail.message_id
    message["Content-Language"] = mail.language
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.body or "")
    return message


def _begin(tx: Tx, work: Work) -> bool:
    """From now on the server may have the text: after this no other worker ever sends this row (I14)."""
    return not _in_recovery(tx) and _set(tx, work.id, work.fence, MailState.SENDING)


def _record(tx: Tx, work: Work, answer: Answer) -> None:
    now = runtime.current().clock.now(tx)
    state = STATE_AFTER[answer.how]
    said: dict[str, Any] = {"result": answer.how.value, "answer": answer.words or None, **_NO_LEASE}
    due_at = next_try(work.tries, now) if state is MailState.QUEUED else None
    if state is MailState.QUEUED and due_at is None:
        state = MailState.FAILED
    if state is MailState.SENT:
        said["sent_at"] = now
    if state is not MailState.QUEUED:
        said["ended_at"] = now
    mine = _set(tx, work.id, work.fence, state, due_at=due_at, **said)
    if mine and due_at is not None:
        wake_ups.add(tx, SEND, work.id, queue=wake_ups.DEFAULT_QUEUE, not_before=due_at)
    if answer.how is Handover.NOT_REACHED:
        _let_others_wait(tx, now)


def _let_others_wait(tx: Tx, now: datetime) -> None:
    """One try a minute tells whether the server is back; the others lose no try, and no worker waits for each."""
    until = now + SERVER_AWAY
    tx.execute(
        update(Mail)
        .where(Mail.state == MailState.QUEUED, Mail.lease_until.is_(None), Mail.due_at < until)
        .values(due_at=until)
        .execution_options(synchronize_session=False)
    )


def _give_up_lost(tx: Tx) -> None:
    """A lease that ended in `sending`: the server may have it, so nobody sends it again (R42)."""
    now = runtime.current().clock.now(tx)
    tx.execute(
        update(Mail)
        .where(Mail.due_at < now, Mail.state == MailState.SENDING, Mail.lease_until < now)
        .values(state=MailState.MAYBE_SENT, fence=Mail.fence + 1, due_at=None, ended_at=now, result="lost", **_NO_LEASE)
        .execution_options(synchronize_session=False)
    )


def _in_recovery(tx: Tx) -> bool:
    """R29: after a restore nothing is mailed until a person opens again."""
    return tx.scalar(select(Installation.recovery_since).where(Installation.id == 1)) is not None


def _set(tx: Tx, mail_id: uuid.UUID, seen_fence: int, state: MailState, **changes: object) -> bool:
    """Take the next step if nobody else did meanwhile (I11)."""
    changed = tx.execute(
        update(Mail)
        .where(Mail.id == mail_id, Mail.fence == seen_fence, Mail.state.in_(states_before(state)))
        .values(state=state, **changes)
        .execution_options(synchronize_session=False)
        .returning(Mail.id)
    ).one_or_none()
    return changed is not None
