"""The mail about a job that has not finished in its time: one for each run and address."""

from __future__ import annotations

import uuid
from datetime import datetime

from webapp.models import Installation, MailKind, Shop
from webapp.services import runtime
from webapp.services.mails import queueing
from webapp.services.mails.letters import Letter, OverdueJob
from webapp.services.unit_of_work import Tx


def job_overdue(tx: Tx, shop_id: uuid.UUID, job: str, run_id: uuid.UUID, since: datetime) -> int:
    """Write the mails about a run that is on its way since `since` (UTC), in the caller's transaction.

    Answers how many there are, in the language of the shop; called again for the same run it changes nothing. The
    shop's switch for failure mails and its addresses count. A run that is older than the backup which the desk was
    restored from may have been mailed already: those are kept as "maybe sent" (R29).
    """
    shop = tx.get_one(Shop, shop_id)
    if not shop.failure_mails_on or not shop.failure_emails:
        return 0
    post, installation = runtime.post(), tx.get(Installation, 1)
    taken_at = installation.backup_taken_at if installation else None
    facts = OverdueJob(shop.name, shop.language, shop.time_zone, job, since, f"{post.public_url}/jobs")
    text = post.writer.job_overdue(facts)
    recipients = dict.fromkeys(shop.failure_emails)
    for recipient in recipients:
        letter = Letter(
            kind=MailKind.JOB_OVERDUE,
            subject_id=run_id,
            recipient=recipient,
            shop_id=shop_id,
            mode=None,
            language=shop.language,
            text=text,
            doubtful=taken_at is not None and since <= taken_at,
        )
        queueing.add(tx, letter)
    return len(recipients)
