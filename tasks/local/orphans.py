"""Processes whose parent was killed: they become ours, so that none outlives the local installation."""

from __future__ import annotations

import ctypes
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress

import psutil

SET_CHILD_SUBREAPER = 36  # <sys/prctl.h>


def adopt_orphans() -> None:
    """From now on, on Linux, a process below us that loses its parent becomes our child instead of init's."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_all(processes: Sequence[psutil.Process], *, patience: float) -> None:
    """SIGTERM, and after `patience` seconds SIGKILL; also takes away what has ended already."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGTERM)
    _gone, stubborn = psutil.wait_procs(processes, timeout=patience)
    for process in stubborn:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(stubborn, timeout=patience)
