"""Whether what the desk stands on is there: database, newest schema, Redis."""

from __future__ import annotations

from functools import cache

import redis
import structlog
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import SQLAlchemyError

from webapp.services import runtime

PATIENCE_S = 2.0
log = structlog.get_logger()


@cache
def newest_revision(folder: str) -> str | None:
    """The newest schema revision that the code in `folder` knows."""
    config = Config()
    config.set_main_option("script_location", folder)
    return ScriptDirectory.from_config(config).get_current_head()


def is_ready(redis_url: str, revision: str | None) -> bool:
    """Whether database, schema and Redis are as they should be; what is not, goes to the log."""
    problem = _database_problem(revision) or _redis_problem(redis_url)
    if problem:
        log.warning("not_ready", problem=problem)
    return problem is None


def _database_problem(revision: str | None) -> str | None:
    try:
        with runtime.current().engine.connect() as connection:
            present = MigrationContext.configure(connection).get_current_revision()
    except SQLAlchemyError as failure:
        return f"database: {type(failure).__name__}"
    return None if present == revision else f"schema is at {present}, not {revision}"


def _redis_problem(url: str) -> str | None:
    try:
        with redis.Redis.from_url(url, socket_timeout=PATIENCE_S, socket_connect_timeout=PATIENCE_S) as client:
            client.ping()
    except redis.RedisError as failure:
        return f"redis: {type(failure).__name__}"
    return None
