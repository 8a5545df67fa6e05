"""`python -m tasks.scheduler`: the relay, the clock of the schedules, and the broom behind dead workers.

Any number may run at once: unique keys decide who wins (R20).
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType

import structlog
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue
from rq.registry import StartedJobRegistry
from rq.serializers import JSONSerializer
from sqlalchemy.exc import SQLAlchemyError

from tasks.context import application
from tasks.relay import Relay
from webapp.config import load_settings
from webapp.services.alerts import looking
from webapp.services.jobs import closing, making, overdue, schedules
from webapp.services.mails import failures
from webapp.services.unit_of_work import DatabaseBusy
from webapp.services.wake_ups import DEFAULT_QUEUE, MONEY_QUEUE

log = structlog.get_logger()
RELAY_EVERY_S = 0.2
TICK_EVERY = 5  # rounds of the relay
CLEAN_EVERY = 50


def main() -> None:
    """Run until SIGTERM or SIGINT."""
    stop = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    with application().app_context():
        connection = Redis.from_url(load_settings().redis_url)
        _attempt(schedules.ensure)
        _loop(Relay(connection), connection, stop)


def _loop(relay: Relay, connection: Redis, stop: threading.Event) -> None:
    round_number = 0
    while not stop.wait(RELAY_EVERY_S):
        round_number += 1
        _attempt(relay.publish)
        if round_number % TICK_EVERY == 0:
            _attempt(making.tick)
            _attempt(closing.close_finished)
            _attempt(failures.make_due)
        if round_number % CLEAN_EVERY == 0:
            _attempt(lambda: clean(connection))
            _attempt(schedules.ensure)
            _attempt(overdue.announce_new)
            _attempt(looking.look)


def clean(connection: Redis) -> None:
    """Take jobs of dead workers off the list; the rows that they were for are found by the poll."""
    for name in (MONEY_QUEUE, DEFAULT_QUEUE):
        queue = Queue(name, connection=connection, serializer=JSONSerializer)
        StartedJobRegistry(queue=queue, serializer=JSONSerializer).cleanup()


def _attempt(work: Callable[[], object]) -> None:
    """A database or Redis that is away is waited for: nothing here is lost by trying again."""
    try:
        work()
    except (SQLAlchemyError, DatabaseBusy, RedisError) as failure:
        log.error("scheduler_waits", error_type=type(failure).__name__)


if __name__ == "__main__":
    main()
