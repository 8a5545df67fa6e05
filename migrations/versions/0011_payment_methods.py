"""Payment methods of the accounts, with the merchant's switches, and when the list was last read."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

MOMENTS = ("methods_read_at", "method_sync_at", "method_sync_asked_at", "method_sync_lease_until")


def upgrade():
    op.create_table(
        "payment_methods",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("shop_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("names", sa.Text(), nullable=False),
        sa.Column("subtypes", sa.Text(), nullable=False),
        sa.Column("capabilities", sa.Text(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("is_new", sa.Boolean(), nullable=False),
        sa.Column("gone_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["shop_id", "account_id"],
            ["provider_accounts.shop_id", "provider_accounts.id"],
            name=op.f("fk_payment_methods_shop_id_account_id_provider_accounts"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_methods")),
        sa.UniqueConstraint(
            "account_id", "slug", "currency", name=op.f("uq_payment_methods_account_id_slug_currency")
        ),
    )
    for name in MOMENTS:
        op.add_column("provider_accounts", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    op.add_column("provider_accounts", sa.Column("method_sync_result", sa.Text(), nullable=True))


def downgrade():
    with op.batch_alter_table("provider_accounts") as table:
        table.drop_column("method_sync_result")
        for name in reversed(MOMENTS):
            table.drop_column(name)
    op.drop_table("payment_methods")
