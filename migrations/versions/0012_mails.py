"""Mails that leave the desk, the failures that wait to be mailed, and the shop's switch for them."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def _choice(name, *values):
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


KIND = _choice("mailkind", "failures", "job_overdue")
STATE = _choice("mailstate", "queued", "sending", "sent", "failed", "maybe_sent", "stopped")
UNDER_WAY = "state in ('queued', 'sending')"
DUE = sa.text("due_at is not null")
WAITING = sa.text("handled_at is null")


def _moment(name, nullable=True):
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade():
    op.create_table(
        "mails",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", KIND, nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("shop_id", sa.Uuid(), nullable=True),
        sa.Column("mode", _choice("mode", "test", "live"), nullable=True),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("state", STATE, nullable=False),
        _moment("created_at", nullable=False),
        _moment("due_at"),
        _moment("lease_until"),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.BigInteger(), nullable=False),
        _moment("tried_at"),
        _moment("sent_at"),
        _moment("ended_at"),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("next_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("version >= 1", name=op.f("ck_mails_version")),
        sa.CheckConstraint(f"({UNDER_WAY}) = (due_at is not null)", name=op.f("ck_mails_due_while_under_way")),
        sa.CheckConstraint(f"({UNDER_WAY}) or lease_until is null", name=op.f("ck_mails_lease_while_under_way")),
        sa.CheckConstraint("state <> 'sending' or lease_until is not null", name=op.f("ck_mails_sending_has_a_lease")),
        sa.CheckConstraint(f"body is not null or not ({UNDER_WAY})", name=op.f("ck_mails_body_until_sent")),
        sa.CheckConstraint("state <> 'sent' or sent_at is not null", name=op.f("ck_mails_sent_has_its_time")),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_mails_shop_id_shops")),
        sa.ForeignKeyConstraint(["next_id"], ["mails.id"], name=op.f("fk_mails_next_id_mails")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mails")),
        sa.UniqueConstraint(
            "kind", "subject_id", "recipient", "version", name=op.f("uq_mails_kind_subject_id_recipient_version")
        ),
    )
    op.create_index("ix_mails_due", "mails", ["due_at"], sqlite_where=DUE, postgresql_where=DUE)
    op.create_index("ix_mails_shop_created", "mails", ["shop_id", "created_at", "id"])
    op.create_index("ix_mails_shop_state", "mails", ["shop_id", "state", "created_at"])
    op.create_index("ix_mails_created", "mails", ["created_at"])
    op.create_table(
        "failure_notices",
        sa.Column("operation_id", sa.Uuid(), nullable=False),
        sa.Column("shop_id", sa.Uuid(), nullable=False),
        sa.Column("mode", _choice("mode", "test", "live"), nullable=False),
        _moment("failed_at", nullable=False),
        sa.Column("doubtful", sa.Boolean(), nullable=False),
        _moment("handled_at"),
        sa.Column("batch_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["operation_id"], ["operations.id"], name=op.f("fk_failure_notices_operation_id_operations")
        ),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_failure_notices_shop_id_shops")),
        sa.PrimaryKeyConstraint("operation_id", name=op.f("pk_failure_notices")),
    )
    op.create_index(
        "ix_failure_notices_waiting",
        "failure_notices",
        ["shop_id", "failed_at"],
        sqlite_where=WAITING,
        postgresql_where=WAITING,
    )
    op.create_index("ix_failure_notices_batch", "failure_notices", ["shop_id", "handled_at"])
    op.create_index("ix_failure_notices_lines", "failure_notices", ["batch_id", "failed_at"])
    op.add_column(
        "shops", sa.Column("failure_mails_on", sa.Boolean(), nullable=False, server_default=sa.true())
    )


def downgrade():
    with op.batch_alter_table("shops") as table:
        table.drop_column("failure_mails_on")
    op.drop_table("failure_notices")
    op.drop_table("mails")
