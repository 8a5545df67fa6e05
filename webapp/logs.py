"""Logs as one JSON object per line, from our code and from libraries alike; fields by allow-list only (16.2.5)."""

from __future__ import annotations

import logging
import sys

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

FIELDS = frozenset(
    """
    event level logger timestamp exception request_id user_id shop_id account_id operation_id payment_id attempt fence
    kind state job task queue row_id outcome code status method endpoint duration_ms count provider owner pid
    error_type seconds pause_s reason number waited_s lag_s rows due host problem
    """.split()  # noqa: SIM905 - forty quoted words would be harder to read
)


def only_known_fields(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Drop every field that is not on the list, so that no secret is logged by a careless keyword."""
    return {name: value for name, value in event.items() if name in FIELDS}


def without_control_characters(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """The text of an event stays on one line, also where a terminal shows it."""
    event["event"] = "".join(mark if mark.isprintable() else " " for mark in str(event.get("event", "")))
    return event


def configure_logs(level: int = logging.INFO) -> None:
    """Send everything to standard error as JSON; may be called again."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=_last_steps()))
    root = logging.getLogger()
    root.handlers = [kept for kept in root.handlers if not getattr(kept, "paydesk", False)]
    handler.paydesk = True  # type: ignore[attr-defined]  # marks ours, so that a second call replaces it
    root.addHandler(handler)
    root.setLevel(level)
    for library in ("alembic", "httpx", "httpcore", "rq.worker"):
        logging.getLogger(library).setLevel(logging.WARNING)


def _last_steps() -> list[Processor]:
    return [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
        only_known_fields,
        without_control_characters,
        structlog.processors.JSONRenderer(),
    ]
