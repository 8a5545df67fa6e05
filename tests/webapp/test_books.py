"""Operators' commands about the books."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import select, update

from tests.desk import Desk
from tests.webapp.views.conftest import desk, desk_app, one_emulator
from webapp.domain.operations import OperationState
from webapp.models import AuditEntry, Installation, Payment
from webapp.services import runtime
from webapp.services.unit_of_work import in_transaction

__all__ = ["desk", "desk_app", "one_emulator"]


@pytest.fixture
def run(desk_app: Flask, desk: Desk) -> Iterator[object]:
    """Runs one command in the application, and answers its exit code and what it printed."""
    runner = desk_app.test_cli_runner()

    def call(*words: str, answer: str | None = None) -> tuple[int, str]:
        done = runner.invoke(args=list(words), input=answer)
        return done.exit_code, done.output

    return call


def test_verify_says_that_the_books_are_whole_and_names_the_row_when_not(run, desk: Desk) -> None:
    payment = desk.payment(3300)
    desk.run(desk.ask(payment, 100))
    assert run("verify") == (0, "The books and the audit chain are whole.\n")
    in_transaction(lambda tx: tx.execute(update(Payment).values(refunded_minor=99)))
    code, text = run("verify")
    assert code == 1
    assert f"I9: the refunded sum of payment {payment}" in text


def test_a_recovery_stops_sends_until_the_books_are_compared_and_a_person_opens_R29(run, desk: Desk) -> None:
    payment = desk.payment(3300)
    operation = desk.ask(payment, 100)
    code, text = run("recover", "begin", "--backup-taken-at", "2026-11-21T04:00:00Z")
    assert (code, "1 operations are in doubt" in text) == (0, True)
    assert desk.operation(operation).state is OperationState.UNKNOWN
    status = run("recover", "status")[1]
    assert "from a backup of 2026-11-21 04:00 UTC" in status
    assert "still to compare: 1, of which the backup shows 1 as touched. Operations in doubt: 1." in status
    assert "Next: `recover compare`" in status
    code, text = run("recover", "open", "--yes")
    assert (code, "were not compared yet" in text) == (1, True)
    desk.run(operation)
    assert desk.effects(payment) == []
    assert run("recover", "compare")[0] == 0
    assert "Next: look at the home page, then `recover open`" in run("recover", "status")[1]
    assert run("recover", "open", answer="n\n")[0] == 1
    assert run("recover", "open", "--yes")[0] == 0
    assert run("recover", "status")[1] == "There is no recovery under way.\n"
    assert run("recover", "compare")[0] == 1
    assert run("recover", "open", "--yes")[0] == 1


def test_compare_says_which_payments_could_not_be_read(run, desk: Desk) -> None:
    desk.ask(desk.payment(3300), 100)
    run("recover", "begin", "--backup-taken-at", "2026-11-21T04:00:00Z")
    desk.emulator.fault("unauthorised", call="read", times=1)
    code, text = run("recover", "compare")
    assert (code, "CredentialsRefused" in text, "1 of 1 payments read" in text) == (1, True, True)
    assert run("recover", "compare")[0] == 0


def test_what_can_never_be_read_keeps_sends_closed_unless_a_person_says_otherwise_R29(run, desk: Desk) -> None:
    desk.ask(desk.payment(3300), 100)
    run("recover", "begin", "--backup-taken-at", "2026-11-21T04:00:00Z")
    assert run("recover", "begin")[0] == 0  # the moment is known by now
    code, text = run("recover", "open", "--yes")
    assert (code, "--unread-too" in text) == (1, True)
    assert run("recover", "open", "--yes", "--unread-too")[0] == 0
    left = select(AuditEntry.details).where(AuditEntry.action == "recovery.left")
    assert in_transaction(lambda tx: tx.scalars(left).all()) == [{"unread": 1}]


def test_a_recovery_whose_beginning_was_cut_off_is_begun_again_before_it_opens_R29(run, desk: Desk) -> None:
    """The sign of recovery stands, as `restore` writes it first, and nothing was put in doubt."""
    operation = desk.ask(desk.payment(3300), 100)
    assert run("recover", "begin")[0] == 2
    in_transaction(lambda tx: tx.execute(update(Installation).values(recovery_since=runtime.current().clock.now(tx))))
    assert "Next: `recover begin`" in run("recover", "status")[1]
    code, text = run("recover", "open", "--yes", "--unread-too")
    assert (code, "cut off" in text) == (1, True)
    run("recover", "begin", "--backup-taken-at", "2026-11-21T04:00:00Z")
    assert desk.operation(operation).restored
