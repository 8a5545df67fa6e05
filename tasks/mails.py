"""Mails."""

from uuid import UUID

from tasks.context import task
from webapp.services.mails import sending


@task
def send(mail_id: str) -> None:
    """Send one mail if it is due; a second run finds nothing to do."""
    sending.send(UUID(mail_id))
