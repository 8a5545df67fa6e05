"""R9: between the commit of an attempt and its first byte at most five seconds may pass, else it is not sent.

The adapter asks when its connection stands and nothing is written yet, so a process that was frozen while it
connected stops there too.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from providers.errors import ProviderUnavailable
from webapp.domain.operations import COMMIT_TO_FIRST_BYTE_S
from webapp.services import runtime

_committed_at: ContextVar[float | None] = ContextVar("paydesk_attempt_committed_at", default=None)


@contextmanager
def sent_soon_after(committed_at: float) -> Iterator[None]:
    """Calls made inside must begin soon after `committed_at` (monotonic seconds)."""
    token = _committed_at.set(committed_at)
    try:
        yield
    finally:
        _committed_at.reset(token)


def check() -> None:
    """Raises ProviderUnavailable, the proof that nothing was sent, when the time for the first byte is over."""
    committed_at = _committed_at.get()
    if committed_at is not None and is_too_late(committed_at):
        raise ProviderUnavailable("held up between commit and first byte")


def is_too_late(committed_at: float) -> bool:
    """Whether an attempt committed at this monotonic second may not be sent any more."""
    return runtime.current().clock.monotonic() - committed_at > COMMIT_TO_FIRST_BYTE_S
