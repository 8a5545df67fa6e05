"""Orders, payments and the ledger."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "orders",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("shop_id", sa.Uuid(), nullable=False),
        sa.Column(
            "mode",
            sa.Enum("test", "live", name="mode", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("status_id", sa.Uuid(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("buyer_name", sa.Text(), nullable=True),
        sa.Column("buyer_email", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("ordered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("total_minor between 0 and 1000000000000000", name=op.f("ck_orders_total_bounds")),
        sa.ForeignKeyConstraint(
            ["shop_id", "status_id"],
            ["order_statuses.shop_id", "order_statuses.id"],
            name=op.f("fk_orders_shop_id_status_id_order_statuses"),
        ),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_orders_shop_id_shops")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
        sa.UniqueConstraint("shop_id", "id", name=op.f("uq_orders_shop_id_id")),
        sa.UniqueConstraint("shop_id", "mode", "number", name=op.f("uq_orders_shop_id_mode_number")),
    )
    op.create_index("ix_orders_buyer_email", "orders", ["buyer_email"], unique=False)
    op.create_index("ix_orders_number", "orders", ["number"], unique=False)
    op.create_index("ix_orders_shop_mode_ordered", "orders", ["shop_id", "mode", "ordered_at", "id"], unique=False)

    op.create_table(
        "order_notes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("shop_id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["shop_id", "order_id"],
            ["orders.shop_id", "orders.id"],
            name=op.f("fk_order_notes_shop_id_order_id_orders"),
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_order_notes_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_notes")),
    )
    op.create_index(op.f("ix_order_notes_order_id"), "order_notes", ["order_id"], unique=False)

    op.create_table(
        "payments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("shop_id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column(
            "mode",
            sa.Enum("test", "live", name="mode", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("provider_ref", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column(
            "provider_state",
            sa.Enum(
                "waiting",
                "authorised",
                "captured",
                "refunded",
                "cancelled",
                "expired",
                "failed",
                name="providerstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("authorised_minor", sa.BigInteger(), nullable=False),
        sa.Column("cancelled_minor", sa.BigInteger(), nullable=False),
        sa.Column("captured_minor", sa.BigInteger(), nullable=False),
        sa.Column("refunded_minor", sa.BigInteger(), nullable=False),
        sa.Column("capture_reserved_minor", sa.BigInteger(), nullable=False),
        sa.Column("cancel_reserved_minor", sa.BigInteger(), nullable=False),
        sa.Column("refund_reserved_minor", sa.BigInteger(), nullable=False),
        sa.Column("excess_minor", sa.BigInteger(), nullable=False),
        sa.Column("kept", sa.Text(), nullable=False),
        sa.Column("frozen_reason", sa.Text(), nullable=True),
        sa.Column("frozen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("hold_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "authorised_minor >= 0 and cancelled_minor >= 0 and captured_minor >= 0 and refunded_minor >= 0 and capture_reserved_minor >= 0 and cancel_reserved_minor >= 0 and refund_reserved_minor >= 0 and excess_minor >= 0 and authorised_minor <= 1000000000000000",
            name=op.f("ck_payments_bounds"),
        ),
        sa.CheckConstraint(
            "captured_minor + cancelled_minor + capture_reserved_minor + cancel_reserved_minor <= authorised_minor + excess_minor",
            name=op.f("ck_payments_captures_and_cancels"),
        ),
        sa.CheckConstraint(
            "refunded_minor + refund_reserved_minor <= captured_minor + excess_minor", name=op.f("ck_payments_refunds")
        ),
        sa.ForeignKeyConstraint(
            ["shop_id", "account_id"],
            ["provider_accounts.shop_id", "provider_accounts.id"],
            name=op.f("fk_payments_shop_id_account_id_provider_accounts"),
        ),
        sa.ForeignKeyConstraint(
            ["shop_id", "order_id"], ["orders.shop_id", "orders.id"], name=op.f("fk_payments_shop_id_order_id_orders")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payments")),
        sa.UniqueConstraint("account_id", "provider_ref", name=op.f("uq_payments_account_id_provider_ref")),
        sa.UniqueConstraint("shop_id", "id", name=op.f("uq_payments_shop_id_id")),
    )
    op.create_index("ix_payments_order", "payments", ["order_id"], unique=False)
    op.create_index("ix_payments_provider_ref", "payments", ["provider_ref"], unique=False)

    op.create_table(
        "movements",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("shop_id", sa.Uuid(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "authorise",
                "capture",
                "cancel",
                "refund",
                "refund_reversed",
                name="movementkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("provider_movement_id", sa.Text(), nullable=False),
        sa.Column("operation_id", sa.Uuid(), nullable=True),
        sa.Column("chargeback", sa.Boolean(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("booked_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount_minor between 0 and 1000000000000000", name=op.f("ck_movements_amount_bounds")),
        sa.ForeignKeyConstraint(
            ["shop_id", "payment_id"],
            ["payments.shop_id", "payments.id"],
            name=op.f("fk_movements_shop_id_payment_id_payments"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_movements")),
        sa.UniqueConstraint(
            "account_id", "kind", "provider_movement_id", name=op.f("uq_movements_account_id_kind_provider_movement_id")
        ),
    )
    op.create_index("ix_movements_payment", "movements", ["payment_id"], unique=False)


def downgrade():
    op.drop_table("movements")
    op.drop_table("payments")
    op.drop_table("order_notes")
    op.drop_table("orders")
