"""What every task needs: the application's context, log fields, timing."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable

import structlog
from flask import Flask, has_app_context

from webapp import create_app

log = structlog.get_logger()
_app: Flask | None = None


def application() -> Flask:
    """This process's application, made at first use."""
    global _app  # noqa: PLW0603 - one application per process
    if _app is None:
        _app = create_app()
    return _app


def task(work: Callable[[str], None]) -> Callable[[str], None]:
    """A task takes one row's id as text; it runs in an application context and says in the log how long it took."""

    @functools.wraps(work)
    def wrapped(row_id: str) -> None:
        started = time.monotonic()
        with structlog.contextvars.bound_contextvars(task=work.__name__, row_id=row_id):
            if has_app_context():
                work(row_id)
            else:
                with application().app_context():
                    work(row_id)
            log.info("task_done", duration_ms=round((time.monotonic() - started) * 1000))

    return wrapped
