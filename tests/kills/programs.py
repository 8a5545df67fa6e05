"""The processes of a kill run: the emulator, and whatever the starter forks."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

from tests.databases import ROOT
from tests.emulator import EmulatorClient
from tests.kills.blows import is_alive, members


def until(condition: Callable[[], object], seconds: float, what: str) -> None:
    """Wait for something; AssertionError that says what did not happen."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.03)


@dataclass(frozen=True)
class Program:
    """One started program; its pid names its session."""

    role: str
    pid: int
    folder: Path

    @property
    def struck(self) -> str | None:
        """Which point it was struck at and the pid that was, `K5 4711`; None: not yet."""
        mark = self.folder / "struck"
        return mark.read_text().strip() or None if mark.exists() else None

    @property
    def answer(self) -> str:
        """What it wrote down as its answer."""
        return (self.folder / "answer").read_text()

    @property
    def runs(self) -> bool:
        """Whether its first process is alive."""
        return is_alive(self.pid)

    def kill(self) -> None:
        """SIGKILL to all its processes, as when the machine is lost."""
        while left := members(self.pid):
            for pid in left:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
            time.sleep(0.01)


class Starter:
    """The process that forks the programs."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.kills.worker_main"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self._line() == "ready"

    def start(self, role: str, env: dict[str, str]) -> int:
        """Fork a program; answers its pid."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"role": role, "env": env}) + "\n")
        self._process.stdin.flush()
        return int(self._line())

    def close(self) -> None:
        """End it; what it started is the caller's to end."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=10)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


@contextmanager
def emulator_process(folder: Path) -> Iterator[EmulatorClient]:
    """`python -m providers.emulator` on a free port, keeping its ledger in a file."""
    command = [sys.executable, "-m", "providers.emulator", "--port", "0", "--data", str(folder / "emulator.sqlite3")]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        address = process.stdout.readline().rpartition(" ")[2].strip()
        client = EmulatorClient(SimpleNamespace(base_url=address))  # type: ignore[arg-type]
        yield client
        client.http.close()
    finally:
        process.terminate()
        process.wait(timeout=10)
        assert process.stdout is not None
        process.stdout.close()
