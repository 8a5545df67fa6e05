"""After the start: waits for the first page, fills in the demo data and says where to go."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Mapping

import httpx

from webapp.config import Settings

PATIENCE = 60.0  # seconds until a start counts as failed


class Welcome(threading.Thread):
    """Runs beside the process manager, which owns the main thread."""

    def __init__(self, settings: Settings, environ: Mapping[str, str]) -> None:
        super().__init__(name="welcome", daemon=True)
        self._settings = settings
        self._environ = dict(environ)

    def run(self) -> None:
        """Wait, fill in, and say it once."""
        ports = self._settings.local_ports
        emulator = f"http://127.0.0.1:{ports['emulator']}/_emulator"
        if not (_answers(f"{self._settings.public_url}/healthz") and _answers(f"{emulator}/ledger")):
            _say("Paydesk does not answer; the lines above say why. Ctrl-C ends it.")
            return
        sign_ins = _demo(self._environ)
        mails = f"http://127.0.0.1:{ports['emulator']}/mails"
        _say(
            f"Paydesk is ready:   {self._settings.public_url}\n"
            f"Mail it has sent:   {mails}\n"
            f"Metrics:            {_metrics(self._settings)}\n"
            f"Data is kept in:    {self._settings.data_dir}\n"
            f"Other ports:        redis {ports['redis']}, emulator {ports['emulator']}, mail {ports['smtp']}\n"
            f"\n{sign_ins}\n"
            "Ctrl-C ends everything; the next `make run` goes on with the same data."
        )


def _demo(environ: Mapping[str, str]) -> str:
    """Make the demo data if they are not there, and return the sign-ins that the command prints."""
    command = [sys.executable, "-m", "tasks.local.demo"]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        return f"The demo data could not be made:\n{done.stderr.strip()[-2000:]}\n"
    return f"Sign in as one of:\n{done.stdout.rstrip()}\n"


def _metrics(settings: Settings) -> str:
    host, port = settings.metrics_host, settings.metrics_port
    return f"http://{host}:{port}/metrics" if port else "switched off"


def _answers(address: str) -> bool:
    """Whether the address answers 200 within the patience."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            if httpx.get(address, timeout=10, trust_env=False).is_success:
                return True
        except httpx.TransportError:
            pass  # it is still starting
        time.sleep(0.1)
    return False


def _say(text: str) -> None:
    line = "-" * 78
    print(f"\n{line}\n{text}\n{line}", flush=True)  # noqa: T201 - meant for the person at the terminal
