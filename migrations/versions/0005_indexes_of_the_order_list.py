"""Indexes of the order list: every search and filter stays within one shop and mode."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

STATE = (
    "(case"
    " when frozen_at is not null or excess_minor > 0 then 'held'"
    " when captured_minor > 0 and refunded_minor >= captured_minor then 'refunded'"
    " when captured_minor > 0 and refunded_minor > 0 then 'part_refunded'"
    " when captured_minor > 0 and captured_minor + cancelled_minor >= authorised_minor then 'captured'"
    " when captured_minor > 0 then 'part_captured'"
    " when provider_state = 'failed' then 'failed'"
    " when cancelled_minor > 0 and cancelled_minor >= authorised_minor and provider_state = 'expired' then 'expired'"
    " when cancelled_minor > 0 and cancelled_minor >= authorised_minor then 'cancelled'"
    " when provider_state in ('waiting', 'expired', 'cancelled') then provider_state"
    " when provider_state = 'authorised' and authorised_minor > 0 then 'authorised'"
    " else 'unclear' end)"
)


def upgrade():
    op.drop_index("ix_orders_number", table_name="orders")
    op.drop_index("ix_orders_buyer_email", table_name="orders")
    op.drop_index("ix_payments_provider_ref", table_name="payments")
    op.create_index(
        "ix_orders_shop_mode_status_ordered", "orders", ["shop_id", "mode", "status_id", "ordered_at", "id"]
    )
    op.create_index("ix_orders_shop_mode_total", "orders", ["shop_id", "mode", "total_minor"])
    op.create_index(
        "ix_orders_beginning",
        "orders",
        ["shop_id", "mode", "number"],
        postgresql_ops={"number": "text_pattern_ops"},
    )
    op.create_index(
        "ix_orders_buyer",
        "orders",
        ["shop_id", "mode", sa.func.lower(sa.column("buyer_email")).label("buyer")],
        postgresql_ops={"buyer": "text_pattern_ops"},
    )
    op.create_index(
        "ix_payments_beginning",
        "payments",
        ["shop_id", "mode", "provider_ref"],
        postgresql_ops={"provider_ref": "text_pattern_ops"},
    )
    op.create_index("ix_payments_shop_mode_method", "payments", ["shop_id", "mode", "method"])
    op.create_index("ix_payments_state", "payments", ["shop_id", "mode", sa.text(STATE)])
    op.create_index(
        "ix_payments_frozen",
        "payments",
        ["shop_id", "mode"],
        sqlite_where=sa.text("frozen_at is not null"),
        postgresql_where=sa.text("frozen_at is not null"),
    )


def downgrade():
    for name in ("frozen", "state", "shop_mode_method", "beginning"):
        op.drop_index(f"ix_payments_{name}", table_name="payments")
    for name in ("buyer", "beginning", "shop_mode_total", "shop_mode_status_ordered"):
        op.drop_index(f"ix_orders_{name}", table_name="orders")
    op.create_index("ix_payments_provider_ref", "payments", ["provider_ref"])
    op.create_index("ix_orders_buyer_email", "orders", ["buyer_email"])
    op.create_index("ix_orders_number", "orders", ["number"])
