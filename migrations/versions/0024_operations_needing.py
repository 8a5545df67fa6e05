"""Which orders need a look is answered by indexes alone."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

NEEDING = sa.text("state in ('awaiting_approval', 'expired', 'rejected', 'review', 'unknown')")
FROZEN = sa.text("frozen_at is not null")
KEYS = ["shop_id", "mode", "order_id"]


def upgrade():
    op.drop_index("ix_payments_frozen", "payments")
    _frozen([*KEYS, "ordered_at", "frozen_at"])
    op.create_index("ix_payments_order_time", "payments", ["order_id", "mode", "ordered_at"])
    op.drop_index("ix_payments_order", "payments")
    op.create_index("ix_operations_payment_kind", "operations", ["payment_id", "kind", "created_at"])
    op.drop_index("ix_operations_payment", "operations")
    op.create_index(
        "ix_operations_needing",
        "operations",
        ["shop_id", "order_id", "payment_id", "kind", "created_at", "state"],
        sqlite_where=NEEDING,
        postgresql_where=NEEDING,
    )


def downgrade():
    op.drop_index("ix_operations_needing", "operations")
    op.create_index("ix_operations_payment", "operations", ["payment_id"])
    op.drop_index("ix_operations_payment_kind", "operations")
    op.create_index("ix_payments_order", "payments", ["order_id"])
    op.drop_index("ix_payments_order_time", "payments")
    op.drop_index("ix_payments_frozen", "payments")
    _frozen(KEYS)


def _frozen(columns):
    op.create_index("ix_payments_frozen", "payments", columns, sqlite_where=FROZEN, postgresql_where=FROZEN)
