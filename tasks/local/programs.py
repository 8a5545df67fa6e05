"""What `make run` starts: each program by its name, with its command line."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from tasks.local.ports import HOST
from tasks.local.redis_server import redis_command
from webapp.config import Settings


@dataclass(frozen=True, slots=True)
class Program:
    """One program; `last` ones end after all others, since those need them to finish."""

    name: str
    command: list[str]
    last: bool = False


def programs(settings: Settings) -> list[Program]:
    """Everything that runs, in the order of its start."""
    ports = settings.local_ports
    redis_folder = Path(settings.data_dir, "redis")
    redis_folder.mkdir(parents=True, exist_ok=True)
    emulator = ["--port", str(ports["emulator"]), "--smtp-port", str(ports["smtp"])]
    return [
        Program("redis", redis_command(redis_folder, port=ports["redis"]), last=True),
        Program("emulator", python("providers.emulator", *emulator), last=True),
        Program("web", web_command(ports["web"])),
        Program("money", python("tasks.worker", "money")),
        Program("default", python("tasks.worker", "default")),
        Program("scheduler", python("tasks.scheduler")),
        *([Program("metrics", python("tasks.metrics"))] if settings.metrics_port else []),
    ]


def web_command(port: int) -> list[str]:
    """gunicorn on loopback. Its control socket would be one for all copies of this user, so it has none."""
    options = {
        "bind": f"{HOST}:{port}",
        "worker-class": "gthread",
        "workers": "2",
        "threads": "8",
        "graceful-timeout": "10",
        "log-level": "warning",
    }
    flags = [part for name, value in options.items() for part in (f"--{name}", value)]
    return python("gunicorn", "--no-control-socket", *flags, "wsgi:application")


def python(module: str, *arguments: str) -> list[str]:
    """A module run by this environment's Python."""
    return [sys.executable, "-m", module, *arguments]
