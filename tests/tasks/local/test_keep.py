"""The keeper of one program, with real processes."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tasks.local.keep import COMMAND

pytestmark = pytest.mark.kill

PROGRAM = """
import os, pathlib, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
with open(sys.argv[1], "a") as log:
    log.write(f"{os.getpid()} {child.pid}\\n")
time.sleep(60)
"""


def starts(log: Path) -> list[tuple[int, int]]:
    """The numbers of the program and of its child, for each start."""
    text = log.read_text() if log.exists() else ""
    return [(int(line.split()[0]), int(line.split()[1])) for line in text.splitlines(keepends=True) if line[-1] == "\n"]


def is_running(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


def until(met: Callable[[], bool], seconds: float = 15) -> None:
    """Wait for a condition; the test fails if it does not come."""
    end = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


class Kept:
    """Starts keepers over one lock, and ends what a failed test leaves."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.keepers: list[subprocess.Popen[bytes]] = []

    def start(self, name: str, *options: str, parent: int | None = None) -> tuple[subprocess.Popen[bytes], Path]:
        """A keeper of the program above, and the log of its starts."""
        log = self.folder / name
        command = [sys.executable, "-m", "tasks.local.keep", *options, str(self.folder / "lock")]
        command += [str(parent or os.getpid()), name]
        kept = shlex.join([sys.executable, "-c", PROGRAM, str(log)])
        keeper = subprocess.Popen(command, stdout=subprocess.DEVNULL, env={**os.environ, COMMAND: kept})
        self.keepers.append(keeper)
        until(lambda: bool(starts(log)))
        return keeper, log


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    """Keepers that are gone after the test."""
    keepers = Kept(tmp_path)
    yield keepers
    for keeper in keepers.keepers:
        keeper.terminate()
        keeper.wait(30)


def test_a_killed_program_comes_back_without_its_old_children(kept: Kept) -> None:
    _keeper, log = kept.start("program")
    program, child = starts(log)[0]

    os.kill(program, signal.SIGKILL)

    until(lambda: len(starts(log)) == 2)
    assert not is_running(program)
    assert not is_running(child)
    assert is_running(starts(log)[1][0])


def test_who_kills_by_the_command_line_does_not_meet_the_keeper(kept: Kept) -> None:
    keeper, log = kept.start("program")

    words = " ".join(psutil.Process(starts(log)[0][0]).cmdline())

    assert words not in " ".join(psutil.Process(keeper.pid).cmdline())
    assert COMMAND not in psutil.Process(starts(log)[0][0]).environ()


def test_the_end_leaves_nothing_running(kept: Kept) -> None:
    keeper, log = kept.start("program")

    keeper.terminate()

    assert keeper.wait(15) == 0
    assert not any(is_running(pid) for pid in starts(log)[0])


def test_all_ends_when_the_one_who_started_it_is_gone(kept: Kept) -> None:
    starter = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    keeper, log = kept.start("program", parent=starter.pid)

    starter.kill()
    starter.wait()

    assert keeper.wait(15) == 0
    assert not any(is_running(pid) for pid in starts(log)[0])


def test_redis_and_the_emulator_stay_until_the_others_have_finished(kept: Kept) -> None:
    needed, needed_log = kept.start("needed", "--last")
    user, _user_log = kept.start("user")

    needed.terminate()
    time.sleep(1)
    assert is_running(starts(needed_log)[0][0])

    user.terminate()
    assert user.wait(15) == 0
    assert needed.wait(15) == 0
    assert not is_running(starts(needed_log)[0][0])
