"""Schedules per job and shop, runs with a row per payment, and whether a refusal rests on the payment's state.

The two schedules that were there start afresh with their defaults: nothing could change them so far, and their runs
kept nothing but the verifier's last word.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def one_of(name, *words):
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=32)


MODE = one_of("mode", "test", "live")
KIND = one_of("operationkind", "capture", "cancel", "refund")
RESULT = one_of("rowresult", "done", "failed", "skipped")
OF_SHOP, OF_DESK = sa.text("shop_id is not null"), sa.text("shop_id is null")
CLOCK_SHOP = sa.text("request_id is null and shop_id is not null")
CLOCK_DESK = sa.text("request_id is null and shop_id is null")
OPEN = sa.text("ended_at is null")
MOMENT = sa.DateTime(timezone=True)
BY_STATE = "'not_refundable', 'not_cancellable', 'not_capturable', 'state_forbids'"


def unique(name, table, columns, where):
    op.create_index(name, table, columns, unique=True, sqlite_where=where, postgresql_where=where)


def upgrade():
    op.drop_table("job_runs")
    op.drop_table("schedules")
    _schedules()
    _runs()
    _rows()
    op.add_column("operations", sa.Column("state_forbids", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute(
        f"update operations set state_forbids = true where state = 'rejected' and provider_code in ({BY_STATE})"
    )


def _schedules():
    op.create_table(
        "schedules",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("shop_id", sa.Uuid(), nullable=True),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("interval_s", sa.BigInteger(), nullable=True),
        sa.Column("cron", sa.Text(), nullable=True),
        sa.Column("active_from", sa.BigInteger(), nullable=True),
        sa.Column("active_until", sa.BigInteger(), nullable=True),
        sa.Column("active_days", sa.BigInteger(), nullable=False),
        sa.Column("next_due_at", MOMENT, nullable=False),
        sa.Column("overdue_at", MOMENT, nullable=False),
        sa.Column("alerted_at", MOMENT, nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("(interval_s is null) <> (cron is null)", name=op.f("ck_schedules_interval_or_cron")),
        sa.CheckConstraint("(active_from is null) = (active_until is null)", name=op.f("ck_schedules_both_hours")),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_schedules_shop_id_shops")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedules")),
    )
    unique("uq_schedules_job_shop", "schedules", ["job", "shop_id"], OF_SHOP)
    unique("uq_schedules_job_desk", "schedules", ["job"], OF_DESK)
    op.create_index("ix_schedules_due", "schedules", ["next_due_at"])


def _runs():
    op.create_table(
        "job_runs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("shop_id", sa.Uuid(), nullable=True),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("overdue_at", MOMENT, nullable=False),
        sa.Column("requested_by", sa.Uuid(), nullable=True),
        sa.Column("request_id", sa.Uuid(), nullable=True),
        sa.Column("repeat_of", sa.Uuid(), nullable=True),
        sa.Column("not_before", MOMENT, nullable=False),
        sa.Column("started_at", MOMENT, nullable=True),
        sa.Column("found_at", MOMENT, nullable=True),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("lease_until", MOMENT, nullable=True),
        sa.Column("faults", sa.BigInteger(), nullable=False),
        sa.Column("found", sa.BigInteger(), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.Column("counts", sa.Text(), nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("failed_by", sa.Text(), nullable=True),
        sa.Column("alerted_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_job_runs_shop_id_shops")),
        sa.ForeignKeyConstraint(["requested_by"], ["users.id"], name=op.f("fk_job_runs_requested_by_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_runs")),
        sa.UniqueConstraint("request_id", name=op.f("uq_job_runs_request_id")),
    )
    unique("uq_job_runs_clock_shop", "job_runs", ["job", "shop_id", "due_at"], CLOCK_SHOP)
    unique("uq_job_runs_clock_desk", "job_runs", ["job", "due_at"], CLOCK_DESK)
    op.create_index("ix_job_runs_newest", "job_runs", ["job", "shop_id", "due_at", "id"])
    op.create_index("ix_job_runs_open", "job_runs", ["due_at"], sqlite_where=OPEN, postgresql_where=OPEN)
    op.create_index("ix_job_runs_ended", "job_runs", ["ended_at"])


def _rows():
    op.create_table(
        "job_rows",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("shop_id", sa.Uuid(), nullable=False),
        sa.Column("mode", MODE, nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=True),
        sa.Column("payment_id", sa.Uuid(), nullable=True),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("operation_id", sa.Uuid(), nullable=True),
        sa.Column("asked_fence", sa.BigInteger(), nullable=True),
        sa.Column("kind", KIND, nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("result", RESULT, nullable=True),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("details", sa.Text(), nullable=True),
        sa.CheckConstraint("(operation_id is null) <> (result is null)", name=op.f("ck_job_rows_operation_or_result")),
        sa.ForeignKeyConstraint(["run_id"], ["job_runs.id"], name=op.f("fk_job_rows_run_id_job_runs")),
        sa.ForeignKeyConstraint(["operation_id"], ["operations.id"], name=op.f("fk_job_rows_operation_id_operations")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_rows")),
        sa.UniqueConstraint("run_id", "position", name=op.f("uq_job_rows_run_id_position")),
    )
    op.create_index("ix_job_rows_operation", "job_rows", ["operation_id"])


def downgrade():
    op.drop_column("operations", "state_forbids")
    op.drop_table("job_rows")
    op.drop_table("job_runs")
    op.drop_table("schedules")
    op.create_table(
        "job_runs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("started_at", MOMENT, nullable=True),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_runs")),
        sa.UniqueConstraint("job", "due_at", name=op.f("uq_job_runs_job_due_at")),
    )
    op.create_table(
        "schedules",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("interval_s", sa.BigInteger(), nullable=False),
        sa.Column("next_due_at", MOMENT, nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedules")),
        sa.UniqueConstraint("job", name=op.f("uq_schedules_job")),
    )
