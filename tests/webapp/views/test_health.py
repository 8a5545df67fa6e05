"""Whether the desk lives and is ready; strangers learn no details."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import text

from tests.redis_server import RedisServer
from webapp.extensions import db


def test_a_desk_with_everything_in_place_is_ready(app: Flask) -> None:
    client = app.test_client()
    assert client.get("/healthz").json == {"status": "ok"}
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json) == (200, {"status": "ready"})


def test_without_redis_the_desk_lives_but_is_not_ready(quick_app: Flask, redis_server: RedisServer) -> None:
    redis_server.kill()
    try:
        answer = quick_app.test_client().get("/readyz")
        assert (answer.status_code, answer.json) == (503, {"status": "not ready"})
        assert quick_app.test_client().get("/healthz").status_code == 200
    finally:
        redis_server.start()


def test_with_an_older_schema_the_desk_is_not_ready(app: Flask) -> None:
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(text("update alembic_version set version_num = '0001'"))
    assert app.test_client().get("/readyz").status_code == 503
