"""Alerts: what is wrong, as long as it is, and a kind of mail about it (R47)."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
OPEN = sa.text("closed_at is null")
OPEN_IN_SHOP = sa.text("closed_at is null and shop_id is not null")
OPEN_OF_DESK = sa.text("closed_at is null and shop_id is null")
KINDS = ("unknown", "review", "frozen", "signatures", "books", "audit", "outbox")
MAILS_BEFORE = ("failures", "job_overdue")
MAILS = (*MAILS_BEFORE, "alert")


def _words(name, *words):
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=32)


def upgrade():
    op.create_table(
        "alerts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", _words("alertkind", *KINDS), nullable=False),
        sa.Column("shop_id", sa.Uuid(), nullable=True),
        sa.Column("mode", _words("mode", "test", "live"), nullable=True),
        sa.Column("wrong_since", MOMENT, nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("calm_since", MOMENT, nullable=True),
        sa.Column("closed_at", MOMENT, nullable=True),
        sa.CheckConstraint("(shop_id is null) = (mode is null)", name=op.f("ck_alerts_mode_of_a_shop")),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_alerts_shop_id_shops")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
    )
    _index("uq_alerts_open_shop", ["shop_id", "mode", "kind"], OPEN_IN_SHOP, unique=True)
    _index("uq_alerts_open_desk", ["kind"], OPEN_OF_DESK, unique=True)
    _index("ix_alerts_open", ["opened_at"], OPEN)
    op.create_index("ix_alerts_closed", "alerts", ["closed_at"])
    _mail_kinds(MAILS_BEFORE, MAILS)


def downgrade():
    op.execute("update mails set next_id = null where kind = 'alert'")  # a later version of the same alert
    op.execute("delete from mails where kind = 'alert'")
    _mail_kinds(MAILS, MAILS_BEFORE)
    op.drop_table("alerts")


def _index(name, columns, where, *, unique=False):
    op.create_index(name, "alerts", columns, unique=unique, sqlite_where=where, postgresql_where=where)


def _mail_kinds(before, after):
    with op.batch_alter_table("mails") as table:
        table.alter_column(
            "kind",
            existing_type=_words("mailkind", *before),
            type_=_words("mailkind", *after),
            existing_nullable=False,
        )
