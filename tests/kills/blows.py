"""What strikes a process at a kill point: SIGKILL as if the machine were lost, or SIGSTOP. Told by the environment.

A blow falls once: the first process that is due marks it. Points are counted over all processes of one start,
since RQ forks a process for every job.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from webapp.services.kill_points import KillPoint

ANY = "any"


@dataclass(frozen=True)
class Blow:
    """`action` falls at the `nth` time that `point` (or any point) is reached.

    kill: all processes of this start die. orphan: all but the one that reached the point's own job die, as when
    a worker is killed and leaves its child running. wire: kill after `seconds`, while the call is under way.
    stop: this process alone is frozen.
    """

    point: str
    nth: int = 1
    action: str = "kill"
    seconds: float = 0.15

    def environment(self, folder: Path) -> dict[str, str]:
        """As variables for the process that is to be struck; `folder` takes count and mark."""
        return {
            "KILLS_POINT": self.point,
            "KILLS_NTH": str(self.nth),
            "KILLS_ACTION": self.action,
            "KILLS_SECONDS": str(self.seconds),
            "KILLS_FOLDER": str(folder),
        }


def blow_of(environ: Mapping[str, str]) -> Blow | None:
    """The blow that the environment tells of."""
    if "KILLS_POINT" not in environ:
        return None
    seconds = float(environ["KILLS_SECONDS"])
    return Blow(environ["KILLS_POINT"], int(environ["KILLS_NTH"]), environ["KILLS_ACTION"], seconds)


class Striker:
    """The observer of kill points in a process under test."""

    def __init__(self, blow: Blow, folder: Path) -> None:
        self._blow = blow
        self._count = folder / "count"
        self._mark = folder / "struck"

    def __call__(self, point: KillPoint) -> None:
        """Called by the engine at each point."""
        if self._blow.point not in (ANY, point.value) or _append(self._count) != self._blow.nth:
            return
        self._mark.write_text(f"{point.value} {os.getpid()}\n")
        if self._blow.action == "stop":
            os.kill(os.getpid(), signal.SIGSTOP)
        elif self._blow.action == "wire":
            threading.Thread(target=self._later, daemon=True).start()
        else:
            kill_session(os.getsid(0), spare=os.getpid() if self._blow.action == "orphan" else None)

    def _later(self) -> None:
        time.sleep(self._blow.seconds)
        kill_session(os.getsid(0))


def _append(path: Path) -> int:
    """One more byte, atomically; answers how many there are."""
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        os.write(handle, b".")
        return os.lseek(handle, 0, os.SEEK_CUR)
    finally:
        os.close(handle)


def processes() -> Iterator[tuple[int, str, int]]:
    """Every process as (pid, state letter, session)."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            yield int(entry.name), fields[0], int(fields[3])


def is_alive(pid: int) -> bool:
    """Whether a process runs or is frozen; one that nobody has waited for yet is dead."""
    return any(found == pid and state not in "ZX" for found, state, _session in processes())


def members(session: int) -> list[int]:
    """The living processes of one start; a session is begun by each, so these are ours."""
    return [pid for pid, state, found in processes() if found == session and state not in "ZX"]


def kill_session(session: int, *, spare: int | None = None) -> None:
    """SIGKILL to all processes of one start, this one last."""
    own = os.getpid()
    for pid in members(session):
        if pid not in (own, spare):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
    if spare != own and os.getsid(0) == session:
        os.kill(own, signal.SIGKILL)
