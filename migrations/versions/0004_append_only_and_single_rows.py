"""The ledger and the audit chain are only ever appended to (I9, I17); the two single rows exist from the start."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

APPEND_ONLY = ("movements", "audit_entries")
START = "0" * 64


def upgrade():
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "create function paydesk_append_only() returns trigger language plpgsql as $$"
            " begin raise exception '% is append-only', tg_table_name using errcode = 'integrity_constraint_violation';"
            " end $$"
        )
    for table in APPEND_ONLY:
        for statement in _triggers(table):
            op.execute(statement)
    op.execute("insert into installation (id) values (1)")
    op.execute(sa.text("insert into audit_head (id, number, hash) values (1, 0, :start)").bindparams(start=START))


def downgrade():
    op.execute("delete from audit_head")
    op.execute("delete from installation")
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    for table in APPEND_ONLY:
        for name in _names(table):
            op.execute(f"drop trigger {name} on {table}" if is_postgresql else f"drop trigger {name}")
    if is_postgresql:
        op.execute("drop function paydesk_append_only()")


def _names(table):
    return [f"{table}_no_update", f"{table}_no_delete"]


def _triggers(table):
    no_update, no_delete = _names(table)
    if op.get_bind().dialect.name == "postgresql":
        each = "for each row execute function paydesk_append_only()"
        return [
            f"create trigger {no_update} before update on {table} {each}",
            f"create trigger {no_delete} before delete or truncate on {table}"
            " for each statement execute function paydesk_append_only()",
        ]
    refuse = f"begin select raise(abort, '{table} is append-only'); end"
    return [
        f"create trigger {no_update} before update on {table} {refuse}",
        f"create trigger {no_delete} before delete on {table} {refuse}",
    ]
