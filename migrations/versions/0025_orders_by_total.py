"""A search for an amount walks its orders newest first."""

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

OLD, NEW = "ix_orders_shop_mode_total", "ix_orders_shop_mode_total_ordered"
KEYS = ["shop_id", "mode", "total_minor"]


def upgrade():
    op.create_index(NEW, "orders", [*KEYS, "ordered_at", "id"])
    op.drop_index(OLD, "orders")


def downgrade():
    op.create_index(OLD, "orders", KEYS)
    op.drop_index(NEW, "orders")
