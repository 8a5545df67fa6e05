"""The mail about a job that has not finished in its time: one for each run and address."""

from __future__ import annotations

import uuid
from datetime import datetime

from webapp.models import MailKind, Shop
from webapp.services import runtime
from webapp.services.mails import staff
from webapp.services.mails.letters import OverdueJob, Text
from webapp.services.mails.staff import Reader
from webapp.services.unit_of_work import Tx


def job_overdue(tx: Tx, shop_id: uuid.UUID | None, job: str, run_id: uuid.UUID, since: datetime) -> int:
    """Write the mails about a run that is on its way since `since` (UTC), in the caller's transaction.

    Answers how many there are; called again for the same run it changes nothing. They go to the shop's addresses, or
    to the owners when the job is one of the whole desk (no shop).
    """
    shop_name = tx.get_one(Shop, shop_id).name if shop_id else None
    post = runtime.post()

    def write(reader: Reader) -> Text:
        facts = OverdueJob(shop_name, reader.language, reader.time_zone, job, since, f"{post.public_url}/jobs")
        return post.writer.job_overdue(facts)

    return staff.tell(tx, staff.About(MailKind.JOB_OVERDUE, run_id, shop_id, None, since), write)
