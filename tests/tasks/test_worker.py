"""The worker's parts; whole workers are tried with real processes in tests/e2e."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Iterator

import pytest
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

from tasks import worker
from tasks.worker import Poller, Stop, poll
from tests.redis_server import RedisServer


@pytest.fixture(autouse=True)
def signals() -> Iterator[None]:
    """A worker takes the signals over; the test process gets its own back."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


def test_the_poller_runs_what_is_due_on_its_queue() -> None:
    """R18: due rows are run straight from the database."""
    stop = Stop()
    seen: list[str] = []

    def run(queue: str) -> int:
        seen.append(queue)
        if len(seen) == 2:
            stop.ask()
        return 1

    poll("money", os.getppid(), run, stop=stop, every=0.02)

    assert seen == ["money", "money"]


def test_the_poller_goes_on_after_a_failed_look(caplog: pytest.LogCaptureFixture) -> None:
    stop = Stop()
    looks = 0

    def run(_queue: str) -> int:
        nonlocal looks
        looks += 1
        if looks == 2:
            stop.ask()
        raise RuntimeError("database gone")

    poll("money", os.getppid(), run, stop=stop, every=0.02)

    assert looks == 2
    assert "polling money failed" in caplog.text


def test_the_poller_ends_when_its_worker_is_gone() -> None:
    def run(_queue: str) -> int:
        raise AssertionError("must not run for a worker that is gone")

    poll("money", os.getppid() + 1, run, stop=Stop(), every=0.02)


def test_a_dead_poller_is_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "RETRY_SECONDS", (0.05,))
    starts: list[int] = []

    class Process:
        """A process that is dead at once."""

        def __init__(self, _command: list[str]) -> None:
            starts.append(1)

        def wait(self) -> int:
            return -9

        def poll(self) -> int:
            return -9

    monkeypatch.setattr(worker.subprocess, "Popen", Process)
    poller = Poller("money", Stop())
    poller.start()
    time.sleep(0.4)
    poller.stop()

    assert len(starts) >= 3


def test_a_worker_waits_for_a_lost_redis_with_one_line_in_the_log(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "RETRY_SECONDS", (0.02, 0.02))
    stop = Stop()
    timer = threading.Timer(0.5, stop.ask)
    timer.start()

    with caplog.at_level(logging.WARNING), Redis(host="127.0.0.1", port=1) as connection:
        worker.work("money", connection, stop)

    timer.join()
    assert [record.message[:22] for record in caplog.records] == ["Redis does not answer "]


def test_the_worker_reads_messages_as_json(redis_server: RedisServer, redis_url: str) -> None:
    """R19: a message is JSON and holds one id, never a pickle."""
    with Redis.from_url(redis_url) as connection:
        queue = Queue("money", connection=connection, serializer=JSONSerializer)
        job = queue.enqueue("tasks.sweep.run_due", "money")
        read = worker.queue_worker("money", connection, Stop())

        assert read.queue_names() == ["money"]
        assert read.serializer is JSONSerializer
        assert read.scheduler is None
        assert read.worker_ttl == worker.WORKER_TTL
        assert job.serializer is JSONSerializer
