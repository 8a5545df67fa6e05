"""`python -m tasks.local.keep [--last] LOCK PID NAME`: keeps one program alive under `make run`.

The program's command line comes in the environment and not as arguments: who kills the program by its command
line (`pkill -f "tasks.worker money"`) must not meet its keeper. The program is started again when it dies, after 1 to
5 seconds. SIGTERM ends it and all that it started. Programs share LOCK while they run; one with `--last` (Redis, the
emulator) is only ended when all others have let go of it, so that they can finish what they are doing. If the process
PID is gone, all ends.
"""

from __future__ import annotations

import fcntl
import os
import shlex
import signal
import subprocess
import sys
import time
from contextlib import suppress
from types import FrameType
from typing import IO

import psutil

from tasks.local.orphans import adopt_orphans, end_all

COMMAND = "KEPT_COMMAND"
FIRST_WAIT, LONGEST_WAIT = 1.0, 5.0
LONG_RUN = 30.0  # seconds after which a death counts as a first one again
PATIENCE = 20.0  # seconds between SIGTERM and SIGKILL
GRACE = 5.0  # seconds for the children of a program that died, before the next start
LOOK = 0.2


class Keeper:
    """One program and its restarts."""

    def __init__(self, command: list[str], lock: IO[bytes], parent: int, *, last: bool) -> None:
        self._command = command
        self._lock = lock
        self._parent = parent
        self._last = last
        self._asked = False

    def run(self) -> None:
        """Keep the program until told to end."""
        signal.signal(signal.SIGTERM, self._ask)
        signal.signal(signal.SIGINT, self._ask)
        if not self._last:
            fcntl.flock(self._lock, fcntl.LOCK_SH)
        wait = FIRST_WAIT
        while not self._ending():
            started = time.monotonic()
            child = subprocess.Popen(self._command, start_new_session=True)
            self._watch(child)
            if self._ending():
                break
            if time.monotonic() - started > LONG_RUN:
                wait = FIRST_WAIT
            print(f"ended with {child.returncode}; starts again in {wait:.0f} s", flush=True)  # noqa: T201 - its log
            self._sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT)

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        self._asked = True

    def _ending(self) -> bool:
        return self._asked or not _is_alive(self._parent)

    def _sleep(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self._ending():
            time.sleep(LOOK)

    def _watch(self, child: subprocess.Popen[bytes]) -> None:
        """Until the program has died by itself or was ended."""
        while child.poll() is None and not self._ending():
            time.sleep(LOOK)
        if child.poll() is None:
            self._let_others_go_first()
            _signal_group(child.pid, signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                child.wait(PATIENCE)
            _signal_group(child.pid, signal.SIGKILL)
            child.wait()
            end_all(psutil.Process().children(recursive=True), patience=GRACE)
            return
        # A killed worker's running job is in a group of its own and may finish; its claim protects it (R8).
        group = [process for process in psutil.Process().children() if _group_of(process) == child.pid]
        end_all(group, patience=GRACE)

    def _let_others_go_first(self) -> None:
        until = time.monotonic() + PATIENCE + 2 * LOOK
        while self._last and time.monotonic() < until:
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(LOOK)
            else:
                fcntl.flock(self._lock, fcntl.LOCK_UN)
                return


def _is_alive(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


def _signal_group(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, number)


def _group_of(process: psutil.Process) -> int | None:
    with suppress(ProcessLookupError):
        return os.getpgid(process.pid)
    return None


def main(arguments: list[str]) -> None:
    """Read the command line and keep the program."""
    last = arguments[0] == "--last"
    path, parent, _name = arguments[last:]
    command = shlex.split(os.environ.pop(COMMAND))
    adopt_orphans()
    with open(path, "ab") as lock:
        Keeper(command, lock, int(parent), last=last).run()


if __name__ == "__main__":
    main(sys.argv[1:])
