"""A real Redis (Valkey) for tests, on a Unix socket, that a test may flush, stop, kill and start again."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from pathlib import Path

import redis

from tasks.local.redis_server import redis_command

FILES = "appendonlydir"


class RedisServer:
    """One server with its append-only file in `folder`; `url` is the address for every client."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._socket = folder / "redis.sock"
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"unix://{self._socket}?db=0"

    def start(self, patience: float = 10.0) -> None:
        """Start the server and wait until it answers, `patience` seconds at most."""
        command = redis_command(self._folder, socket=self._socket)
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + patience
        while not self.answers():
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise RuntimeError(f"the test Redis does not answer at {self.url}")
            time.sleep(0.02)

    def answers(self) -> bool:
        """Whether a client gets an answer now."""
        try:
            with redis.Redis.from_url(self.url) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def flush(self) -> None:
        """Forget everything, as an operator's mistake would."""
        with redis.Redis.from_url(self.url) as client:
            client.flushall()

    def keep_copy(self, folder: Path) -> None:
        """Copy what it has written; the server must be stopped."""
        shutil.copytree(self._folder / FILES, folder)

    def restore_copy(self, folder: Path) -> None:
        """Put an older state back, as from a backup; the server must be stopped."""
        shutil.rmtree(self._folder / FILES)
        shutil.copytree(folder, self._folder / FILES)

    def kill(self) -> None:
        """SIGKILL: the server gets no chance to write."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """SIGTERM: the server writes and leaves."""
        self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(timeout=10)
            self._process = None
