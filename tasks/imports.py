"""Files of orders."""

from uuid import UUID

from tasks.context import task
from webapp.services.imports import running


@task
def run_import(import_id: str) -> None:
    """Move one import on for a while; a second run finds nothing to do."""
    running.run(UUID(import_id))
