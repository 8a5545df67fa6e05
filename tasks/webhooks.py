"""Messages of providers."""

from uuid import UUID

from tasks.context import task
from webapp.services.webhooks import processing


@task
def process(message_id: str) -> None:
    """Read the payment that a message speaks of; a second run finds nothing to do."""
    processing.process(UUID(message_id))
