"""An index for the calls of the last minutes, which the metrics count at every scrape."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade():
    op.create_index("ix_attempts_started", "attempts", ["started_at"])


def downgrade():
    op.drop_index("ix_attempts_started", table_name="attempts")
