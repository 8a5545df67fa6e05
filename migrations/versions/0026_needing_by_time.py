"""Operations and fired actions carry the mode and moment of their order, so that lists of them are walked by time."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

NEEDING = sa.text("state in ('awaiting_approval', 'expired', 'rejected', 'review', 'unknown')")
FROZEN = sa.text("frozen_at is not null")
GIVEN_UP = sa.text("state = 'given_up'")
TABLES = ("operations", "fired_actions")
MOVED = ("payments", *TABLES)
PLACE = ["shop_id", "mode", "ordered_at", "order_id"]


def upgrade():
    for table in TABLES:
        op.add_column(table, sa.Column("mode", sa.String(32), nullable=True))
        op.add_column(table, sa.Column("ordered_at", sa.DateTime(timezone=True), nullable=True))
        op.execute(f"update {table} set {_of_order(table)}")
    _say(_triggers())
    _indexes(
        [*PLACE, "payment_id", "kind", "created_at", "state"],
        [*PLACE, "frozen_at"],
        [*PLACE, "state"],
    )


def downgrade():
    _say(_triggers_away())
    _indexes(
        ["shop_id", "order_id", "payment_id", "kind", "created_at", "state"],
        ["shop_id", "mode", "order_id", "ordered_at", "frozen_at"],
        ["shop_id", "payment_id"],
    )
    for table in TABLES:
        op.drop_column(table, "ordered_at")
        op.drop_column(table, "mode")


def _say(statements):
    for statement in statements:
        op.execute(statement)


def _indexes(needing, frozen, given_up):
    for name, table, columns, where in (
        ("ix_operations_needing", "operations", needing, NEEDING),
        ("ix_payments_frozen", "payments", frozen, FROZEN),
        ("ix_fired_actions_given_up", "fired_actions", given_up, GIVEN_UP),
    ):
        op.drop_index(name, table)
        op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)


def _of_order(row):
    return ", ".join(
        f"{column} = (select orders.{column} from orders where orders.id = {row}.order_id)"
        for column in ("mode", "ordered_at")
    )


def _triggers():
    """A new row takes its order's mode and moment, and an order that gets another moment hands it on."""
    if op.get_bind().dialect.name == "postgresql":
        return (
            "create function paydesk_place_of_order() returns trigger language plpgsql as $$"
            " begin select mode, ordered_at into new.mode, new.ordered_at from orders where id = new.order_id;"
            " return new; end $$",
            *(
                f"create trigger {table}_ordered_at before insert or update of order_id on {table}"
                " for each row execute function paydesk_place_of_order()"
                for table in TABLES
            ),
            _moved_on_postgresql(MOVED),
        )
    taken = []
    for table in TABLES:
        take = f"on {table} begin update {table} set {_of_order('new')} where id = new.id; end"
        taken += [
            f"create trigger {table}_ordered_at after insert {take}",
            f"create trigger {table}_ordered_at_again after update of order_id {take}",
        ]
    return (*taken, "drop trigger orders_ordered_at", _moved_on_sqlite(MOVED))


def _triggers_away():
    if op.get_bind().dialect.name == "postgresql":
        return (
            _moved_on_postgresql(["payments"]),
            *(f"drop trigger {table}_ordered_at on {table}" for table in TABLES),
            "drop function paydesk_place_of_order()",
        )
    names = [f"{table}_ordered_at{again}" for table in TABLES for again in ("", "_again")]
    return (*(f"drop trigger {name}" for name in (*names, "orders_ordered_at")), _moved_on_sqlite(["payments"]))


def _handing_on(tables):
    return " ".join(f"update {table} set ordered_at = new.ordered_at where order_id = new.id;" for table in tables)


def _moved_on_postgresql(tables):
    return (
        "create or replace function paydesk_order_moved() returns trigger language plpgsql as $$"
        f" begin {_handing_on(tables)} return null; end $$"
    )


def _moved_on_sqlite(tables):
    return (
        "create trigger orders_ordered_at after update of ordered_at on orders"
        f" when new.ordered_at is not old.ordered_at begin {_handing_on(tables)} end"
    )
