"""Tasks that a provider hands out for what it carries out later (`FollowsTasks`)."""

from __future__ import annotations

import structlog

from providers.errors import ProviderError
from providers.kinds import RequestState
from providers.port import FollowsTasks, PaymentProvider
from webapp.domain.operations import OperationState
from webapp.models import Operation

log = structlog.get_logger()


def task_of(adapter: PaymentProvider, operation: Operation) -> RequestState | None:
    """How the task of a pending operation stands; None where it has none, or it cannot be read.

    Never raises: the payment's own read has the last word, and it comes next.
    """
    task_id = operation.provider_operation_id
    if operation.state is not OperationState.PENDING or task_id is None or not isinstance(adapter, FollowsTasks):
        return None
    try:
        return adapter.fetch_task(task_id)
    except ProviderError as failure:
        log.info("task_not_read", operation_id=str(operation.id), error_type=type(failure).__name__)
        return None
