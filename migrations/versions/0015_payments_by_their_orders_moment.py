"""Payments carry the moment of their order, so that filters on payments walk an index in the list's order."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

STATE = (
    "(case"
    " when frozen_at is not null or excess_minor > 0 then 'held'"
    " when captured_minor > 0 and refunded_minor >= captured_minor then 'refunded'"
    " when captured_minor > 0 and refunded_minor > 0 then 'part_refunded'"
    " when captured_minor > 0 and captured_minor + cancelled_minor >= authorised_minor then 'captured'"
    " when captured_minor > 0 then 'part_captured'"
    " when provider_state = 'failed' then 'failed'"
    " when cancelled_minor > 0 and cancelled_minor >= authorised_minor and provider_state = 'expired' then 'expired'"
    " when cancelled_minor > 0 and cancelled_minor >= authorised_minor then 'cancelled'"
    " when provider_state in ('waiting', 'expired', 'cancelled') then provider_state"
    " when provider_state = 'authorised' and authorised_minor > 0 then 'authorised'"
    " else 'unclear' end)"
)
FROZEN = sa.text("frozen_at is not null")
OF_ORDER = "(select orders.ordered_at from orders where orders.id = {payment}.order_id)"


def upgrade():
    op.add_column("payments", sa.Column("ordered_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(f"update payments set ordered_at = {OF_ORDER.format(payment='payments')}")
    for statement in _triggers():
        op.execute(statement)
    op.drop_index("ix_payments_shop_mode_method", table_name="payments")
    op.drop_index("ix_payments_state", table_name="payments")
    scope, place = ["shop_id", "mode"], ["ordered_at", "order_id"]
    op.create_index("ix_payments_method", "payments", [*scope, "method", *place])
    op.create_index("ix_payments_state", "payments", [*scope, sa.text(STATE), *place])
    op.create_index("ix_payments_account", "payments", [*scope, "account_id", *place])
    # SQLite takes the newest of indexes that seem equally good: the partial one has to be it
    op.drop_index("ix_payments_frozen", table_name="payments")
    op.create_index("ix_payments_frozen", "payments", [*scope, "order_id"], sqlite_where=FROZEN, postgresql_where=FROZEN)
    # with the shop in it, SQLite no longer reads all operations of the shop in order to have those of one order sorted
    op.drop_index("ix_operations_order", table_name="operations")
    op.create_index("ix_operations_order", "operations", ["order_id", "shop_id", "created_at", "id"])


def downgrade():
    op.drop_index("ix_operations_order", table_name="operations")
    op.create_index("ix_operations_order", "operations", ["order_id"])
    for name in ("frozen", "account", "state", "method"):
        op.drop_index(f"ix_payments_{name}", table_name="payments")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("drop trigger payments_ordered_at on payments")
        op.execute("drop trigger orders_ordered_at on orders")
        op.execute("drop function paydesk_payment_ordered_at()")
        op.execute("drop function paydesk_order_moved()")
    else:
        for name in ("payments_ordered_at", "payments_ordered_at_again", "orders_ordered_at"):
            op.execute(f"drop trigger {name}")
    op.drop_column("payments", "ordered_at")
    op.create_index("ix_payments_shop_mode_method", "payments", ["shop_id", "mode", "method"])
    op.create_index("ix_payments_state", "payments", ["shop_id", "mode", sa.text(STATE)])
    op.create_index(
        "ix_payments_frozen", "payments", ["shop_id", "mode"], sqlite_where=FROZEN, postgresql_where=FROZEN
    )


def _triggers():
    """A new payment takes its order's moment, and an order that gets another moment hands it on."""
    if op.get_bind().dialect.name == "postgresql":
        return (
            "create function paydesk_payment_ordered_at() returns trigger language plpgsql as $$"
            f" begin new.ordered_at := {OF_ORDER.format(payment='new')}; return new; end $$",
            "create function paydesk_order_moved() returns trigger language plpgsql as $$"
            " begin update payments set ordered_at = new.ordered_at where order_id = new.id; return null; end $$",
            "create trigger payments_ordered_at before insert or update of order_id on payments"
            " for each row execute function paydesk_payment_ordered_at()",
            "create trigger orders_ordered_at after update of ordered_at on orders for each row"
            " when (new.ordered_at is distinct from old.ordered_at) execute function paydesk_order_moved()",
        )
    take = f"begin update payments set ordered_at = {OF_ORDER.format(payment='new')} where id = new.id; end"
    return (
        f"create trigger payments_ordered_at after insert on payments {take}",
        f"create trigger payments_ordered_at_again after update of order_id on payments {take}",
        "create trigger orders_ordered_at after update of ordered_at on orders"
        " when new.ordered_at is not old.ordered_at"
        " begin update payments set ordered_at = new.ordered_at where order_id = new.id; end",
    )
