"""A mail is a row in the transaction of its cause (R41): written out now, sent by a worker after the commit."""

from __future__ import annotations

import uuid

from sqlalchemy import select

from webapp.domain.mails import UNDER_WAY, MailState
from webapp.models import Mail
from webapp.models.base import new_id
from webapp.services import runtime, wake_ups
from webapp.services.mails.addresses import find_usable, is_clean
from webapp.services.mails.letters import Letter
from webapp.services.unit_of_work import Tx

SEND = "tasks.mails.send"


def add(tx: Tx, letter: Letter) -> uuid.UUID:
    """Store a mail with its wake-up in the caller's transaction; the id of the one that is there already, if any.

    What cannot be an address is kept as failed, so that somebody sees it. ValueError for a subject with control
    characters: whoever writes subjects takes them out. The unique key decides a race: IntegrityError.
    """
    if not is_clean(letter.text.subject):
        raise ValueError("A subject must not hold control characters")
    usable = find_usable(letter.recipient)
    recipient = usable or letter.recipient
    same = Mail.kind == letter.kind, Mail.subject_id == letter.subject_id, Mail.version == letter.version
    there = tx.scalar(select(Mail.id).where(*same, Mail.recipient == recipient))
    if there is not None:
        return there
    mail = _row(tx, letter, recipient, _start(letter, is_usable=usable is not None))
    tx.add(mail)
    tx.flush()
    if mail.due_at is not None:
        wake_ups.add(tx, SEND, mail.id, queue=wake_ups.DEFAULT_QUEUE, not_before=mail.due_at)
    return mail.id


def _start(letter: Letter, *, is_usable: bool) -> tuple[MailState, str | None]:
    """State and result code of a new row."""
    if not is_usable:
        return MailState.FAILED, "bad_address"
    return (MailState.MAYBE_SENT, "restored") if letter.doubtful else (MailState.QUEUED, None)


def _row(tx: Tx, letter: Letter, recipient: str, start: tuple[MailState, str | None]) -> Mail:
    now, mail_id = runtime.current().clock.now(tx), new_id()
    is_due = start[0] in UNDER_WAY
    return Mail(
        id=mail_id,
        kind=letter.kind,
        subject_id=letter.subject_id,
        recipient=recipient,
        version=letter.version,
        shop_id=letter.shop_id,
        mode=letter.mode,
        language=letter.language,
        subject=letter.text.subject,
        body=letter.text.body,
        message_id=f"<{mail_id}@{runtime.post().sender.rpartition('@')[2]}>",
        state=start[0],
        result=start[1],
        created_at=now,
        due_at=now if is_due else None,
        ended_at=None if is_due else now,
    )
