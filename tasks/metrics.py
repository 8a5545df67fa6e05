"""`python -m tasks.metrics`: figures for Prometheus on a port of their own, read at each scrape.

The web processes count nothing: what they do is in the database, in their log, and in the log of the server in front
(docs/adr/0014). One of these per installation is enough; it writes nothing, so two do no harm.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterator
from types import FrameType
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue
from rq.registry import FailedJobRegistry
from rq.serializers import JSONSerializer
from sqlalchemy.exc import SQLAlchemyError

from tasks.context import application
from webapp.config import Settings, load_settings
from webapp.services import metrics
from webapp.services.wake_ups import DEFAULT_QUEUE, MONEY_QUEUE

log = structlog.get_logger()
PREFIX = "paydesk_"
PATIENCE_S = 2.0
SWITCHED_OFF = 2  # exit code


class DeskCollector(Collector):
    """Asks the database and Redis; one that does not answer is a figure itself, and the other's stay."""

    def __init__(self, redis_url: str) -> None:
        self._redis = Redis.from_url(redis_url, socket_timeout=PATIENCE_S, socket_connect_timeout=PATIENCE_S)

    def describe(self) -> list[Metric]:
        """Nothing is asked when the collector is registered."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Everything, as of now."""
        started = time.monotonic()
        yield from self._of_database()
        yield from self._of_redis()
        yield _gauge("scrape_seconds", "How long reading these figures took.", time.monotonic() - started)

    def _of_database(self) -> Iterator[Metric]:
        found: list[metrics.Gauge] = []
        is_up = True
        try:
            found = list(metrics.gauges())
        except SQLAlchemyError as failure:
            log.error("metrics_without_database", error_type=type(failure).__name__)
            is_up = False
        for gauge in found:
            family = GaugeMetricFamily(PREFIX + gauge.name, gauge.help, labels=gauge.labels)
            for labels, value in gauge.values:
                family.add_metric(labels, value)
            yield family
        yield _gauge("database_up", "1 when the database answered.", is_up)

    def _of_redis(self) -> Iterator[Metric]:
        waiting = GaugeMetricFamily(f"{PREFIX}queue_jobs", "Jobs that wait in Redis.", labels=["queue"])
        failed = GaugeMetricFamily(f"{PREFIX}queue_failed_jobs", "Jobs that ended with an error.", labels=["queue"])
        is_up = True
        try:
            for name in (MONEY_QUEUE, DEFAULT_QUEUE):
                queue = Queue(name, connection=self._redis, serializer=JSONSerializer)
                waiting.add_metric([name], queue.count)
                failed.add_metric([name], FailedJobRegistry(queue=queue, serializer=JSONSerializer).count)
        except RedisError as failure:
            log.error("metrics_without_redis", error_type=type(failure).__name__)
            is_up = False
        if is_up:
            yield from (waiting, failed)
        yield _gauge("redis_up", "1 when Redis answered.", is_up)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(PREFIX + name, text, value=float(value))


def serve(settings: Settings) -> tuple[Any, threading.Thread]:
    """Answer `/metrics` in a thread; gives back the server, whose `server_port` is the real one, and the thread."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(DeskCollector(settings.redis_url))
    return start_http_server(settings.metrics_port, settings.metrics_host, registry)


def main() -> int:
    """Serve until SIGTERM or SIGINT; 2 when no port is set."""
    settings = load_settings()
    if not settings.metrics_port:
        print("PAYDESK_METRICS_PORT is not set, so there are no metrics.", file=sys.stderr)  # noqa: T201 - the answer
        return SWITCHED_OFF
    stop = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    with application().app_context():
        server, thread = serve(settings)
        stop.wait()
        server.shutdown()
        server.server_close()
        thread.join()
    return 0


if __name__ == "__main__":
    sys.exit(main())
