"""Metrics: a real scrape over HTTP, read by Prometheus' own parser."""

from __future__ import annotations

import urllib.request
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer
from sqlalchemy import text

from tasks import metrics
from tests import factories
from tests.desk import Desk
from tests.redis_server import RedisServer
from webapp.config import Settings
from webapp.domain.operations import OperationState
from webapp.models import Attempt, Installation, KillSwitch, Operation, Payment, ProviderAccount
from webapp.services import runtime
from webapp.services.alerts import looking
from webapp.services.jobs import making, running, schedules
from webapp.services.unit_of_work import in_transaction

Scrape = Callable[[], dict[tuple[str, ...], float]]


@contextmanager
def serving(redis_url: str) -> Iterator[Scrape]:
    """The server on a free port; a scrape is keyed by name and label values (by label name)."""
    settings = Settings.model_construct(metrics_port=0, metrics_host="127.0.0.1", redis_url=redis_url)
    server, thread = metrics.serve(settings)

    def scrape() -> dict[tuple[str, ...], float]:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}/metrics", timeout=10) as answer:
            families = text_string_to_metric_families(answer.read().decode())
            return {
                (sample.name.removeprefix("paydesk_"), *sample.labels.values()): sample.value
                for family in families
                for sample in family.samples
            }

    yield scrape
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def scrape(desk: Desk, redis_url: str) -> Iterator[Scrape]:
    with serving(redis_url) as made:
        yield made


def test_a_quiet_desk_shows_every_figure_at_rest(desk: Desk, scrape: Scrape) -> None:
    found = scrape()
    assert (found["database_up",], found["redis_up",], found["recovery_mode",]) == (1, 1, 0)
    assert found["operations", "tea", "unknown"] == 0
    assert found["open_breakers", "test", "komoju", "tea"] == 0
    assert (found["queue_jobs", "money"], found["queue_jobs", "default"]) == (0, 0)
    assert ("books_whole",) not in found
    schedules.ensure()
    making.tick()
    running.run_due()
    found = scrape()
    assert found["books_whole",] == 1
    assert 0 <= found["job_last_end_age_seconds", "verify"] < 60


def test_what_needs_an_operator_shows_R47(desk: Desk, scrape: Scrape, redis_url: str) -> None:
    payment, other = desk.payment(3300), desk.payment(3300)
    desk.run(desk.ask(payment, 100))
    desk.emulator.fault("error_before", call="refund", times=1, status=503)
    unknown = desk.ask(payment, 200)
    desk.run(unknown)
    desk.change(Operation, desk.ask(other, 100), due_at=factories.LONG_AGO)
    desk.later(minutes=16)
    now = in_transaction(runtime.current().clock.now)
    desk.change(Operation, unknown, doubt_since=now - timedelta(seconds=1000))
    desk.change(Attempt, desk.attempts(unknown)[0].id, started_at=now)
    desk.change(Payment, other, frozen_at=now, frozen_reason="difference")
    desk.change(Installation, 1, recovery_since=now, sends_paused_until=now + timedelta(minutes=5))
    desk.change(ProviderAccount, desk.account_id, breaker_opened_at=now)
    factories.add(KillSwitch(reason="storm", thrown_at=now))
    with Redis.from_url(redis_url) as connection:
        Queue("money", connection=connection, serializer=JSONSerializer).enqueue("tasks.operations.run_operation", "x")
    found = scrape()
    assert desk.operation(unknown).state is OperationState.UNKNOWN
    assert found["operations", "tea", "unknown"] == found["operations", "tea", "queued"] == 1
    assert 1000 <= found["oldest_unknown_seconds",] < 1100
    assert found["due_lag_seconds",] > 100 * 24 * 3600
    assert found["outbox_rows",] >= 3
    assert found["outbox_lag_seconds",] > 15 * 60
    assert found["provider_calls_10m", "refund", "in_doubt", "komoju"] == 1
    assert (looking.look(), looking.look()) == (3, 0)
    found = scrape()
    assert [found["alerts", kind] for kind in ("unknown", "frozen", "outbox", "books")] == [1, 1, 1, 0]
    for name in ("frozen_payments", "recovery_mode", "sends_paused", "kill_switches"):
        assert found[name,] == 1, name
    assert found["open_breakers", "test", "komoju", "tea"] == 1
    assert found["queue_jobs", "money"] == 1


def test_without_redis_or_the_database_the_scrape_says_so_and_still_answers(
    desk: Desk, redis_server: RedisServer, database_url: str
) -> None:
    with serving("unix:///nowhere/redis.sock") as scrape:
        found = scrape()
        assert (found["database_up",], found["redis_up",]) == (1, 0)
        assert ("queue_jobs", "money") not in found
    desk.raw("alter table kill_switches rename to gone")
    with serving(redis_server.url) as scrape:
        found = scrape()
        assert (found["database_up",], found["redis_up",]) == (0, 1)


@pytest.mark.slow  # filling the tables takes half a minute
def test_a_scrape_is_cheap_beside_a_hundred_thousand_operations(desk: Desk, scrape: Scrape) -> None:
    operation = desk.ask(desk.payment(3300), 100)
    desk.run(operation)
    copy_many(desk, operation, 100_000)
    if desk.is_postgresql:
        with runtime.current().engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("vacuum analyze"))
    scrape()
    fastest = min(scrape()["scrape_seconds",] for _ in range(5))
    assert fastest < 0.1


def copy_many(desk: Desk, operation_id: uuid.UUID, count: int) -> None:
    """Ended operations of the same payment, each with an attempt of long ago; made by the database itself."""
    new_id = "gen_random_uuid()" if desk.is_postgresql else "lower(hex(randomblob(16)))"
    long_ago = "timestamptz '2026-01-01'" if desk.is_postgresql else "'2026-01-01 00:00:00.000000'"
    wanted = {"id": operation_id if desk.is_postgresql else operation_id.hex}
    operations = copying(Operation, {"id": new_id, "request_id": new_id, "key": "'copy ' || i"})
    numbers = f"with recursive n(i) as (select 1 union all select i + 1 from n where i < {count})"
    calls = copying(Attempt, {"id": new_id, "operation_id": "made.id", "started_at": long_ago})
    with runtime.current().engine.begin() as connection:
        connection.execute(
            text(operations.replace(" select", f" {numbers} select") + " cross join n where o.id = :id"), wanted
        )
        made = " join operations made on made.id <> o.operation_id where o.operation_id = :id"
        connection.execute(text(calls + made), wanted)


def copying(model: Any, changes: Mapping[str, str]) -> str:
    """The beginning of a statement that copies rows `o` of a table with changes."""
    names = [column.name for column in model.__table__.columns]
    values = ", ".join(changes.get(name, f"o.{name}") for name in names)
    return f"insert into {model.__tablename__} ({', '.join(names)}) select {values} from {model.__tablename__} o"


def test_the_program_ends_at_once_without_a_port(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    monkeypatch.setattr(metrics, "load_settings", lambda: settings.model_copy(update={"metrics_port": 0}))
    assert metrics.main() == metrics.SWITCHED_OFF
