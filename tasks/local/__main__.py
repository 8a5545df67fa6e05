"""`python -m tasks.local`, which `make run` calls: the whole of Paydesk on this machine until Ctrl-C."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from contextlib import suppress
from typing import IO

from tasks.local import manager
from tasks.local.ports import taken_ports
from tasks.local.programs import programs
from tasks.local.welcome import Welcome
from webapp.config import ConfigurationError, Settings, load_settings

REFUSED = 2  # exit code: nothing was started


def main() -> int:
    """Check, migrate, run; 0 after Ctrl-C or SIGTERM, 2 when nothing was started."""
    try:
        settings = load_settings()
    except ConfigurationError as wrong:
        return _refuse(str(wrong))
    if not settings.is_development:
        return _refuse("`make run` is for development; docs/deploy.md says how production is run.")
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with open(settings.data_dir / "local.lock", "ab") as copy:
        if not _lock(copy):
            return _refuse(f"Paydesk runs already on {settings.data_dir}. Set PAYDESK_DATA_DIR to another folder.")
        if taken := taken_ports(settings.local_ports):
            return _refuse("\n".join(taken))
        with suppress(KeyboardInterrupt):
            return _run(settings)
    return 0


def _run(settings: Settings) -> int:
    environ = _environment(settings)
    migrated = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "db", "upgrade"], env=environ, check=False
    )
    if migrated.returncode:
        return _refuse("The database could not be brought to the newest schema; the lines above say why.")
    Welcome(settings, environ).start()
    manager.run(programs(settings), environ, settings.data_dir / "run.lock")
    return 0


def _environment(settings: Settings) -> dict[str, str]:
    """What the programs get: the settings that all of them must agree on, and lines without delay."""
    return os.environ | {
        "PAYDESK_ENV": settings.env,
        "PAYDESK_PORT": str(settings.port),
        "PAYDESK_DATA_DIR": str(settings.data_dir),
        "PYTHONUNBUFFERED": "1",
    }


def _lock(file: IO[bytes]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _refuse(reason: str) -> int:
    print(reason, file=sys.stderr)  # noqa: T201 - the answer to the person who typed the command
    return REFUSED


if __name__ == "__main__":
    sys.exit(main())
