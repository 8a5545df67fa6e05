"""What became of a mail, in words."""

from __future__ import annotations

from collections.abc import Mapping

from webapp.formatting.lazy import _l
from webapp.models import Mail, MailKind

KINDS: Mapping[MailKind, str] = {
    MailKind.FAILURES: _l("What was not done"),
    MailKind.JOB_OVERDUE: _l("A job that has not finished"),
    MailKind.ALERT: _l("Something that is wrong"),
}
RESULTS: Mapping[str, str] = {
    "taken": _l("The mail server took it."),
    "refused": _l("The mail server refused it for good. Check the address."),
    "put_off": _l("The mail server did not take it and asked to come back later."),
    "not_reached": _l("The mail server could not be reached. Nothing left Paydesk."),
    "unclear": _l("The text was on its way when the line broke. Nobody knows whether it arrived."),
    "lost": _l("The worker that was sending it died. Nobody knows whether it arrived."),
    "restored": _l("It may have been sent before the backup was restored."),
    "bad_address": _l("This is no address that mail can go to."),
    "no_more_tries": _l("It was tried in vain for a day."),
}


def mail_kind(mail: Mail) -> str:
    """What it is about, as a noun."""
    return str(KINDS[mail.kind])


def mail_result(mail: Mail) -> str:
    """One sentence; "" while it was not tried."""
    return str(RESULTS[mail.result]) if mail.result else ""
