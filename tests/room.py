"""Where the files of tests lie: in memory where there is room, since waiting for a disk proves nothing here."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

IN_MEMORY = Path("/dev/shm")
ENOUGH = 4 * 1024**3
LONGEST = 30
"""Sockets lie below, and their addresses hold about a hundred characters."""


def move_in() -> None:
    """From now on temporary files of this process and of those that it starts are made in memory.

    Nothing changes where somebody chose a folder, or where memory has too little room or runs no programs.
    """
    if "TMPDIR" not in os.environ and is_good(IN_MEMORY):
        os.environ["TMPDIR"] = str(IN_MEMORY)
        tempfile.tempdir = None  # what was found before is forgotten


def is_good(folder: Path) -> bool:
    """Whether tests can live in it."""
    if not (folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)):
        return False
    runs_programs = not os.statvfs(folder).f_flag & os.ST_NOEXEC
    return runs_programs and shutil.disk_usage(folder).free >= ENOUGH


def for_sockets() -> str:
    """The folder of temporary files, or a shorter one for what has sockets in it."""
    folder = tempfile.gettempdir()
    return folder if len(folder) <= LONGEST else "/tmp"
