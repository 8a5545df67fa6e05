"""PostgreSQL's side: whether a database is free to be restored into, and one for a drill."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import create_engine, text
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from webapp.services.backups.errors import BackupError
from webapp.services.backups.programs import SCHEMA

LEAVING_S = 2.0

_OTHERS = text(
    "select count(*) from pg_stat_activity"
    " where datname = current_database() and pid <> pg_backend_pid() and usesysid is not null"
)
_TABLES = text(
    "select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace"
    " where n.nspname = :schema and c.relkind in ('r', 'p', 'v', 'S')"
)
_GRANTS = text(
    "select case a.grantee when 0 then 'public' else quote_ident(r.rolname) end, lower(a.privilege_type)"
    " from pg_namespace n cross join aclexplode(n.nspacl) a left join pg_roles r on r.oid = a.grantee"
    " where n.nspname = :schema and a.grantee <> n.nspowner"
)


def statements_to_make_room(address: str, mark: str, *, replace: bool) -> Sequence[str]:
    """What must run before a backup is played in: nothing for an empty database.

    With `replace` the tables that are there move into a schema named `mark`, and what roles might do with the schema
    they may do with the new one. BackupError while others are connected, or when there are tables and no `replace`.
    """
    with _connected(address) as connection:
        if count := _others(connection):
            raise BackupError(
                f"{count} other connections use the database. Stop the web server, every worker and the scheduler, "
                "then call this again."
            )
        if not connection.execute(_TABLES, {"schema": SCHEMA}).scalar_one():
            return ()
        if not replace:
            raise BackupError(
                "The database is not empty. With --replace its tables are kept in another schema of it; or name an "
                "empty database in PAYDESK_DATABASE_URL."
            )
        grants = connection.execute(_GRANTS, {"schema": SCHEMA}).all()
    return (
        f"alter schema {SCHEMA} rename to {mark}",
        f"create schema {SCHEMA}",
        *(f"grant {privilege} on schema {SCHEMA} to {role}" for role, privilege in grants),
    )


def _others(connection: Connection) -> int:
    """How many others are connected, when those that have just ended are gone: a server takes a moment for that."""
    until = time.monotonic() + LEAVING_S
    while (count := int(connection.execute(_OTHERS).scalar_one())) and time.monotonic() < until:
        time.sleep(0.1)
    return count


@contextmanager
def scratch_database(address: str) -> Iterator[str]:
    """The address of an empty database on the same server, gone afterwards."""
    name = f"paydesk_check_{secrets.token_hex(6)}"
    with _connected(address) as connection:
        try:
            connection.execute(text(f"create database {name}"))
        except DBAPIError as refused:
            raise BackupError(
                f"No database could be made for the check: {refused.orig}\n"
                "Run the check as a role that may: `alter role ... createdb`."
            ) from None
    try:
        yield make_url(address).set(database=name).render_as_string(hide_password=False)
    finally:
        with _connected(address) as connection:
            connection.execute(text(f"drop database if exists {name} with (force)"))


@contextmanager
def _connected(address: str) -> Iterator[Connection]:
    """A connection outside of the application's pool, every statement on its own."""
    engine = create_engine(address, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
