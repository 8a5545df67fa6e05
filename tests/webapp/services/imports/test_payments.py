"""Payments that a file names are read from the provider by a worker, and said when they cannot be."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from tests import factories
from tests.desk import Desk
from tests.webapp.services.imports import files
from tests.webapp.services.imports.files import applied, checked, text, the, work
from webapp.models import ImportRow, ImportState, Order, Payment, PaymentRead
from webapp.services.imports import payments, running
from webapp.services.unit_of_work import in_transaction

S = ImportState
HEAD = "number,currency,total,status,account,provider_ref"


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No wait between two reads."""
    monkeypatch.setattr(payments, "SPACING_S", 0)


def rows() -> list[ImportRow]:
    return list(in_transaction(lambda tx: tx.scalars(select(ImportRow).order_by(ImportRow.line)).all()))


def of_order(number: str) -> list[Payment]:
    query = select(Payment).join(Order, Order.id == Payment.order_id).where(Order.number == number)
    return list(in_transaction(lambda tx: tx.scalars(query).all()))


def test_the_payment_is_read_and_hangs_on_its_order(desk: Desk) -> None:
    ref = desk.emulator.payment(3300, order_number="theirs")
    row = applied(desk, text(f"A-1,JPY,3300,cancelled,komoju,{ref}", head=HEAD), act=True)
    assert (row.state, row.payments, row.new_cancelled) == (S.DONE, 1, 1)
    (payment,) = of_order("A-1")
    assert payment.captured_minor == 3300
    assert files.orders()["A-1"].undo_change_id == files.changes(payment.order_id)[0].id
    again = checked(desk, text(f"A-1,JPY,3300,cancelled,komoju,{ref}", head=HEAD))
    assert (again.rows_unchanged, again.payments) == (1, 0), "it is here already"
    other = checked(desk, text(f"A-2,JPY,3300,paid,komoju,{ref}", head=HEAD))
    assert files.faults(other.id) == [(2, "provider_ref", "payment_elsewhere")]
    fixed = checked(desk, text("A-1,EUR,3300,,,", head=HEAD))
    assert files.faults(fixed.id) == [(2, "currency", "fixed_by_payment")]
    desk.assert_books_are_whole()


def test_what_the_provider_does_not_know_is_said_on_the_line(desk: Desk) -> None:
    good = desk.emulator.payment(100, order_number="x")
    euro = desk.emulator.payment(100, order_number="y", currency="EUR")
    lines = (f"A-1,JPY,100,,komoju,{good}", "A-2,JPY,100,,komoju,nothing", f"A-3,JPY,100,,komoju,{euro}")
    row = applied(desk, text(*lines, f"A-4,JPY,100,,komoju,{good}", head=HEAD))
    assert row.state is S.DONE
    assert [(each.number, each.payment, each.problem) for each in rows()] == [
        ("A-2", PaymentRead.FAILED, "PaymentNotFound"),
        ("A-3", PaymentRead.FAILED, "currency_differs"),
        ("A-4", PaymentRead.FAILED, "payment_elsewhere"),
    ]
    assert len(of_order("A-1")) == 1


def test_a_provider_that_does_not_answer_is_asked_again_ever_later_for_a_day(desk: Desk) -> None:
    ref = desk.emulator.payment(100, order_number="x")
    desk.emulator.fault("unauthorised", call="read", times=1000)
    row = applied(desk, text(f"A-1,JPY,100,,komoju,{ref}", head=HEAD))
    assert (row.state, rows()[0].tries, rows()[0].problem) == (S.READING, 1, "CredentialsRefused")
    assert not running.run(), "not before its time"
    for seconds in (31, 121):
        desk.later(seconds=seconds)
        work()
    assert rows()[0].tries == 3
    desk.emulator.clear_faults()
    desk.later(minutes=11)
    work()
    assert (the(row.id).state, len(of_order("A-1")), rows()) == (S.DONE, 1, [])


def test_after_a_day_it_is_given_up_I12(desk: Desk) -> None:
    ref = desk.emulator.payment(100, order_number="x")
    desk.emulator.fault("unauthorised", call="read", times=1000)
    row = applied(desk, text(f"A-1,JPY,100,,komoju,{ref}", head=HEAD))
    desk.later(hours=25)
    work()
    assert the(row.id).state is S.DONE
    assert (rows()[0].payment, rows()[0].due_at) == (PaymentRead.FAILED, None)


def test_a_slice_reads_a_few_and_leaves_the_rest_to_the_next(desk: Desk) -> None:
    refs = [desk.emulator.payment(100, order_number=f"x-{n}") for n in range(3)]
    lines = [f"A-{n},JPY,100,,komoju,{ref}" for n, ref in enumerate(refs)]
    row = checked(desk, text(*lines, head=HEAD))
    from webapp.services.imports import deciding

    deciding.confirm(row.id, [desk.shop_id], desk.actor)
    running.run(without={S.READING})
    assert running.run(seconds=0)
    assert sum(len(of_order(f"A-{n}")) for n in range(3)) == 1
    work()
    assert sum(len(of_order(f"A-{n}")) for n in range(3)) == 3


def test_only_accounts_of_the_shop_and_mode_count_I18(desk: Desk) -> None:
    factories.account(factories.shop("other").id, "sk_other", name="Theirs")
    row = checked(desk, text("A-1,JPY,100,,Theirs,x", head=HEAD))
    assert files.faults(row.id) == [(2, "account", "unknown_account")]
