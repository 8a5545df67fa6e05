"""`python -m tasks.worker QUEUE`: one RQ worker on exactly one queue (R19), and beside it a poller (R18).

The worker runs what Redis hands it. The poller is a process of its own that asks the database every
15 seconds for what is due and runs it, so that work goes on while Redis is down, empty or wrong. Money moves
by claims in the database alone, hence both may meet the same row.
"""

from __future__ import annotations

import argparse
import logging
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from types import FrameType

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, Worker
from rq.job import Job
from rq.serializers import JSONSerializer

from tasks.context import application
from tasks.sweep import run_due
from webapp.config import load_settings
from webapp.services import runtime
from webapp.services.operations import running

QUEUES = ("money", "default")
POLL_SECONDS = 15
WORKER_TTL = 30  # seconds until a dead worker leaves the list; RQ's 420 hides it for minutes
MONITORING_SECONDS = 5
RETRY_SECONDS = (1.0, 2.0, 5.0)
SWITCH_S = 0.0005  # a lane whose answer came waits so long for the other; Python's 5 ms are a tenth of a call

log = logging.getLogger(__name__)


class Stop:
    """Notes SIGTERM and SIGINT while no RQ worker listens to them; the second signal ends at once."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def listen(self) -> None:
        """Take the signals over; RQ takes them itself while it works."""
        signal.signal(signal.SIGTERM, self._note)
        signal.signal(signal.SIGINT, self._note)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        if self._event.is_set():
            raise SystemExit(128 + number)
        self._event.set()

    def wait(self, seconds: float) -> bool:
        """Sleep, and wake early with True when the process is to stop."""
        return self._event.wait(seconds)

    def ask(self) -> None:
        """Stop as if a signal had come."""
        self._event.set()

    @property
    def asked(self) -> bool:
        """Whether the process is to stop."""
        return self._event.is_set()


class QueueWorker(Worker):
    """An RQ worker whose jobs share no connection with it, and which asks a lost Redis again soon."""

    max_connection_wait_time = 5.0
    stop: Stop

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Looks at the clock before it forks: a job's own process lives too short to notice a jump (R8)."""
        running.steadiness_here().is_steady()
        super().execute_job(job, queue)

    def main_work_horse(self, job: Job, queue: Queue) -> None:
        """The start of a forked job: nothing of the parent's is used, and leases get this process's name."""
        start_afresh()
        super().main_work_horse(job, queue)

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """SIGTERM: finish the running job. Noted first, since RQ itself forgets it when Redis is down."""
        self.stop.ask()
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]  # rq is partly typed


def start_afresh() -> None:
    """Forget inherited database connections without closing the parent's, and take an own lease name."""
    runtime.current().engine.dispose(close=False)
    runtime.install(runtime.renamed(f"{socket.gethostname()}:{os.getpid()}"))


class Poller:
    """Keeps one poller process for `queue` alive; it ends itself when this process is gone."""

    def __init__(self, queue: str, stop: Stop) -> None:
        self._command = [sys.executable, "-m", "tasks.worker", queue, "--poll-for", str(os.getpid())]
        self._stop = stop
        self._process: subprocess.Popen[bytes] | None = None
        self._keeper = threading.Thread(target=self._keep, name=f"poller of {queue}", daemon=True)

    def start(self) -> None:
        """Start the process before RQ forks anything."""
        self._keeper.start()

    def _keep(self) -> None:
        while not self._stop.asked:
            self._process = subprocess.Popen(self._command)
            code = self._process.wait()
            if not self._stop.asked:
                log.warning("the poller ended with %s; starting it again", code)
                self._stop.wait(RETRY_SECONDS[0])

    def stop(self, patience: float = 15.0) -> None:
        """Let it finish what it runs, `patience` seconds at most."""
        self._stop.ask()
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
        self._keeper.join(patience)
        if self._keeper.is_alive() and self._process is not None:
            self._process.kill()


def queue_worker(queue: str, connection: Redis, stop: Stop) -> QueueWorker:
    """An RQ worker on `queue` alone, whose messages are JSON (R19)."""
    worker = QueueWorker(
        [Queue(queue, connection=connection, serializer=JSONSerializer)],
        connection=connection,
        serializer=JSONSerializer,
        worker_ttl=WORKER_TTL,
        job_monitoring_interval=MONITORING_SECONDS,
        log_job_description=False,
    )
    worker.stop = stop
    return worker


def work(queue: str, connection: Redis, stop: Stop) -> None:
    """Run jobs of `queue` until told to stop; a lost Redis is waited for, with one line in the log."""
    failures = 0
    while not stop.asked:
        stop.listen()
        try:
            connection.ping()
            failures = 0
            worker = queue_worker(queue, connection, stop)
            worker.work(logging_level="WARNING", with_scheduler=False)
        except RedisError as failure:
            if not failures:
                log.warning("Redis does not answer (%s); due work goes on by polling", failure)
            failures += 1
        stop.wait(RETRY_SECONDS[min(failures, len(RETRY_SECONDS) - 1)])


def poll(
    queue: str, parent: int, run: Callable[[str], int] = run_due, *, stop: Stop, every: float = POLL_SECONDS
) -> None:
    """Run what is due on `queue` every `every` seconds, until `parent` is gone or `stop` is asked.

    The first look comes after a random part of that time, so that workers do not all look at once.
    """
    next_look = time.monotonic() + random.uniform(0, every)  # noqa: S311 - no secret
    while os.getppid() == parent and not stop.wait(min(1.0, every)):
        if time.monotonic() < next_look:
            continue
        try:
            run(queue)
        except Exception:
            log.exception("polling %s failed; the next look is in %s s", queue, every)
        next_look = time.monotonic() + every


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line and work until SIGTERM, which lets a running job finish."""
    parser = argparse.ArgumentParser(prog="python -m tasks.worker", description=__doc__)
    parser.add_argument("queue", choices=QUEUES)
    parser.add_argument("--poll-for", type=int, metavar="PID", help="only poll, for this worker (internal)")
    options = parser.parse_args(arguments)
    stop = Stop()
    stop.listen()
    sys.setswitchinterval(SWITCH_S)
    with application().app_context():
        if options.poll_for:
            poll(options.queue, options.poll_for, stop=stop)
            return
        poller = Poller(options.queue, stop)
        poller.start()
        try:
            work(options.queue, Redis.from_url(load_settings().redis_url), stop)
        finally:
            poller.stop()


if __name__ == "__main__":
    main()
