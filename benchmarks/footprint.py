"""What `make run` needs: seconds to the first page, and the memory of each of its processes.

`make run` is started here with data of its own: first on an empty folder ("new data": schema and demo included),
then again on the same ("warm"). With `--cold` a clone of the repository comes first, without environment, so that
the set-up is in the time too. Memory is read when the demo data are there and every kind of first page was asked for;
PSS shares what several processes have in common among them, so it may be added up.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from tests.databases import ROOT

PORT = 18640
PATIENCE_S = 1800
PAGES = ("/sign-in", "/healthz", "/orders")
READY = b"Paydesk is ready"
NAMES = {
    "gunicorn": "web (gunicorn)",
    "tasks.worker money": "worker money",
    "tasks.worker default": "worker default",
    "tasks.scheduler": "scheduler",
    "providers.emulator": "emulator",
    "valkey": "redis",
    "tasks.local.keep": "keeper of each",
    "tasks.local": "manager",
}
"""What a command line holds, the first that fits; a keeper's holds that of the program it keeps."""


@dataclass(frozen=True)
class Process:
    """Memory in MiB."""

    name: str
    pss: float
    rss: float


@dataclass(frozen=True)
class Footprint:
    """Seconds from the command to the first page, by kind of start, and the processes of the last one."""

    starts: dict[str, float]
    processes: list[Process]

    def __str__(self) -> str:
        """A line for each start, then the processes."""
        lines = [f"make run, {name}: first page after {seconds:.1f} s" for name, seconds in self.starts.items()]
        for name in sorted({process.name for process in self.processes}):
            alike = [process for process in self.processes if process.name == name]
            sums = f"PSS {sum(each.pss for each in alike):6.1f} MiB, RSS {sum(each.rss for each in alike):6.1f} MiB"
            lines.append(f"make run, memory of {name:<16} {sums} in {len(alike)} process(es)")
        lines.append(f"make run, memory in all: PSS {sum(process.pss for process in self.processes):.0f} MiB")
        return "\n".join(lines)


def measure(*, cold: bool) -> Footprint:
    """Start it two times, or three."""
    starts: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="paydesk-run-") as name:
        folder = Path(name)
        if cold:
            subprocess.run(["git", "clone", "--quiet", ROOT, folder / "clone"], check=True)
            with _running(folder / "clone", folder / "cold") as (starts["cold: no environment, new data"], _root):
                pass
        with _running(ROOT, folder / "data") as (starts["new data"], _root):
            pass
        with _running(ROOT, folder / "data") as (starts["warm"], root):
            for page in PAGES * 8:
                httpx.get(_address(page), timeout=30, trust_env=False, follow_redirects=True).raise_for_status()
            processes = [_memory(process) for process in root.children(recursive=True)]
    return Footprint(starts, [process for process in processes if process is not None])


@contextmanager
def _running(where: Path, data: Path) -> Iterator[tuple[float, psutil.Process]]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PAYDESK_", "MAKE"))}
    environ |= {"PAYDESK_PORT": str(PORT), "PAYDESK_DATA_DIR": str(data)}
    said = data.with_suffix(".log")
    with said.open("wb") as log:
        started = time.perf_counter()
        process = subprocess.Popen(
            ["make", "run"], cwd=where, env=environ, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            seconds = _until_first_page(process, started, said)
            _until_ready(process, said)
            yield seconds, psutil.Process(process.pid)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def _until_first_page(process: subprocess.Popen[bytes], started: float, said: Path) -> float:
    while time.perf_counter() - started < PATIENCE_S:
        try:
            if httpx.get(_address("/sign-in"), timeout=10, trust_env=False).is_success:
                return time.perf_counter() - started
        except httpx.TransportError:
            _check(process, said)
        time.sleep(0.05)
    raise RuntimeError(f"no page within {PATIENCE_S} s:\n{said.read_text()[-2000:]}")


def _until_ready(process: subprocess.Popen[bytes], said: Path) -> None:
    while READY not in said.read_bytes():
        _check(process, said)
        time.sleep(0.2)


def _check(process: subprocess.Popen[bytes], said: Path) -> None:
    if process.poll() is not None:
        raise RuntimeError(f"make run ended with {process.returncode}:\n{said.read_text()[-2000:]}")


def _address(path: str) -> str:
    return f"http://127.0.0.1:{PORT}{path}"


def _memory(process: psutil.Process) -> Process | None:
    """PSS and RSS of one process; None when it ended meanwhile."""
    try:
        command = " ".join(process.cmdline())
        rollup = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
    except (psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):
        return None
    sizes = {line.split(":")[0]: int(line.split()[1]) / 1024 for line in rollup.splitlines()[1:]}
    if "tasks.local.keep" in command:
        name = NAMES["tasks.local.keep"]
    else:
        name = next((title for part, title in NAMES.items() if part in command), Path(command.split()[0]).name)
    return Process(name, sizes["Pss"], sizes["Rss"])
