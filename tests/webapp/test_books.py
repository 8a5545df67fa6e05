"""Operators' commands about the books."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import update

from tests.desk import Desk
from tests.webapp.views.conftest import desk, desk_app, one_emulator
from webapp.domain.operations import OperationState
from webapp.models import Payment
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
    assert "1. Operations in doubt: 1" in run("recover", "status")[1]
    code, text = run("recover", "open", "--yes")
    assert (code, "were not compared yet" in text) == (1, True)
    desk.run(operation)
    assert desk.effects(payment) == []
    assert run("recover", "compare")[0] == 0
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
    assert (code, "CredentialsRefused" in text) == (1, True)
    assert run("recover", "compare")[0] == 0
