"""Cases: what does not add up between our books and the providers; and when a payment is compared next (R28)."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

LIVE = sa.text("state <> 'closed'")
COMPARED = sa.text("compare_at is not null")
KINDS = sa.Enum(
    "ours_missing",
    "movement_missing",
    "amount_differs",
    "currency_differs",
    "payment_gone",
    "excess",
    "chargeback",
    "hold_lapsed",
    "order_total",
    name="casekind",
    native_enum=False,
    create_constraint=True,
    length=32,
)
STATES = sa.Enum(
    "suspected", "open", "set_aside", "closed", name="casestate", native_enum=False, create_constraint=True, length=32
)
MODES = sa.Enum("test", "live", name="mode", native_enum=False, create_constraint=True, length=32)


def upgrade():
    op.create_table(
        "cases",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("shop_id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("mode", MODES, nullable=False),
        sa.Column("kind", KINDS, nullable=False),
        sa.Column("state", STATES, nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("first_read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.Uuid(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("(state = 'suspected') = (opened_at is null)", name=op.f("ck_cases_opened")),
        sa.CheckConstraint("(closed_at is null) = (state in ('suspected', 'open'))", name=op.f("ck_cases_closed")),
        sa.CheckConstraint("(closed_by is null) = (note is null)", name=op.f("ck_cases_note")),
        sa.ForeignKeyConstraint(["closed_by"], ["users.id"], name=op.f("fk_cases_closed_by_users")),
        sa.ForeignKeyConstraint(
            ["shop_id", "order_id"], ["orders.shop_id", "orders.id"], name=op.f("fk_cases_shop_id_order_id_orders")
        ),
        sa.ForeignKeyConstraint(
            ["shop_id", "payment_id"],
            ["payments.shop_id", "payments.id"],
            name=op.f("fk_cases_shop_id_payment_id_payments"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cases")),
    )
    op.create_index(
        "uq_cases_live", "cases", ["payment_id", "kind"], unique=True, sqlite_where=LIVE, postgresql_where=LIVE
    )
    op.create_index("ix_cases_payment", "cases", ["payment_id"])
    op.create_index("ix_cases_shop_state", "cases", ["shop_id", "mode", "state", "opened_at", "id"])
    op.add_column("payments", sa.Column("compare_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("payments", sa.Column("agreed_at", sa.DateTime(timezone=True), nullable=True))
    _have_all_compared()
    op.create_index(
        "ix_payments_compare", "payments", ["shop_id", "compare_at"], sqlite_where=COMPARED, postgresql_where=COMPARED
    )


def downgrade():
    op.drop_index("ix_payments_compare", table_name="payments")
    op.drop_column("payments", "agreed_at")
    op.drop_column("payments", "compare_at")
    op.drop_table("cases")


def _have_all_compared():
    """What is open, or younger than 90 days, is compared by the first run."""
    days_90 = "interval '90 days'" if op.get_bind().dialect.name == "postgresql" else None
    before = f"current_timestamp - {days_90}" if days_90 else "datetime('now', '-90 days')"
    op.execute(
        "update payments set compare_at = current_timestamp"
        f" where created_at >= {before} or captured_minor + cancelled_minor < authorised_minor"
        " or provider_state = 'waiting'"
    )
