"""The migrations and the models agree, on both databases, up and down and up again."""

from __future__ import annotations

import pytest
from flask import Flask
from flask_migrate import check, downgrade, upgrade
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError

from webapp.extensions import db


def test_models_and_migrations_agree_also_after_the_way_back(app: Flask) -> None:
    with app.app_context():
        check()
        downgrade(revision="base")
        assert set(inspect(db.engine).get_table_names()) <= {"alembic_version"}
        upgrade()
        check()


@pytest.mark.parametrize("statement", ["update movements set amount_minor = 1", "delete from movements"])
def test_i9_a_booked_movement_can_be_neither_changed_nor_deleted(app: Flask, statement: str) -> None:
    with app.app_context(), db.engine.connect() as connection:
        _without_foreign_keys(connection)
        connection.execute(
            text(
                "insert into movements (id, shop_id, payment_id, account_id, kind, amount_minor, currency,"
                " provider_movement_id, chargeback, booked_at)"
                " values (:id, :id, :id, :id, 'refund', 5, 'JPY', 'm1', false, '2026-11-21 10:00:00')"
            ),
            {"id": "0" * 32},
        )
        with pytest.raises(DBAPIError, match="append-only"):
            connection.execute(text(statement))


@pytest.mark.parametrize("statement", ["update audit_entries set action = 'x'", "delete from audit_entries"])
def test_i17_an_audit_entry_can_be_neither_changed_nor_deleted(app: Flask, statement: str) -> None:
    with app.app_context(), db.engine.connect() as connection:
        connection.execute(
            text(
                "insert into audit_entries (number, at, via, action, subject_kind, details, previous_hash, hash)"
                " values (1, '2026-11-21 10:00:00', 'web', 'a', 'b', '{}', '', '')"
            )
        )
        with pytest.raises(DBAPIError, match="append-only"):
            connection.execute(text(statement))


def test_the_single_rows_exist_from_the_start(app: Flask) -> None:
    with app.app_context(), db.engine.connect() as connection:
        assert connection.execute(text("select id, number, hash from audit_head")).all() == [(1, 0, "0" * 64)]
        assert connection.execute(text("select id, recovery_since from installation")).all() == [(1, None)]


def _without_foreign_keys(connection: Connection) -> None:
    is_sqlite = connection.dialect.name == "sqlite"
    drop = "alter table movements drop constraint fk_movements_shop_id_payment_id_payments"
    connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON" if is_sqlite else drop)
