"""Captures by order lines, and drafts of wishes that take several steps."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

KINDS = ("capture", "cancel", "refund", "update")
WISHES = ("capture", "cancel", "refund", "cancel_or_refund", "update")


def upgrade():
    op.add_column("payments", sa.Column("open_lines", sa.Text(), nullable=True))
    _draft_kind(_enum("operationkind", KINDS), _enum("wishkind", WISHES))


def downgrade():
    op.execute("delete from drafts where kind = 'cancel_or_refund'")
    _draft_kind(_enum("wishkind", WISHES), _enum("operationkind", KINDS))
    op.drop_column("payments", "open_lines")


def _draft_kind(before, after):
    with op.batch_alter_table("drafts") as table:
        table.alter_column("kind", existing_type=before, type_=after, existing_nullable=False)


def _enum(name, kinds):
    return sa.Enum(*kinds, name=name, native_enum=False, create_constraint=True, length=32)
