"""Orders keep the lines that the shop brings in, payments those that the provider showed at the last read."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

TABLES = ("orders", "payments")


def upgrade():
    for name in TABLES:
        op.add_column(name, sa.Column("lines", sa.Text(), nullable=True))


def downgrade():
    for name in TABLES:
        op.drop_column(name, "lines")
