"""Scheduled jobs."""

from uuid import UUID

from tasks.context import task
from webapp.services.jobs import running


@task
def run_job(run_id: str) -> None:
    """Run one due job; a second run finds nothing to do."""
    running.run_job(UUID(run_id))
