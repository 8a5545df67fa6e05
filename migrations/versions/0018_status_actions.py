"""What changes of an order's status fire on its payments (R17), how orders follow payments, statuses that are retired."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
DUE = sa.text("due_at is not null")
WITHOUT_PAYMENT = sa.text("payment_id is null")


def _words(name, *words):
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=32)


def _act():
    return _words("statusact", "nothing", "capture", "cancel_or_refund", "update")


def _of_status(table):
    return sa.ForeignKeyConstraint(
        ["shop_id", "status_id"],
        ["order_statuses.shop_id", "order_statuses.id"],
        name=op.f(f"fk_{table}_shop_id_status_id_order_statuses"),
    )


def upgrade():
    op.add_column("order_statuses", sa.Column("retired_at", MOMENT, nullable=True))
    op.create_table(
        "status_actions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("shop_id", sa.Uuid(), nullable=False),
        sa.Column("status_id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("act", _act(), nullable=False),
        _of_status("status_actions"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_status_actions")),
        sa.UniqueConstraint("status_id", "provider", name=op.f("uq_status_actions_status_id_provider")),
    )
    op.create_index("ix_status_actions_shop", "status_actions", ["shop_id"])
    op.create_table(
        "status_follows",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("shop_id", sa.Uuid(), nullable=False),
        sa.Column(
            "event",
            _words("followedstate", "captured", "cancelled", "expired", "failed", "refunded"),
            nullable=False,
        ),
        sa.Column("status_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_status_follows_shop_id_shops")),
        _of_status("status_follows"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_status_follows")),
        sa.UniqueConstraint("shop_id", "event", name=op.f("uq_status_follows_shop_id_event")),
    )
    _fired()


def _fired():
    op.create_table(
        "fired_actions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("shop_id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("change_id", sa.Uuid(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=True),
        sa.Column("act", _act(), nullable=True),
        sa.Column(
            "state",
            _words(
                "firingstate", "due", "waiting", "filed", "as_wished", "answered", "given_up", "superseded"
            ),
            nullable=False,
        ),
        sa.Column("fired_at", MOMENT, nullable=False),
        sa.Column("fired_by", sa.Uuid(), nullable=True),
        sa.Column("api_key_id", sa.Uuid(), nullable=True),
        sa.Column("due_at", MOMENT, nullable=True),
        sa.Column("tries", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("wish_id", sa.Uuid(), nullable=True),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.CheckConstraint("(act is null) = (payment_id is null)", name=op.f("ck_fired_actions_act_of_a_payment")),
        sa.CheckConstraint("(state = 'due') = (due_at is not null)", name=op.f("ck_fired_actions_due_has_a_time")),
        sa.ForeignKeyConstraint(
            ["change_id"],
            ["order_status_changes.id"],
            name=op.f("fk_fired_actions_change_id_order_status_changes"),
        ),
        sa.ForeignKeyConstraint(["fired_by"], ["users.id"], name=op.f("fk_fired_actions_fired_by_users")),
        sa.ForeignKeyConstraint(
            ["shop_id", "order_id"],
            ["orders.shop_id", "orders.id"],
            name=op.f("fk_fired_actions_shop_id_order_id_orders"),
        ),
        sa.ForeignKeyConstraint(
            ["shop_id", "payment_id"],
            ["payments.shop_id", "payments.id"],
            name=op.f("fk_fired_actions_shop_id_payment_id_payments"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fired_actions")),
        sa.UniqueConstraint("change_id", "payment_id", name=op.f("uq_fired_actions_change_id_payment_id")),
    )
    op.create_index("ix_fired_actions_order", "fired_actions", ["order_id", "state"])
    op.create_index(
        "ix_fired_actions_due",
        "fired_actions",
        ["shop_id", "due_at", "id"],
        sqlite_where=DUE,
        postgresql_where=DUE,
    )
    op.create_index(
        "uq_fired_actions_waiting",
        "fired_actions",
        ["change_id"],
        unique=True,
        sqlite_where=WITHOUT_PAYMENT,
        postgresql_where=WITHOUT_PAYMENT,
    )


def downgrade():
    op.drop_table("fired_actions")
    op.drop_table("status_follows")
    op.drop_table("status_actions")
    op.drop_column("order_statuses", "retired_at")
