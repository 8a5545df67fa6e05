"""Changes of an order's status, which the cancel and refund jobs answer once each (R17)."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

VIA = sa.Enum("web", "api", "job", "system", name="via", native_enum=False, create_constraint=True, length=32)
TO_UNDO = sa.text("undo_change_id is not null")
BY_STATUS = sa.text("status_change_id is not null")


def upgrade():
    op.create_table(
        "order_status_changes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("shop_id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("from_status_id", sa.Uuid(), nullable=True),
        sa.Column("to_status_id", sa.Uuid(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Uuid(), nullable=True),
        sa.Column("via", VIA, nullable=False),
        sa.Column("acts", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["shop_id", "order_id"],
            ["orders.shop_id", "orders.id"],
            name=op.f("fk_order_status_changes_shop_id_order_id_orders"),
        ),
        sa.ForeignKeyConstraint(["changed_by"], ["users.id"], name=op.f("fk_order_status_changes_changed_by_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_status_changes")),
    )
    op.create_index("ix_order_status_changes_order", "order_status_changes", ["order_id", "changed_at"])
    op.add_column("orders", sa.Column("undo_change_id", sa.Uuid(), nullable=True))
    op.create_index(
        "ix_orders_to_undo", "orders", ["shop_id", "number"], sqlite_where=TO_UNDO, postgresql_where=TO_UNDO
    )
    op.add_column("operations", sa.Column("status_change_id", sa.Uuid(), nullable=True))
    op.create_index(
        "uq_operations_once_per_change",
        "operations",
        ["payment_id", "kind", "status_change_id"],
        unique=True,
        sqlite_where=BY_STATUS,
        postgresql_where=BY_STATUS,
    )


def downgrade():
    op.drop_index("uq_operations_once_per_change", table_name="operations")
    op.drop_column("operations", "status_change_id")
    op.drop_index("ix_orders_to_undo", table_name="orders")
    op.drop_column("orders", "undo_change_id")
    op.drop_table("order_status_changes")
