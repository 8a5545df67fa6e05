"""Imports of orders: the file in pieces, its lines, and what is wrong with them."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

DUE = sa.text("due_at is not null")


def words(name, *values):
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


STATES = words(
    "importstate",
    "uploading",
    "checking",
    "ready",
    "refused",
    "applying",
    "taking_back",
    "finishing",
    "reading",
    "done",
    "discarded",
)
VIA = words("via", "web", "api", "job", "system")
MODES = words("mode", "test", "live")
KINDS = words("rowkind", "new", "changed", "unchanged", "wrong")
PAYMENTS = words("paymentread", "waiting", "read", "failed")
MOMENT = sa.DateTime(timezone=True)


def of_import(table):
    return sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name=op.f(f"fk_{table}_import_id_imports"))


def upgrade():
    op.create_table(
        "imports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("shop_id", sa.Uuid(), nullable=False),
        sa.Column("mode", MODES, nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("via", VIA, nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=True),
        sa.Column("state", STATES, nullable=False),
        sa.Column("act", sa.Boolean(), nullable=False),
        sa.Column("keep_good", sa.Boolean(), nullable=False),
        *(
            sa.Column(name, sa.BigInteger(), nullable=False)
            for name in ("rows_read", "rows_new", "rows_changed", "rows_unchanged", "rows_wrong", "new_cancelled")
        ),
        *(
            sa.Column(name, sa.BigInteger(), nullable=False)
            for name in ("faults", "payments", "step_line", "step_rows")
        ),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        *(
            sa.Column(name, MOMENT, nullable=True)
            for name in ("checked_at", "applied_at", "ended_at", "due_at", "lease_until")
        ),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_imports_shop_id_shops")),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_imports_created_by_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
    )
    op.create_index("ix_imports_due", "imports", ["due_at"], sqlite_where=DUE, postgresql_where=DUE)
    op.create_index("ix_imports_shop_created", "imports", ["shop_id", "created_at", "id"])
    op.create_table(
        "import_chunks",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        of_import("import_chunks"),
        sa.PrimaryKeyConstraint("import_id", "number", name=op.f("pk_import_chunks")),
    )
    op.create_table(
        "import_faults",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("column", sa.Text(), nullable=True),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        of_import("import_faults"),
        sa.PrimaryKeyConstraint("import_id", "number", name=op.f("pk_import_faults")),
    )
    op.create_table(
        "import_rows",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("line", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", KINDS, nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("status_id", sa.Uuid(), nullable=True),
        *(sa.Column(name, sa.Text(), nullable=True) for name in ("buyer_email", "buyer_name", "language")),
        sa.Column("ordered_at", MOMENT, nullable=True),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("provider_ref", sa.Text(), nullable=True),
        sa.Column("order_id", sa.Uuid(), nullable=True),
        sa.Column("seen_version", sa.BigInteger(), nullable=True),
        sa.Column("payment", PAYMENTS, nullable=True),
        sa.Column("due_at", MOMENT, nullable=True),
        sa.Column("tries", sa.BigInteger(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        of_import("import_rows"),
        sa.PrimaryKeyConstraint("import_id", "line", name=op.f("pk_import_rows")),
    )
    op.create_index("ix_import_rows_number", "import_rows", ["import_id", "number"])
    op.create_index(
        "ix_import_rows_due", "import_rows", ["import_id", "due_at"], sqlite_where=DUE, postgresql_where=DUE
    )
    op.add_column("orders", sa.Column("import_id", sa.Uuid(), nullable=True))


def downgrade():
    op.drop_column("orders", "import_id")
    op.drop_table("import_rows")
    op.drop_table("import_faults")
    op.drop_table("import_chunks")
    op.drop_table("imports")
