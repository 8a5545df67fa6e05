"""What every table shares: naming rules, column types, identifiers."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Collection
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, DateTime, Enum, MetaData, Table, Text, Uuid, literal, literal_column
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute, registry
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine

NAMING = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


_WORD = re.compile(r"[A-Za-z_]+")


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC. SQLite keeps no zone, so it is dropped there on the way in and put back on the way out."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """A zoned type where the database has one."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(postgresql.TIMESTAMP(timezone=True))
        return dialect.type_descriptor(DateTime())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuses a moment without a zone: it would silently be taken for UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("Moments carry a time zone")
        value = value.astimezone(UTC)
        return value if dialect.name == "postgresql" else value.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Always an aware moment in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Json(TypeDecorator[Any]):
    """Small structured values as text, alike on both databases; keys sorted so that equal values are equal text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, _dialect: Dialect) -> str | None:
        """Canonical JSON."""
        return None if value is None else json.dumps(value, sort_keys=True, ensure_ascii=False)

    def process_result_value(self, value: str | None, _dialect: Dialect) -> Any:
        """The value again."""
        return None if value is None else json.loads(value)


def new_id() -> uuid.UUID:
    """A random identifier; never derived from a number that a restored backup would repeat (R11)."""
    return uuid.uuid4()


def table_of(model: type[Base]) -> Table:
    """The table behind a model, for statements that are built once and run often: a tenth of the ORM's cost."""
    return Base.metadata.tables[model.__tablename__]


def among(column: ColumnElement[Any] | InstrumentedAttribute[Any], words: Collection[str]) -> ColumnElement[bool]:
    """`column in (...)` with our own words as part of the statement, for one that is built once.

    SQLAlchemy writes the list of `in_` anew at every run, and a plan that PostgreSQL keeps knows nothing of parameters.
    ValueError for what is no word: a value from outside never comes here.
    """
    for word in words:
        if not _WORD.fullmatch(str(word)):
            raise ValueError(f"{word!r} is no word of ours")
    return column.in_([literal_column(f"'{word!s}'", column.type) for word in sorted(words)])


def at_most(count: int) -> ColumnElement[int]:
    """A LIMIT that is part of the statement: for one in a parameter PostgreSQL makes a new plan at every run."""
    return literal_column(str(int(count)))


class unseen(FunctionElement[Any]):  # noqa: N801  # reads like the functions of SQL
    """A value of a statement that PostgreSQL's planner does not look at, so that it keeps one plan for all values.

    For the order list a new plan took longer than the page's rows, and it was no better.
    """

    inherit_cache = True
    name = "unseen"

    def __init__(self, value: Any) -> None:
        bound = literal(value)
        super().__init__(bound)
        self.type = bound.type


@compiles(unseen)
def _plain(element: unseen, compiler: SQLCompiler, **more: Any) -> str:
    return compiler.process(element.clauses, **more)


@compiles(unseen, "postgresql")
def _in_a_subquery(element: unseen, compiler: SQLCompiler, **more: Any) -> str:
    return f"(SELECT {compiler.process(element.clauses, **more)})"


class Base(DeclarativeBase):
    """Root of all models."""

    registry = registry(
        metadata=MetaData(naming_convention=NAMING),
        type_annotation_map={
            datetime: UtcDateTime(),
            int: BigInteger(),
            str: Text(),
            uuid.UUID: Uuid(),
            StrEnum: Enum(
                StrEnum,
                native_enum=False,
                length=32,
                create_constraint=True,
                values_callable=lambda kinds: [kind.value for kind in kinds],
            ),
        },
    )
