"""Keys of the REST API and the answers kept for them; operations know which key asked, and under which key of its own."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade():
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "mode", sa.Enum("test", "live", name="mode", native_enum=False, length=32, create_constraint=True), nullable=False
        ),
        sa.Column("rights", sa.Text(), nullable=False),
        sa.Column("hint", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.Text(), nullable=False, unique=True),
        sa.Column("requests_per_minute", sa.BigInteger(), nullable=False),
        sa.Column("free_at", moment, nullable=True),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("created_by", sa.Uuid(), sa.ForeignKey("users.id"), nullable=False),
        sa.Column("last_used_at", moment, nullable=True),
        sa.Column("revoked_at", moment, nullable=True),
        sa.Column("revoked_by", sa.Uuid(), sa.ForeignKey("users.id"), nullable=True),
    )
    op.create_table(
        "api_key_shops",
        sa.Column("key_id", sa.Uuid(), sa.ForeignKey("api_keys.id"), primary_key=True),
        sa.Column("shop_id", sa.Uuid(), sa.ForeignKey("shops.id"), primary_key=True),
    )
    op.create_index("ix_api_key_shops_shop_id", "api_key_shops", ["shop_id"])
    op.create_table(
        "api_answers",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("key_id", sa.Uuid(), sa.ForeignKey("api_keys.id"), nullable=False),
        sa.Column("shop_id", sa.Uuid(), sa.ForeignKey("shops.id"), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("client_key", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("running_until", moment, nullable=False),
        sa.Column("status", sa.BigInteger(), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("location", sa.Text(), nullable=True),
        sa.Column("created_at", moment, nullable=False),
        sa.UniqueConstraint("key_id", "shop_id", "route", "client_key"),
    )
    op.create_index("ix_api_answers_created", "api_answers", ["created_at"])
    op.add_column("operations", sa.Column("api_key_id", sa.Uuid(), nullable=True))
    op.add_column("operations", sa.Column("client_key", sa.Text(), nullable=True))


def downgrade():
    op.drop_column("operations", "client_key")
    op.drop_column("operations", "api_key_id")
    op.drop_table("api_answers")
    op.drop_table("api_key_shops")
    op.drop_table("api_keys")
