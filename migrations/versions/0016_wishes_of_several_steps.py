"""Wishes of several steps, changes of the amount, and answers that only the next read confirms (R5, R6)."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

KINDS_BEFORE = ("capture", "cancel", "refund")
KINDS = (*KINDS_BEFORE, "update")
TABLES = ("operations", "drafts", "job_rows")  # which hold a kind
WISHES = sa.Enum(
    "capture",
    "cancel",
    "refund",
    "cancel_or_refund",
    "update",
    name="wishkind",
    native_enum=False,
    create_constraint=True,
    length=32,
)
ONCE_PER_CHANGE = "uq_operations_once_per_change"
BY_STATUS = sa.text("status_change_id is not null")


def upgrade():
    _kinds(KINDS_BEFORE, KINDS)
    with op.batch_alter_table("operations") as table:
        table.add_column(sa.Column("step", sa.BigInteger(), nullable=False, server_default="0"))
        table.add_column(sa.Column("wish_kind", WISHES, nullable=True))
        table.add_column(sa.Column("wish_is_whole", sa.Boolean(), nullable=False, server_default=sa.false()))
        table.add_column(sa.Column("new_total_minor", sa.BigInteger(), nullable=True))
        table.add_column(sa.Column("raises", sa.Boolean(), nullable=False, server_default=sa.false()))
        table.add_column(sa.Column("lines", sa.Text(), nullable=True))
        table.add_column(sa.Column("against", sa.Text(), nullable=True))
        table.create_check_constraint(
            op.f("ck_operations_update_target"), "(kind = 'update') = (new_total_minor is not null)"
        )
    _once_per_change(["payment_id", "kind", "status_change_id", "step"])
    op.add_column("attempts", sa.Column("movement_id", sa.Text(), nullable=True))


def downgrade():
    op.drop_column("attempts", "movement_id")
    _once_per_change(["payment_id", "kind", "status_change_id"])
    with op.batch_alter_table("operations") as table:
        table.drop_constraint(op.f("ck_operations_update_target"), type_="check")
        table.drop_constraint("wishkind", type_="check")
        for name in ("against", "lines", "raises", "new_total_minor", "wish_is_whole", "wish_kind", "step"):
            table.drop_column(name)
    _kinds(KINDS, KINDS_BEFORE)


def _kinds(before, after):
    """What a kind may be; the check of an enumeration is written anew."""
    for name in TABLES:
        is_optional = name == "job_rows"
        with op.batch_alter_table(name) as table:
            table.alter_column("kind", existing_type=_enum(before), type_=_enum(after), existing_nullable=is_optional)


def _enum(kinds):
    return sa.Enum(*kinds, name="operationkind", native_enum=False, create_constraint=True, length=32)


def _once_per_change(columns):
    op.drop_index(ONCE_PER_CHANGE, table_name="operations")
    op.create_index(
        ONCE_PER_CHANGE, "operations", columns, unique=True, sqlite_where=BY_STATUS, postgresql_where=BY_STATUS
    )
