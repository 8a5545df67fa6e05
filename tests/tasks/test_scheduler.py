"""The scheduler's rounds: a database or Redis that is away is waited for, and dead jobs leave the list."""

from __future__ import annotations

import threading

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as RedisGone
from rq import Queue
from rq.registry import StartedJobRegistry
from rq.serializers import JSONSerializer
from sqlalchemy import select

from tasks import jobs, scheduler
from tasks.relay import Relay
from tests import factories
from tests.desk import Desk
from webapp.domain.alerts import AlertKind
from webapp.models import Alert, JobRun, Payment
from webapp.services.alerts import looking
from webapp.services.jobs import schedules
from webapp.services.jobs.catalogue import OF_DESK, OF_SHOPS
from webapp.services.unit_of_work import DatabaseBusy, in_transaction


def test_trouble_is_waited_for_and_other_faults_are_not_hidden() -> None:
    def busy() -> None:
        raise DatabaseBusy("busy")

    def gone() -> None:
        raise RedisGone("gone")

    scheduler._attempt(busy)
    scheduler._attempt(gone)


def test_the_loop_makes_due_runs_and_publishes_them_R20(desk: Desk, redis_url: str) -> None:
    schedules.ensure()
    stop = threading.Event()
    with Redis.from_url(redis_url) as connection:
        rounds = 0
        relay = Relay(connection)
        publish = relay.publish

        def counted() -> int:
            nonlocal rounds
            rounds += 1
            if rounds == scheduler.TICK_EVERY + 1:
                stop.set()
            return publish()

        relay.publish = counted  # type: ignore[method-assign]
        scheduler._loop(relay, connection, stop)
        waiting = Queue("default", connection=connection, serializer=JSONSerializer).jobs
    assert {job.func_name for job in waiting} == {"tasks.jobs.run_job"}
    assert len(waiting) == len([job for job in (*OF_SHOPS, *OF_DESK) if job.every_s and not job.waits_first])
    ids = [job.args[0] for job in waiting]
    for run_id in ids * 2:
        jobs.run_job.__wrapped__(run_id)  # type: ignore[attr-defined]
    ended = in_transaction(lambda tx: tx.scalars(select(JobRun)).all())
    assert all(run.ended_at for run in ended)
    assert next(run.result for run in ended if run.job == "verify") == "whole"


def test_the_loop_looks_for_alerts_R47(desk: Desk, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler, "CLEAN_EVERY", 1)
    desk.change(Payment, desk.payment(3300), frozen_at=factories.LONG_AGO, frozen_reason="difference")
    stop = threading.Event()
    monkeypatch.setattr(looking, "look", lambda look=looking.look: (look(), stop.set()))
    with Redis.from_url(redis_url) as connection:
        scheduler._loop(Relay(connection), connection, stop)
    (alert,) = in_transaction(lambda tx: tx.scalars(select(Alert)).all())
    assert (alert.kind, alert.shop_id) == (AlertKind.FROZEN, desk.shop_id)


def test_a_dead_workers_job_leaves_the_list_R19(redis_url: str) -> None:
    with Redis.from_url(redis_url) as connection:
        queue = Queue("money", connection=connection, serializer=JSONSerializer)
        job = queue.enqueue("tasks.operations.run_operation", "x")
        registry = StartedJobRegistry(queue=queue, serializer=JSONSerializer)
        connection.zadd(registry.key, {f"{job.id}:execution": 1})
        assert registry.count in {0, 1}
        scheduler.clean(connection)
        assert connection.zcard(registry.key) == 0
