"""The rate of a key is counted in the database: exact, and nothing that Redis forgets."""

from __future__ import annotations

import threading
import uuid
from datetime import timedelta

from flask import Flask

from tests.desk import Desk
from tests.redis_server import RedisServer
from tests.webapp.api.caller import Caller, make_key
from webapp.models import ApiKey
from webapp.services.api import keys
from webapp.services.unit_of_work import in_transaction

PER_MINUTE = 1
"""So slow that no machine is too slow for this file: one request, and then a wait of 50 seconds."""


def slow_caller(app: Flask, desk: Desk) -> tuple[uuid.UUID, Caller]:
    key_id, token = make_key({desk.shop_id})
    desk.change(ApiKey, key_id, requests_per_minute=PER_MINUTE)
    return key_id, Caller(app, token)


def test_too_many_requests_wait_and_a_flush_of_redis_helps_nobody(
    desk_app: Flask, desk: Desk, redis_server: RedisServer
) -> None:
    key_id, caller = slow_caller(desk_app, desk)
    assert caller.get("/orders").status == 200
    refused = caller.get("/orders")
    assert (refused.status, refused.code) == (429, "too_many_requests")
    wait_s = int(refused.headers["Retry-After"])
    assert 1 <= wait_s <= 60 - keys.AT_ONCE_S
    redis_server.flush()
    assert caller.get("/orders").status == 429
    assert Caller(desk_app, make_key({desk.shop_id})[1]).get("/orders").status == 200, "others have their own"
    desk.clock.ahead += timedelta(seconds=wait_s)
    assert caller.get("/orders").status == 200
    used = in_transaction(lambda tx: tx.get_one(ApiKey, key_id)).last_used_at
    assert used is not None


def test_as_many_at_once_as_ten_seconds_pay_for(desk_app: Flask, desk: Desk) -> None:
    key_id, token = make_key({desk.shop_id})
    desk.change(ApiKey, key_id, free_at=in_transaction(desk.clock.now) + timedelta(seconds=keys.AT_ONCE_S - 1))
    caller = Caller(desk_app, token)
    assert caller.get("/orders").status == 200, "nine seconds ahead, at ten requests a second"
    desk.change(ApiKey, key_id, free_at=in_transaction(desk.clock.now) + timedelta(seconds=keys.AT_ONCE_S + 60))
    assert caller.get("/orders").status == 429


def test_the_limit_is_exact_under_requests_at_once(desk_app: Flask, desk: Desk) -> None:
    _key_id, caller = slow_caller(desk_app, desk)
    start, statuses = threading.Barrier(6), []

    def send() -> None:
        start.wait()
        statuses.append(Caller(desk_app, caller.token).get("/orders").status)

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] + [429] * 5
