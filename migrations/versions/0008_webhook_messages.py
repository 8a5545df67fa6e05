"""Messages of providers, and since when the present webhook secret of an account is in force."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

STATES = sa.Enum(
    "waiting",
    "done",
    "ignored",
    "refused",
    "failed",
    name="webhookstate",
    native_enum=False,
    create_constraint=True,
    length=32,
)
DUE = sa.text("due_at is not null")


def upgrade():
    op.create_table(
        "webhook_messages",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("shop_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("dedupe", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("delivery_id", sa.Text(), nullable=True),
        sa.Column("payment_ref", sa.Text(), nullable=True),
        sa.Column("headers", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("state", STATES, nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.BigInteger(), nullable=False),
        sa.Column("processed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("movements", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["shop_id", "account_id"],
            ["provider_accounts.shop_id", "provider_accounts.id"],
            name=op.f("fk_webhook_messages_shop_id_account_id_provider_accounts"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_messages")),
        sa.UniqueConstraint("account_id", "dedupe", name=op.f("uq_webhook_messages_account_id_dedupe")),
    )
    op.create_index("ix_webhook_messages_due", "webhook_messages", ["due_at"], sqlite_where=DUE, postgresql_where=DUE)
    op.create_index("ix_webhook_messages_shop_received", "webhook_messages", ["shop_id", "received_at", "id"])
    op.create_index("ix_webhook_messages_payment", "webhook_messages", ["account_id", "payment_ref", "state"])
    op.create_index("ix_webhook_messages_received", "webhook_messages", ["received_at"])
    op.add_column("provider_accounts", sa.Column("webhook_secret_since", sa.DateTime(timezone=True), nullable=True))


def downgrade():
    with op.batch_alter_table("provider_accounts") as table:
        table.drop_column("webhook_secret_since")
    op.drop_table("webhook_messages")
