"""Payments keep the order lines that can still be given back; status actions that were given up are found at once."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

GIVEN_UP = sa.text("state = 'given_up'")


def upgrade():
    op.add_column("payments", sa.Column("refundable_lines", sa.Text(), nullable=True))
    op.create_index(
        "ix_fired_actions_given_up",
        "fired_actions",
        ["shop_id", "payment_id"],
        sqlite_where=GIVEN_UP,
        postgresql_where=GIVEN_UP,
    )


def downgrade():
    op.drop_index("ix_fired_actions_given_up", "fired_actions")
    op.drop_column("payments", "refundable_lines")
