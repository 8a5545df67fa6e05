"""Operations: whichever kind, a worker claims what is due and does what it needs."""

from uuid import UUID

from tasks.context import task
from webapp.services.operations import running


@task
def run_operation(operation_id: str) -> None:
    """Run one operation if it is due, then whatever else is: a wake-up is too dear for one row alone."""
    running.run_operation(UUID(operation_id))
    running.run_due()
    running.leave_word_if_more_is_due()
