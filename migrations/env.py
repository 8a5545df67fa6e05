"""How migrations run: on the application's own engine, in one transaction each, as batches on SQLite."""

from __future__ import annotations

import warnings
from typing import Any

from alembic import context
from flask import current_app
from sqlalchemy import Connection
from sqlalchemy.types import TypeDecorator

from webapp.models import Base

target = current_app.extensions["migrate"]


def render_item(kind: str, item: Any, _autogen: Any) -> str | bool:
    """Column types of ours are written as what they store, so that an old migration never needs our code."""
    if kind == "type" and isinstance(item, TypeDecorator):
        return "sa.DateTime(timezone=True)" if "DateTime" in type(item).__name__ else "sa.Text()"
    return False


def include_object(_item: Any, name: str | None, kind: str, _reflected: bool, _compare_to: Any) -> bool:
    """PostgreSQL rewrites the expression of this index, so it never looks equal to what was asked for."""
    return not (kind == "index" and name == "ix_payments_state")


def migrate(connection: Connection) -> None:
    """Bring `connection` to the wanted revision."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_item=render_item,
        include_object=include_object,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
        compare_server_default=True,
        transaction_per_migration=True,
    )
    # SQLite cannot tell what an index over an expression stands on; PostgreSQL can, so the check there covers both
    warnings.filterwarnings("ignore", "Skipped unsupported reflection of expression-based index")
    warnings.filterwarnings("ignore", "autogenerate skipping metadata-specified expression-based index")
    with context.begin_transaction():
        context.run_migrations()


def online() -> None:
    """Run on the engine that the application made.

    SQLite changes a table by copying it, so foreign keys rest meanwhile and are checked as a whole afterwards.
    """
    with target.db.engine.connect().execution_options(paydesk_write=True) as connection:
        is_sqlite = connection.dialect.name == "sqlite"
        if is_sqlite:
            connection.connection.driver_connection.execute("PRAGMA foreign_keys=OFF")
        try:
            migrate(connection)
            connection.commit()
            if is_sqlite and (broken := connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()):
                raise RuntimeError(f"Rows that point nowhere after the migration: {broken[:5]}")
        finally:
            if is_sqlite:
                connection.rollback()
                connection.connection.driver_connection.execute("PRAGMA foreign_keys=ON")


online()
