"""Scheduled jobs."""

from uuid import UUID

from tasks.context import task
from webapp.services import schedules


@task
def run_job(run_id: str) -> None:
    """Run one due job; a second run finds nothing to do."""
    schedules.run_job(UUID(run_id))
