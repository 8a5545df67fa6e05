"""Runs the programs under honcho until a signal, and leaves no process behind."""

from __future__ import annotations

import ctypes
import os
import shlex
import signal
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import honcho.manager
import psutil

from tasks.local.programs import Program, python

HARD_END = 60  # seconds after which honcho kills; `keep` is done long before
SET_CHILD_SUBREAPER = 36  # <sys/prctl.h>


def run(programs: Iterable[Program], environ: Mapping[str, str], lock: Path) -> None:
    """Start all, relay what they print, and return when a signal has ended them all."""
    _adopt_orphans()
    honcho.manager.KILL_WAIT = HARD_END
    manager = honcho.manager.Manager()
    # honcho gives each program's lines its own colour and name
    for program in programs:
        last = ["--last"] if program.last else []
        command = python("tasks.local.keep", *last, str(lock), str(os.getpid()), *program.command)
        manager.add_process(program.name, f"exec {shlex.join(command)}", env=dict(environ))
    try:
        manager.loop()
    finally:
        _end_orphans()


def _adopt_orphans() -> None:
    """On Linux, children of killed workers become ours instead of init's, so that they can be ended."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _end_orphans() -> None:
    """End what is left of programs that were killed; they get two seconds to leave by themselves."""
    left = psutil.Process().children(recursive=True)
    for process in left:
        _send(process, signal.SIGTERM)
    _gone, stubborn = psutil.wait_procs(left, timeout=2)
    for process in stubborn:
        _send(process, signal.SIGKILL)
    psutil.wait_procs(stubborn, timeout=2)


def _send(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return  # it has left meanwhile
