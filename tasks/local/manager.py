"""Runs the programs under honcho until a signal, and leaves no process behind."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path

import honcho.manager
import psutil

from tasks.local.keep import COMMAND
from tasks.local.orphans import adopt_orphans, end_all
from tasks.local.programs import Program, python

HARD_END = 60  # seconds after which honcho kills; `keep` is done long before


def run(programs: Iterable[Program], environ: Mapping[str, str], lock: Path) -> None:
    """Start all, relay what they print, and return when a signal has ended them all."""
    adopt_orphans()
    honcho.manager.KILL_WAIT = HARD_END
    manager = honcho.manager.Manager()
    # honcho gives each program's lines its own colour and name
    for program in programs:
        last = ["--last"] if program.last else []
        keeper = python("tasks.local.keep", *last, str(lock), str(os.getpid()), program.name)
        env = {**environ, COMMAND: shlex.join(program.command)}
        manager.add_process(program.name, f"exec {shlex.join(keeper)}", env=env)
    try:
        manager.loop()
    finally:
        end_all(psutil.Process().children(recursive=True), patience=2)
