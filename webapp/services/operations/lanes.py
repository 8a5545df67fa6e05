"""Two lanes in one worker, with one wire to the providers between them.

A worker makes one call at a time. While it waits for the answer, its other lane books the answer before and claims
what comes next, so the wire rests only while an attempt is committed. Claims and fences keep lanes apart just as
they keep processes apart (I11).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar, copy_context

LANES = 2

_wire: ContextVar[AbstractContextManager[object]] = ContextVar("paydesk_wire", default=nullcontext())  # noqa: B039 - keeps no state


@contextmanager
def wire() -> Iterator[None]:
    """Hold the worker's wire. Take it before an attempt is committed, so that its call starts at once (R9)."""
    with _wire.get():
        yield


def in_lanes(work: Callable[[], int]) -> int:
    """Run `work` in every lane at once and add up what it answers; an error is raised when all lanes have ended."""
    shared = threading.Lock()

    def lane() -> int:
        _wire.set(shared)
        return work()

    with ThreadPoolExecutor(LANES, thread_name_prefix="lane") as threads:
        started = [threads.submit(copy_context().run, lane) for _ in range(LANES)]
    return sum(one.result() for one in started)
