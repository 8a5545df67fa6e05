"""A whole Paydesk for a measurement: real database, Redis, emulator and settings, in a folder of its own."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from benchmarks.stock import stocked
from tasks.local.ports import HOST
from tests.databases import ROOT, PostgresDatabases, SqliteDatabases
from tests.postgres_server import postgres_server
from tests.redis_server import RedisServer

KINDS = ("sqlite", "postgresql")
SECRET_KEY = "sk_test_bench"

_CLIENT = httpx.Client(timeout=60, trust_env=False)


@dataclass(frozen=True)
class Setting:
    """Where everything is; `environ` is what every process of the measurement gets, `databases` are by orders."""

    kind: str
    folder: Path
    environ: dict[str, str]
    emulator_url: str
    databases: Mapping[int, str]

    def control(self, method: str, path: str, body: object = None) -> dict[str, object]:
        """One call to the emulator's control side."""
        answer = _CLIENT.request(method, f"{self.emulator_url}/_emulator/{path}", json=body)
        answer.raise_for_status()
        found: dict[str, object] = answer.json()
        return found

    def start(self, *module: str) -> subprocess.Popen[bytes]:
        """A process of ours with these settings."""
        return subprocess.Popen(
            [sys.executable, "-m", *module],
            env=self.environ,
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=(self.folder / f"{'-'.join(module)}.log").open("ab"),
        )


@contextmanager
def setting(kind: str, port: int = 18600, orders: Sequence[int] = (0,)) -> Iterator[Setting]:
    """Everything but the processes that are measured; gone at the end, also from the disk.

    With `orders` the databases are copies of some that hold so many (crowd.py), with two shops and one merchant each;
    the first of them stands in the settings.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="paydesk-bench-")))
        redis = RedisServer(folder)
        redis.start()
        stack.callback(redis.stop)
        emulator_url = f"http://{HOST}:{port + 2}"
        environ = _environ(folder, redis.url, emulator_url, port)
        os.environ.update(environ)
        databases = stack.enter_context(_databases(kind, folder, orders))
        os.environ["PAYDESK_DATABASE_URL"] = environ["PAYDESK_DATABASE_URL"] = databases[orders[0]]
        made = Setting(kind, folder, environ, emulator_url, databases)
        emulator = made.start("providers.emulator", "--port", str(port + 2), "--data", ":memory:")
        stack.callback(_end, emulator)
        _wait_for(made)
        made.control("POST", "accounts", {"provider": "komoju", "mode": "test", "secret_key": SECRET_KEY})
        yield made


def _databases(kind: str, folder: Path, orders: Sequence[int]) -> AbstractContextManager[dict[int, str]]:
    return stocked(kind, orders, folder, SECRET_KEY) if any(orders) else _empty(kind, folder)


@contextmanager
def _empty(kind: str, folder: Path) -> Iterator[dict[int, str]]:
    with ExitStack() as stack:
        if kind == "sqlite":
            yield {0: stack.enter_context(SqliteDatabases(folder).fresh())}
        else:
            server = stack.enter_context(postgres_server())
            yield {0: stack.enter_context(PostgresDatabases(server, folder).fresh())}


def _environ(folder: Path, redis_url: str, emulator_url: str, port: int) -> dict[str, str]:
    secret = "benchmark-only-" + "k9Lm2QxZ" * 4
    return os.environ | {
        "PAYDESK_ENV": "development",
        "PAYDESK_PORT": str(port),
        "PAYDESK_DATA_DIR": str(folder / "data"),
        "PAYDESK_REDIS_URL": redis_url,
        "PAYDESK_SECRET_KEY": secret,
        "PAYDESK_AUDIT_KEY": secret[::-1],
        "PAYDESK_KEYRING": base64.urlsafe_b64encode(bytes(range(32))).decode(),
        "PAYDESK_EMULATOR_KOMOJU_URL": f"{emulator_url}/komoju",
    }


def _wait_for(made: Setting) -> None:
    until = time.monotonic() + 20
    while True:
        try:
            made.control("GET", "clock")
            return
        except httpx.TransportError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
