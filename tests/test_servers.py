"""The test servers themselves: each test gets its own database, and Redis comes back with its data."""

import redis
from sqlalchemy import create_engine, text

from tests.redis_server import RedisServer


def _table_is_missing(address: str) -> bool:
    """Make a table that only a database shared by two tests would have already."""
    engine = create_engine(address)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE mine (id INTEGER)"))
    engine.dispose()
    return True


def test_one_test_writes_to_its_own_database(database_url: str) -> None:
    assert _table_is_missing(database_url)


def test_the_next_test_finds_nothing_of_it(database_url: str) -> None:
    assert _table_is_missing(database_url)


def test_redis_keeps_its_rows_over_a_kill(redis_server: RedisServer, redis_url: str) -> None:
    client = redis.Redis.from_url(redis_url)
    client.set("kept", "1")
    client.execute_command("WAITAOF", "1", "0", "5000")
    client.close()

    redis_server.kill()
    assert not redis_server.answers()
    redis_server.start()

    with redis.Redis.from_url(redis_url) as again:
        assert again.get("kept") == b"1"


def test_a_test_finds_redis_empty(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
