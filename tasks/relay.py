"""Hands wake-up rows to the queue, and forgets them (R18)."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue
from rq.serializers import JSONSerializer

from webapp.services import wake_ups
from webapp.services.kill_points import KillPoint, reached
from webapp.services.wake_ups import Word

log = structlog.get_logger()
AT_ONCE = 200
ENOUGH_WAITING = 16
RESULT_KEPT_S = 60
FAILURE_KEPT_S = 24 * 3600
JOB_TIMEOUT_S = 300


class Relay:
    """Publishes to Redis; says once when Redis is gone, and keeps the rows until it is back."""

    def __init__(self, connection: Redis) -> None:
        self._connection = connection
        self._reachable = True

    def publish(self) -> int:
        """Publish what waits; answers how many words were taken off the outbox."""
        words = wake_ups.waiting(AT_ONCE)
        if not words:
            return 0
        reached(KillPoint.PUBLISHING)
        try:
            self._publish(words)
        except RedisError as failure:
            if self._reachable:
                log.error("redis_unreachable", error_type=type(failure).__name__, count=len(words))
            self._reachable = False
            return 0
        self._reachable = True
        reached(KillPoint.PUBLISHING)
        wake_ups.mark_published([word.id for word in words])
        return len(words)

    def _publish(self, words: Sequence[Word]) -> None:
        """Money jobs work through all that is due, so a few that wait do for any number of words."""
        room = {name: ENOUGH_WAITING - self._queue(name).count for name in {word.queue for word in words}}
        for word in words:
            if word.queue == wake_ups.MONEY_QUEUE:
                if room[word.queue] <= 0:
                    continue
                room[word.queue] -= 1
            self._queue(word.queue).enqueue(
                word.task,
                str(word.row_id),
                job_timeout=JOB_TIMEOUT_S,
                result_ttl=RESULT_KEPT_S,
                failure_ttl=FAILURE_KEPT_S,
            )

    def _queue(self, name: str) -> Queue:
        return Queue(name, connection=self._connection, serializer=JSONSerializer)
