"""Payment methods."""

from uuid import UUID

from tasks.context import task
from webapp.services.methods import asking


@task
def sync_account(account_id: str) -> None:
    """Read the list of methods that somebody asked for; a second run finds nothing to do."""
    asking.run_asked(UUID(account_id))
