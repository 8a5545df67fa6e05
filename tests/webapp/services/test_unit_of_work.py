"""R21 and R22: the manners of both databases, and repeating a whole unit after a conflict."""

from __future__ import annotations

import sqlite3
import threading
import uuid

import psycopg
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError

from tests.desk import Desk
from webapp.models import Payment
from webapp.services import runtime, unit_of_work
from webapp.services.operations.outcomes import locked_payment
from webapp.services.unit_of_work import DatabaseBusy, Tx, in_transaction, reading


def failure(code: int | str) -> OperationalError:
    """As the driver raises it."""
    if isinstance(code, int):
        cause: Exception = sqlite3.OperationalError("locked")
        cause.sqlite_errorcode = code  # type: ignore[attr-defined]
    else:
        cause = type("Conflict", (psycopg.OperationalError,), {"sqlstate": code})()
    return OperationalError("select", {}, cause)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Repeats at once."""
    monkeypatch.setattr(unit_of_work.time, "sleep", lambda _s: None)


def connection_in_use() -> int:
    """The number of the server's process at the other end."""
    with reading() as tx:
        number: int = tx.execute(text("select pg_backend_pid()")).scalar_one()
        return number


@pytest.mark.parametrize("code", [sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, "40001", "40P01", "55P03"])
def test_a_conflict_repeats_the_whole_unit_R22(desk: Desk, code: int | str) -> None:
    tries = []

    def work(_tx: Tx) -> str:
        tries.append(1)
        if len(tries) < 3:
            raise failure(code)
        return "done"

    assert in_transaction(work) == "done"
    assert len(tries) == 3


def test_conflicts_that_do_not_end_are_said_after_five_times_R22(desk: Desk) -> None:
    tries = []

    def work(_tx: Tx) -> None:
        tries.append(1)
        raise failure("40001")

    with pytest.raises(DatabaseBusy):
        in_transaction(work)
    assert len(tries) == unit_of_work.MOST_REPEATS == 5


def test_another_failure_is_not_repeated_R22(desk: Desk) -> None:
    tries = []

    def work(_tx: Tx) -> None:
        tries.append(1)
        raise failure("57P01")

    with pytest.raises(OperationalError):
        in_transaction(work)
    assert len(tries) == 1


def test_what_fails_is_rolled_back_whole_I16(desk: Desk) -> None:
    payment = desk.payment(3300)

    def work(tx: Tx) -> None:
        tx.get_one(Payment, payment).frozen_reason = "drill"
        tx.flush()
        raise RuntimeError

    with pytest.raises(RuntimeError):
        in_transaction(work)
    assert desk.row(payment).frozen_reason is None


def test_a_reading_unit_keeps_nothing(desk: Desk) -> None:
    payment = desk.payment(3300)
    with reading() as tx:
        tx.get_one(Payment, payment).frozen_reason = "drill"
    assert desk.row(payment).frozen_reason is None


def test_the_connection_has_the_manners_of_its_database_R21_R22(desk: Desk) -> None:
    with reading() as tx:
        if desk.is_postgresql:
            asked = ("lock_timeout", "idle_in_transaction_session_timeout", "timezone")
            assert [tx.execute(text(f"show {name}")).scalar_one() for name in asked] == ["5s", "30s", "UTC"]
        else:
            asked = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
            assert [tx.execute(text(f"pragma {name}")).scalar_one() for name in asked] == ["wal", 2, 1, 5000]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_connection_that_the_server_ended_is_made_anew(desk: Desk) -> None:
    ended = connection_in_use()
    address = runtime.current().engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address) as other:  # as a restart of the database does
        other.execute("select pg_terminate_backend(%s, 5000)", [ended])
    assert connection_in_use() not in {0, ended}


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_connection_that_was_silent_for_long_is_asked_and_kept(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    with reading() as tx:
        driver = type(tx.connection().connection.driver_connection)
    execute = driver.execute
    monkeypatch.setattr(driver, "execute", lambda self, query: (asked.append(query), execute(self, query)))
    before = connection_in_use()
    assert asked == []
    monkeypatch.setattr(unit_of_work, "SILENCE_S", 0)
    assert connection_in_use() == before
    assert asked == ["select 1"]


def test_a_write_begins_with_the_lock_so_that_nobody_reads_in_between_R21_R31(desk: Desk) -> None:
    """Read, think, write: twice at once loses nothing, as it would with a deferred begin."""
    payment = desk.payment(3300)
    start = threading.Barrier(8)

    def add_one(tx: Tx) -> None:
        row = locked_payment(tx, payment)
        row.version = row.version + 1

    def client() -> None:
        start.wait(10)
        for _ in range(5):
            in_transaction(add_one)

    before = desk.row(payment).version
    threads = [threading.Thread(target=client) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert desk.row(payment).version == before + 40


def test_readers_do_not_wait_for_a_writer_R21(desk: Desk) -> None:
    payment = desk.payment(3300)

    def work(tx: Tx) -> uuid.UUID:
        tx.get_one(Payment, payment).version = 77
        tx.flush()
        with reading() as other:
            assert other.scalars(select(Payment.version).where(Payment.id == payment)).one() != 77
        return payment

    assert in_transaction(work) == payment
    assert desk.row(payment).version == 77
