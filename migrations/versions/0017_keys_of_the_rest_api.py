"""Keys of the REST API and the answers kept for them; operations know which key asked, and what it called the wish."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade():
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "mode",
            sa.Enum("test", "live", name="mode", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("rights", sa.Text(), nullable=False),
        sa.Column("hint", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.Text(), nullable=False),
        sa.Column("requests_per_minute", sa.BigInteger(), nullable=False),
        sa.Column("free_at", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("last_used_at", MOMENT, nullable=True),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.Column("revoked_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_api_keys_created_by_users")),
        sa.ForeignKeyConstraint(["revoked_by"], ["users.id"], name=op.f("fk_api_keys_revoked_by_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_api_keys_secret_hash")),
    )
    op.create_table(
        "api_key_shops",
        sa.Column("key_id", sa.Uuid(), nullable=False),
        sa.Column("shop_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["api_keys.id"], name=op.f("fk_api_key_shops_key_id_api_keys")),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_api_key_shops_shop_id_shops")),
        sa.PrimaryKeyConstraint("key_id", "shop_id", name=op.f("pk_api_key_shops")),
    )
    op.create_index("ix_api_key_shops_shop_id", "api_key_shops", ["shop_id"])
    op.create_table(
        "api_answers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key_id", sa.Uuid(), nullable=False),
        sa.Column("shop_id", sa.Uuid(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("client_key", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("running_until", MOMENT, nullable=False),
        sa.Column("status", sa.BigInteger(), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("location", sa.Text(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["api_keys.id"], name=op.f("fk_api_answers_key_id_api_keys")),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_api_answers_shop_id_shops")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_answers")),
        sa.UniqueConstraint(
            "key_id",
            "shop_id",
            "route",
            "client_key",
            name=op.f("uq_api_answers_key_id_shop_id_route_client_key"),
        ),
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
