"""`python -m tests.kills.worker_main`: the real programs, started as real processes that may be killed.

Reads one JSON line per process to start, `{"role": ..., "env": {...}}`, forks it into a session of its own and
answers its pid. Everything is imported once, so that a start costs a fork and not seconds. The knobs of a run
stand in its environment and are put into the modules here: production code knows none of them.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flask import Flask
from gunicorn.app.base import BaseApplication

from providers.planning import WishKind
from tasks import scheduler, worker
from tests.kills.blows import Striker, blow_of
from webapp import create_app
from webapp.models import Via
from webapp.services import clock, kill_points, steadiness
from webapp.services.audit import Actor
from webapp.services.jobs import runs, undoing
from webapp.services.mails import sending as mail_sending
from webapp.services.operations import claiming, first_byte, planning, sending
from webapp.services.webhooks import processing


class ForkedPoller(worker.Poller):
    """The poller as a fork: the same loop in a process of its own, without the seconds of a new interpreter."""

    def start(self) -> None:
        """Fork before RQ does."""
        parent = os.getpid()
        self._pid = os.fork()
        if self._pid:
            return
        worker.start_afresh()
        stop = worker.Stop()
        stop.listen()
        worker.poll(self._command[3], parent, stop=stop, every=float(os.environ.get("KILLS_POLL_S", "15")))
        os._exit(0)

    def stop(self, patience: float = 15.0) -> None:
        """End it."""
        self._stop.ask()
        os.kill(self._pid, signal.SIGTERM)


def work(queue: str) -> None:
    """A worker on one queue with its poller."""
    worker.Poller = ForkedPoller  # type: ignore[misc]
    worker.main([queue])


def file_wish() -> None:
    """A web process that files one operation; its id goes to the file `answer` beside the log."""
    create_app()
    wish = json.loads(os.environ["KILLS_WISH"])
    made = planning.file_wish(
        planning.PlannedWish(
            actor=Actor(uuid.UUID(wish["user"]), Via.WEB),
            shop_id=uuid.UUID(wish["shop"]),
            payment_id=uuid.UUID(wish["payment"]),
            kind=WishKind(wish["kind"]),
            as_found=True,
            request_id=uuid.UUID(wish["request"]),
            amount_minor=wish["amount_minor"],
            reason_id=uuid.UUID(wish["reason"]),
        )
    )
    (Path(os.environ["KILLS_LOG"]).parent / "answer").write_text(str(made.operation_ids[0]))


class Web(BaseApplication):  # type: ignore[misc]  # gunicorn is not typed
    """gunicorn as it runs in production, with one worker: forked like the rest."""

    def load_config(self) -> None:
        """On the port that the run chose."""
        settings = {"bind": f"127.0.0.1:{os.environ['KILLS_PORT']}", "worker_class": "gthread", "threads": 4}
        for name, value in (settings | {"control_socket_disable": True, "loglevel": "warning"}).items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """In the worker, after its fork."""
        return create_app()


ROLES: dict[str, Callable[[], None]] = {
    "worker": lambda: work("money"),
    "default": lambda: work("default"),
    "scheduler": scheduler.main,
    "file": file_wish,
    "web": lambda: Web().run(),
}


def put_knobs() -> None:
    """Shorter times where the run asks for them; a lease keeps its proportion to the call (R9)."""
    if seconds := float(os.environ.get("KILLS_LEASE_S", "0")):
        claiming.LEASE = sending.LEASE = timedelta(seconds=seconds)  # type: ignore[attr-defined]
        mail_sending.LEASE = processing.LEASE = runs.LEASE = timedelta(seconds=seconds)
        sending.CALL_DEADLINE = timedelta(seconds=seconds * 0.4)  # type: ignore[attr-defined]
        first_byte.COMMIT_TO_FIRST_BYTE_S = seconds * 0.25  # type: ignore[attr-defined]
    if apart := os.environ.get("KILLS_READS_APART_S"):
        processing.ONE_READ_IN = timedelta(seconds=float(apart))
    if batch := os.environ.get("KILLS_BATCH"):
        undoing.BATCH = int(batch)
    if rounds := os.environ.get("KILLS_CLEAN_EVERY"):
        scheduler.CLEAN_EVERY = int(rounds)
    if pause := os.environ.get("KILLS_PAUSE_S"):
        steadiness.PAUSE_S = float(pause)
    if jump := os.environ.get("KILLS_JUMP_FILE"):
        clock.DatabaseClock.wall = lambda _self: _jumped(Path(jump))  # type: ignore[method-assign]


def _jumped(file: Path) -> datetime:
    """The machine's clock, set forward by the seconds that the file holds once it is there."""
    seconds = float(file.read_text()) if file.exists() else 0.0
    return datetime.now(UTC) + timedelta(seconds=seconds)


def become(role: str, env: dict[str, str]) -> None:
    """Turn this fork into one of the programs."""
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.environ.update(env)
    log = os.open(env["KILLS_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    put_knobs()
    blow = blow_of(os.environ)
    if blow is not None:
        kill_points.observe(Striker(blow, Path(os.environ["KILLS_FOLDER"])))
    code = 0
    try:
        ROLES[role]()
    except BaseException:  # noqa: BLE001 - the log of a run has to say why a program ended
        traceback.print_exc()
        code = 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def main() -> None:
    """Fork what is asked for until standard input ends."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the killed
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            become(order["role"], order["env"])
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
