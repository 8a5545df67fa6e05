"""Processes as greenlets: one runs at a time, and the next one is whoever's moment comes first."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from greenlet import greenlet

from tests.simulation.virtual_time import VirtualTime


class Killed(BaseException):
    """The process is gone: nothing of it runs any more but the rollback that the database does by itself."""


@dataclass(eq=False)
class Process:
    """One process; `ended` is told the exception that ended it, None where it came to its end."""

    name: str
    body: Callable[[], None]
    ended: Callable[[Process, BaseException | None], None]
    thread: greenlet = field(init=False)
    began: bool = False

    def __post_init__(self) -> None:
        self.thread = greenlet(self._run)

    def _run(self) -> None:
        self.began = True
        end: BaseException | None = None
        try:
            self.body()
        except BaseException as error:  # noqa: BLE001 - also Killed; `ended` judges it
            end = error
        self.ended(self, end)


class Scheduler:
    """Who runs when. `sleep` is called by processes, everything else by the one who drives the history."""

    def __init__(self, time: VirtualTime, random: Random) -> None:
        self.time = time
        self.current: Process | None = None
        self._random = random
        self._main = greenlet.getcurrent()
        self._waiting: list[tuple[float, float, int, Process]] = []
        self._number = 0

    def start(self, process: Process, after_s: float = 0.0) -> None:
        """Let a process begin, or go on, in so many seconds."""
        self._number += 1
        heapq.heappush(self._waiting, (self.time.seconds + after_s, self._random.random(), self._number, process))

    def sleep(self, seconds: float) -> None:
        """Let the running process go on in so many seconds."""
        process = self.current
        assert process is not None, "only a process sleeps"
        self.start(process, seconds)
        self.wait()

    def wait(self) -> None:
        """Stop the running process until somebody starts it again."""
        self._main.switch()

    def next_at(self) -> float | None:
        """When the next process goes on."""
        return self._waiting[0][0] if self._waiting else None

    def run_next(self) -> Process:
        """Move time on and let the next process run until it sleeps, waits or ends."""
        at, _chance, _number, process = heapq.heappop(self._waiting)
        self.time.seconds = max(self.time.seconds, at)
        self.run(process)
        return process

    def run(self, process: Process) -> None:
        """Let this process run now."""
        self.current = process
        try:
            process.thread.switch()
        finally:
            self.current = None

    def kill(self, process: Process) -> None:
        """End a process that is not running."""
        self._waiting = [entry for entry in self._waiting if entry[3] is not process]
        heapq.heapify(self._waiting)
        if not process.began:
            process.ended(process, Killed())
            return
        self.current = process
        try:
            process.thread.throw(Killed)
        finally:
            self.current = None
