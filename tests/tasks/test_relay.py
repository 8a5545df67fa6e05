"""The relay: wake-ups reach Redis, and losing Redis loses none of them (R18, I10)."""

from __future__ import annotations

from datetime import timedelta

from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer
from sqlalchemy import func, select

from tasks.relay import ENOUGH_WAITING, Relay
from tests.desk import Desk
from tests.redis_server import RedisServer
from webapp.models import WakeUp
from webapp.services.unit_of_work import in_transaction


def waiting() -> int:
    query = select(func.count()).select_from(WakeUp).where(WakeUp.published_at.is_(None))
    return in_transaction(lambda tx: tx.execute(query).scalar_one())


def money_queue(connection: Redis) -> Queue:
    return Queue("money", connection=connection, serializer=JSONSerializer)


def test_a_wake_up_carries_an_operation_id_and_nothing_else_R18(desk: Desk, redis_url: str) -> None:
    operation = desk.ask(desk.payment(3300), 100)
    with Redis.from_url(redis_url) as connection:
        assert Relay(connection).publish() == 1
        jobs = money_queue(connection).jobs
    assert [(job.func_name, tuple(job.args)) for job in jobs] == [("tasks.operations.run_operation", (str(operation),))]
    assert jobs[0].retries_left is None
    assert waiting() == 0


def test_what_waits_for_its_stop_window_is_not_published_yet(desk: Desk, redis_url: str) -> None:
    desk.ask(desk.payment(3300), 100, stop_window=timedelta(minutes=10))
    with Redis.from_url(redis_url) as connection:
        assert Relay(connection).publish() == 0
    assert waiting() == 1


def test_a_redis_that_is_down_loses_no_word_I10(desk: Desk, redis_server: RedisServer, redis_url: str) -> None:
    desk.ask(desk.payment(3300), 100)
    redis_server.kill()
    try:
        with Redis.from_url(redis_url) as connection:
            assert Relay(connection).publish() == 0
    finally:
        redis_server.start()
    assert waiting() == 1
    with Redis.from_url(redis_url) as connection:
        assert Relay(connection).publish() == 1


def test_a_few_waiting_jobs_do_for_any_number_of_words(desk: Desk, redis_url: str) -> None:
    payment = desk.payment(3300)
    for _ in range(ENOUGH_WAITING + 4):
        desk.ask(payment, 10)
    with Redis.from_url(redis_url) as connection:
        assert Relay(connection).publish() == ENOUGH_WAITING + 4
        assert money_queue(connection).count == ENOUGH_WAITING
    assert waiting() == 0
